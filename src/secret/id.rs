//! Ids of verifications: opaque, unguessable, authenticated.
//!
//! ```text
//! base64url, no padding, of
//!   version     1   = 1
//!   generation 12   random; tells this issue of a code from every other (96 bits)
//!   sealed     41 + length of purpose and subject, and a tag of 16: AES-256-GCM-SIV (RFC 8452) under a key derived from
//!                   the index key, generation as nonce, "id" and the tenant as associated data
//!     reference 16   the subject's; its bucket follows from it
//!     spelling   8   the exact spelling's tag
//!     length     1   of the code
//!     epoch      4   of the bucket when it was issued
//!     expires    6   when the code expires, ms since 1970
//!     lifetime   4   ms; the outcome is remembered for one more lifetime
//!     alphabet   1   tag of the code's alphabet
//!     length     1   of the purpose
//!     purpose        its name
//!     subject        as the app gave it, so that whoever comes with an id alone is known to the trail; empty where no names
//!                    are kept
//! ```
//! So a check needs no look-up to find bucket, purpose and length, and an id that is not ours is known without asking
//! Redis. A repeated generation would only reveal that two ids are equal (that is what SIV is for).

use aes_gcm_siv::{
    KeyInit, Nonce,
    aead::{Aead, AeadInOut, Payload},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::CryptoRng;

use super::{
    index::{IndexKey, Reference, Spelling},
    who::Cipher,
};

const VERSION: u8 = 1;
/// Bytes of version and generation.
const CLEAR: usize = 13;
const FIXED: usize = 41;
const TAG: usize = 16;
/// The longest id: 1 + 12 + 41 + 32 + 256 + 16 bytes in base64.
pub const ID_MAX_CHARS: usize = 478;

/// Tells one issue of a code from every other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generation(pub [u8; 12]);

impl Generation {
    /// A new one.
    pub fn draw(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = [0; 12];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }
}

/// What an id says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Id {
    /// Whose verification.
    pub reference: Reference,
    /// For which spelling.
    pub spelling: Spelling,
    /// For which purpose.
    pub purpose: String,
    /// Characters in its code.
    pub length: u8,
    /// Which issue.
    pub generation: Generation,
    /// The bucket's epoch when it was issued, its lower half.
    pub epoch: u32,
    /// When the code expires, ms since 1970.
    pub expires: u64,
    /// How long the code lives, ms.
    pub lifetime: u32,
    /// Tag of its code's alphabet ([`crate::policy::code::Shape::alphabet_tag`]).
    pub alphabet: u8,
    /// Whose code it is, as the app gave it; empty where no names are kept.
    pub subject: String,
}

impl Id {
    /// Whose code it is, where that is known.
    pub fn named(&self) -> Option<&str> {
        Some(&*self.subject).filter(|subject| !subject.is_empty())
    }

    /// When it was issued, by Redis's clock, ms since 1970.
    pub fn issued_at(&self) -> u64 {
        self.expires.saturating_sub(u64::from(self.lifetime))
    }

    /// When its outcome is no longer remembered, ms since 1970.
    pub fn forgotten_at(&self) -> u64 {
        self.expires + u64::from(self.lifetime)
    }
}

/// Seals and opens the ids of one index key.
pub struct IdSealer {
    cipher: Cipher,
}

impl IdSealer {
    /// A sealer under the index key's own key for ids.
    pub fn new(key: &IndexKey) -> Self {
        Self { cipher: Cipher::new(&(*key.id_key).into()) }
    }

    /// The id as the caller sees it; the same parts always give the same id. `None` only if the cipher fails, which it does
    /// for inputs of 64 GiB.
    pub fn seal(&self, tenant: &str, id: &Id) -> Option<String> {
        let mut bytes = Vec::with_capacity(CLEAR + FIXED + id.purpose.len() + id.subject.len() + TAG);
        bytes.push(VERSION);
        bytes.extend_from_slice(&id.generation.0);
        bytes.extend_from_slice(&id.reference.0);
        bytes.extend_from_slice(&id.spelling.0);
        bytes.push(id.length);
        bytes.extend_from_slice(&id.epoch.to_be_bytes());
        bytes.extend_from_slice(id.expires.to_be_bytes().get(2..)?);
        bytes.extend_from_slice(&id.lifetime.to_be_bytes());
        bytes.push(id.alphabet);
        bytes.push(u8::try_from(id.purpose.len()).ok()?);
        bytes.extend_from_slice(id.purpose.as_bytes());
        bytes.extend_from_slice(id.subject.as_bytes());
        let (nonce, plain) = (Nonce::from(id.generation.0), bytes.get_mut(CLEAR..)?);
        let tag = self.cipher.encrypt_inout_detached(&nonce, &associated(tenant), plain.into()).ok()?;
        bytes.extend_from_slice(&tag);
        Some(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Opens an id; `None` if it is not one of ours, or another tenant's.
    pub fn open(&self, tenant: &str, text: &str) -> Option<Id> {
        if text.len() > ID_MAX_CHARS {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (&version, rest) = bytes.split_first()?;
        let (generation, sealed) = rest.split_first_chunk::<12>()?;
        if version != VERSION || sealed.len() < FIXED + TAG {
            return None;
        }
        let nonce = Nonce::from(*generation);
        let plain = self.cipher.decrypt(&nonce, Payload { msg: sealed, aad: &associated(tenant) }).ok()?;
        let (reference, rest) = plain.split_first_chunk::<16>()?;
        let (spelling, rest) = rest.split_first_chunk::<8>()?;
        let (&length, rest) = rest.split_first()?;
        let (epoch, rest) = rest.split_first_chunk::<4>()?;
        let (&[a, b, c, d, e, f], rest) = rest.split_first_chunk::<6>()?;
        let (lifetime, rest) = rest.split_first_chunk::<4>()?;
        let (&[alphabet, purpose], rest) = rest.split_first_chunk::<2>()?;
        let (purpose, subject) = rest.split_at_checked(usize::from(purpose))?;
        Some(Id {
            reference: Reference(*reference),
            spelling: Spelling(*spelling),
            purpose: std::str::from_utf8(purpose).ok()?.to_owned(),
            length,
            generation: Generation(*generation),
            epoch: u32::from_be_bytes(*epoch),
            expires: u64::from_be_bytes([0, 0, a, b, c, d, e, f]),
            lifetime: u32::from_be_bytes(*lifetime),
            alphabet,
            subject: std::str::from_utf8(subject).ok()?.to_owned(),
        })
    }
}

fn associated(tenant: &str) -> Vec<u8> {
    ["id\0".as_bytes(), tenant.as_bytes()].concat()
}

crate::policy::opaque!(IdSealer);
