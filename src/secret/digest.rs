//! Digests: what of a code is stored. `x = HMAC-SHA-256(pepper, tenant, purpose tag, spelling tag, code)`, cut to 16 bytes.
//!
//! A six-digit code has 20 bits; no hash hides that from someone who can try them all. The pepper does: it never enters
//! Redis, so a dump of Redis alone decides nothing about any code.

use secrecy::{ExposeSecret, SecretSlice};
use zeroize::Zeroizing;

use super::index::{Keyed, PurposeTag, Spelling, derive, first, keyed, mac};

/// One pepper of the ring.
#[derive(Debug, Clone)]
pub struct Pepper {
    /// The operator's name for it, `[A-Za-z0-9_.-]{1,32}`; empty when it was given without one.
    pub kid: String,
    /// At least 32 bytes, decoded.
    pub value: SecretSlice<u8>,
}

/// Which pepper a digest was made with: derived from the pepper itself, so that a bare value can become a named one, and
/// a name given to another value is noticed.
pub type Kid = [u8; 4];

/// The digest of one code under one pepper.
pub type Digest = [u8; 16];

/// The pepper ring holds all peppers in use, the active one first.
pub struct PepperRing {
    active: Ready,
    older: Vec<Ready>,
}

/// A pepper made ready.
struct Ready {
    kid: Kid,
    key: Keyed,
    /// For [`super::message`].
    message: Zeroizing<[u8; 32]>,
}

impl PepperRing {
    /// Builds the ring; `None` if it would be empty.
    pub fn new(peppers: &[Pepper]) -> Option<Self> {
        let mut all = peppers.iter().map(|pepper| {
            let secret = pepper.value.expose_secret();
            let message = derive(secret, "message");
            Ready { kid: first(&derive(secret, "kid")), key: keyed(&derive(secret, "pepper")), message }
        });
        Some(Self { active: all.next()?, older: all.collect() })
    }

    fn all(&self) -> impl Iterator<Item = &Ready> {
        std::iter::once(&self.active).chain(&self.older)
    }

    /// The digest to store, and its kid.
    pub fn seal(&self, tenant: &str, purpose: PurposeTag, spelling: Spelling, code: &str) -> (Kid, Digest) {
        (self.active.kid, digest(&self.active.key, tenant, purpose, spelling, code))
    }

    /// The digest under the pepper of this kid, `None` if it is not in the ring.
    pub fn digest(
        &self,
        kid: &[u8],
        tenant: &str,
        purpose: PurposeTag,
        spelling: Spelling,
        code: &str,
    ) -> Option<Digest> {
        let pepper = self.all().find(|pepper| pepper.kid == kid)?;
        Some(digest(&pepper.key, tenant, purpose, spelling, code))
    }

    /// The kids of the ring, the active one first.
    pub fn kids(&self) -> Vec<Kid> {
        self.all().map(|pepper| pepper.kid).collect()
    }

    /// The keys that seal messages, each with its kid, the active one first.
    pub(super) fn message_keys(&self) -> impl Iterator<Item = (Kid, &Zeroizing<[u8; 32]>)> {
        self.all().map(|pepper| (pepper.kid, &pepper.message))
    }

    /// The digests under every pepper of the ring, as the check script takes them: kid and digest, one after the other.
    pub fn candidates(&self, tenant: &str, purpose: PurposeTag, spelling: Spelling, code: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(20 * (1 + self.older.len()));
        for Ready { kid, key, .. } in self.all() {
            out.extend_from_slice(kid);
            out.extend_from_slice(&digest(key, tenant, purpose, spelling, code));
        }
        out
    }
}

fn digest(key: &Keyed, tenant: &str, purpose: PurposeTag, spelling: Spelling, code: &str) -> Digest {
    first(&mac(key, &[tenant.as_bytes(), &purpose.0, &spelling.0, code.as_bytes()]))
}

impl std::fmt::Debug for PepperRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PepperRing({} peppers)", 1 + self.older.len())
    }
}
