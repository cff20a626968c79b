//! A person's own key: personal fields in the audit trail are sealed under HMAC-SHA-256 (RFC 2104), keyed from the audit key, of
//! the person's salt, which lives in Redis and is all that erasing a person has to destroy. Of whom no code was issued to, and
//! whom neither the guard nor an operator recorded, there is none: or whoever makes up names would fill Redis. Such an event
//! keeps no name, and the rest is sealed under another such key, of its day.
//!
//! What lies in Redis for a person (`otp:{tag}:p:<ref>`), big-endian, and short, since it is kept for everybody:
//!
//! ```text
//! u8  version = 1
//! u8  flags     1: user agent and device are not to be kept · 2: there was an erasure · 4: of somebody never seen, as long as
//!               there is no salt
//! u16 ends      when it goes, days since 1970: the retention after the last event
//! 16  salt      all zeros = none yet, as an erasure leaves it
//! u48 erased    where there was one: events up to this time are of before and keep no personal fields
//! ```
//! Of those who were locked or disabled the name as well (`otp:{tag}:n:<ref>`): tenant, u8 0, the subject as the app gave
//! it, sealed under the person's key.

use aes_gcm_siv::{
    KeyInit, Nonce,
    aead::{Aead, Payload},
};
use rand::CryptoRng;
use zeroize::Zeroizing;

use super::{
    index::{Keyed, Reference, derive, first, keyed, mac},
    who::{Cipher, Known},
};

const VERSION: u8 = 1;
const NONE: [u8; 16] = [0; 16];
const SECURITY_ONLY: u8 = 1;
const ERASED: u8 = 2;
const NEVER_SEEN: u8 = 4;

/// The key of the audit trail (`OTP_AUDIT_KEY`).
pub struct AuditKey {
    person: Keyed,
    day: Keyed,
    /// For the signatures of checkpoints.
    pub checkpoint: Zeroizing<[u8; 32]>,
    fingerprint: [u8; 16],
}

impl AuditKey {
    /// Derives the keys from at least 32 random bytes.
    pub fn new(secret: &[u8]) -> Self {
        let derived = |info: &str| derive(secret, info);
        Self {
            person: keyed(&derived("audit person")),
            day: keyed(&derived("audit day")),
            checkpoint: derived("audit checkpoint"),
            fingerprint: first(&derived("audit fingerprint")),
        }
    }

    /// Tells this key from others, and nothing about it.
    pub fn fingerprint(&self) -> [u8; 16] {
        self.fingerprint
    }

    /// The audit key where `OTP_AUDIT_KEY` is not set: derived from `OTP_INDEX_KEY`.
    pub fn from_index_key(secret: &[u8]) -> Self {
        Self::new(&*derive(secret, "audit"))
    }

    /// Seals packed personal fields of an event of this day (since 1970) that is about nobody who is held as a person:
    /// nothing of it lies in Redis.
    pub fn seal_of_day(&self, day: u64, identity: &[u8], packed: &[u8]) -> Option<Vec<u8>> {
        let payload = Payload { msg: packed, aad: &[b"event", identity].concat() };
        cipher(&self.day, &day.to_be_bytes()).encrypt(&Nonce::from([0; 12]), payload).ok()
    }

    /// Opens what [`AuditKey::seal_of_day`] sealed.
    pub fn open_of_day(&self, day: u64, identity: &[u8], sealed: &[u8]) -> Option<Known> {
        let payload = Payload { msg: sealed, aad: &[b"event", identity].concat() };
        let cipher = cipher(&self.day, &day.to_be_bytes());
        Known::unpack(&cipher.decrypt(&Nonce::from([0; 12]), payload).ok()?)
    }

    fn person(&self, salt: &[u8; 16]) -> Option<Cipher> {
        (*salt != NONE).then(|| cipher(&self.person, salt))
    }
}

/// Under the key that follows from what is kept for each person or day. It is needed for each event, and HKDF would hash eight
/// blocks where this hashes two; what it is keyed with is uniform already.
fn cipher(key: &Keyed, of: &[u8]) -> Cipher {
    Cipher::new((&*Zeroizing::new(mac(key, &[of]))).into())
}

crate::policy::opaque!(AuditKey);

/// Who a reference stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Whose user it is.
    pub tenant: String,
    /// The subject as the app gave it.
    pub subject: String,
}

/// What Redis holds of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// When it goes, days since 1970.
    pub ends: u16,
    /// Events up to this time, ms since 1970, keep no personal fields; 0 = none.
    pub erased: u64,
    /// User agent and device are not to be kept.
    pub security_only: bool,
    /// All that is held is that somebody who was never seen was erased.
    never_seen: bool,
    salt: [u8; 16],
}

impl Person {
    /// Somebody who is not known yet, and has no key until [`Person::revive`].
    pub fn nobody() -> Self {
        Self { ends: 0, erased: 0, security_only: false, never_seen: false, salt: NONE }
    }

    /// Reads what lies in Redis; `None` for anything else.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (&[version, flags, e0, e1], rest) = bytes.split_first_chunk::<4>()?;
        let (salt, rest) = rest.split_first_chunk::<16>()?;
        let erased = match (flags & ERASED, rest) {
            (0, []) => 0,
            (ERASED, &[a, b, c, d, e, f]) => u64::from_be_bytes([0, 0, a, b, c, d, e, f]),
            _ => return None,
        };
        let (security_only, never_seen) = (flags & SECURITY_ONLY > 0, flags & NEVER_SEEN > 0);
        let ends = u16::from_be_bytes([e0, e1]);
        (version == VERSION).then_some(Self { ends, erased, security_only, never_seen, salt: *salt })
    }

    /// As it lies in Redis.
    pub fn bytes(&self) -> Vec<u8> {
        let was_erased = self.erased > 0;
        let of = |holds, flag| if holds { flag } else { 0 };
        let flags =
            of(self.security_only, SECURITY_ONLY) | of(was_erased, ERASED) | of(!self.is_somebody(), NEVER_SEEN);
        let mut out = Vec::with_capacity(26);
        out.extend_from_slice(&[VERSION, flags]);
        out.extend_from_slice(&self.ends.to_be_bytes());
        out.extend_from_slice(&self.salt);
        if was_erased {
            out.extend(self.erased.to_be_bytes().into_iter().skip(2));
        }
        out
    }

    /// Whether they were ever seen: to erase somebody who was not makes nobody of them.
    pub fn is_somebody(&self) -> bool {
        self.has_key() || !self.never_seen
    }

    /// Whether it has a key: an erasure takes it.
    pub fn has_key(&self) -> bool {
        self.salt != NONE
    }

    /// Gives one without a key a new one.
    pub fn revive(&mut self, rng: &mut impl CryptoRng) {
        if self.salt == NONE {
            (self.salt, self.never_seen) = (fresh(rng), false);
        }
    }

    /// Seals a name. `None` where the person has no key.
    pub fn seal_name(&self, key: &AuditKey, reference: &Reference, tenant: &str, subject: &str) -> Option<Vec<u8>> {
        let plain = [tenant, subject].join("\0");
        self.seal(key, &[b"name", &reference.0], plain.as_bytes())
    }

    /// Opens a name; `None` if it was erased since.
    pub fn open_name(&self, key: &AuditKey, reference: &Reference, sealed: &[u8]) -> Option<Name> {
        let plain = String::from_utf8(self.open(key, &[b"name", &reference.0], sealed)?).ok()?;
        let (tenant, subject) = plain.split_once('\0')?;
        Some(Name { tenant: tenant.to_owned(), subject: subject.to_owned() })
    }

    /// Seals packed personal fields of the event with this identity.
    pub fn seal_fields(&self, key: &AuditKey, identity: &[u8], packed: &[u8]) -> Option<Vec<u8>> {
        self.seal(key, &[b"event", identity], packed)
    }

    /// Opens what [`Person::seal_fields`] sealed.
    pub fn open_fields(&self, key: &AuditKey, identity: &[u8], sealed: &[u8]) -> Option<Known> {
        Known::unpack(&self.open(key, &[b"event", identity], sealed)?)
    }

    /// The nonce is zeros: what is sealed twice under one key and identity is the same event, sealed again after a crash.
    fn seal(&self, key: &AuditKey, aad: &[&[u8]], plain: &[u8]) -> Option<Vec<u8>> {
        key.person(&self.salt)?.encrypt(&Nonce::from([0; 12]), Payload { msg: plain, aad: &aad.concat() }).ok()
    }

    fn open(&self, key: &AuditKey, aad: &[&[u8]], sealed: &[u8]) -> Option<Vec<u8>> {
        key.person(&self.salt)?.decrypt(&Nonce::from([0; 12]), Payload { msg: sealed, aad: &aad.concat() }).ok()
    }
}

/// Never all zeros, which means none.
fn fresh(rng: &mut impl CryptoRng) -> [u8; 16] {
    let mut salt = NONE;
    while salt == NONE {
        rng.fill_bytes(&mut salt);
    }
    salt
}
