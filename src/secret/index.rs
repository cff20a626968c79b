//! The index key: names subjects and networks in the store without naming them.
//!
//! Each use has a key of its own, derived from `OTP_INDEX_KEY` by HKDF-SHA-256 (RFC 5869) with the use as `info`. Inputs
//! of more than one part are length-prefixed, so that no two lists of parts give the same bytes.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Serialize, Serializer};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::policy::{Network, Subject};

/// HMAC-SHA-256 with its key already absorbed: cloned for each use.
pub type Keyed = Hmac<Sha256>;

/// A subject's, a network's, a device's or a destination's name in the store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference(pub [u8; 16]);

impl Reference {
    /// As events and operators write it: 32 hexadecimal digits.
    pub fn hex(&self) -> String {
        hex(&self.0)
    }

    /// Reads it.
    pub fn read(text: &str) -> Option<Self> {
        let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        u128::from_str_radix(text, 16).ok().filter(|_| is_hex).map(|number| Self(number.to_be_bytes()))
    }
}

impl Serialize for Reference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = [0; 32];
        digits(&self.0, &mut text);
        serializer.serialize_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

/// Two hexadecimal digits, in lower case, for each byte.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = vec![0; 2 * bytes.len()];
    digits(bytes, &mut text);
    String::from_utf8(text).unwrap_or_default()
}

fn digits(bytes: &[u8], text: &mut [u8]) {
    let digit = |half: u8| b"0123456789abcdef".get(usize::from(half)).copied().unwrap_or_default();
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
    }
}

/// Names the exact spelling a code was issued for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spelling(pub [u8; 8]);

/// Names a purpose inside a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PurposeTag(pub [u8; 4]);

/// The keys derived from `OTP_INDEX_KEY`.
pub struct IndexKey {
    subject: Keyed,
    network: Keyed,
    spelling: Keyed,
    purpose: Keyed,
    /// For [`super::answer`].
    pub(super) answer: Keyed,
    /// For [`super::id`].
    pub(super) id_key: Zeroizing<[u8; 32]>,
    /// For [`super::message`].
    pub(super) message_key: Zeroizing<[u8; 32]>,
    /// For [`super::who`].
    pub(super) who_key: Zeroizing<[u8; 32]>,
    device: Keyed,
    destination: Keyed,
    /// For [`super::sid`].
    pub(super) sid: Keyed,
    fingerprint: [u8; 16],
}

impl IndexKey {
    /// Derives the keys from at least 32 random bytes.
    pub fn new(secret: &[u8]) -> Self {
        let derived = |info: &str| derive(secret, info);
        Self {
            subject: keyed(&derived("subject")),
            network: keyed(&derived("network")),
            spelling: keyed(&derived("spelling")),
            purpose: keyed(&derived("purpose")),
            answer: keyed(&derived("answer")),
            id_key: derived("id"),
            message_key: derived("message"),
            who_key: derived("who"),
            device: keyed(&derived("device")),
            destination: keyed(&derived("destination")),
            sid: keyed(&derived("sid")),
            fingerprint: first(&derived("fingerprint")),
        }
    }

    /// The name of `tenant`'s `subject`, the same for all its variants.
    pub fn subject(&self, tenant: &str, subject: &Subject) -> Reference {
        Reference(first(&mac(&self.subject, &[tenant.as_bytes(), subject.normal().as_bytes()])))
    }

    /// The name of a client network, apart for each tenant.
    pub fn network(&self, tenant: &str, network: &Network) -> Reference {
        Reference(first(&mac(&self.network, &[tenant.as_bytes(), &network.bytes()])))
    }

    /// The name of a client's device, apart for each tenant.
    pub fn device(&self, tenant: &str, device_id: &str) -> Reference {
        Reference(first(&mac(&self.device, &[tenant.as_bytes(), device_id.as_bytes()])))
    }

    /// The name of where codes go, apart for each tenant.
    pub fn destination(&self, tenant: &str, name: &str) -> Reference {
        Reference(first(&mac(&self.destination, &[tenant.as_bytes(), name.as_bytes()])))
    }

    /// What names tenants.
    pub fn tenants(&self) -> TenantNames {
        TenantNames(self.device.clone())
    }

    /// The name of an exact spelling.
    pub fn spelling(&self, tenant: &str, subject: &Subject) -> Spelling {
        Spelling(first(&mac(&self.spelling, &[tenant.as_bytes(), subject.spelling().as_bytes()])))
    }

    /// The name of a purpose. Never all zeros: that tag is kept for what a full record folds together.
    pub fn purpose(&self, purpose: &str) -> PurposeTag {
        let mut tag: [u8; 4] = first(&mac(&self.purpose, &[purpose.as_bytes()]));
        if tag == [0; 4] {
            tag = [0, 0, 0, 1];
        }
        PurposeTag(tag)
    }

    /// Names a request's body by its hash, which alone would tell a code to whoever tries them all.
    pub fn body(&self, hash: &[u8; 16]) -> [u8; 16] {
        first(&mac(&self.answer, &[b"body", hash]))
    }

    /// Tells one index key from another without giving it away; kept in Redis.
    pub fn fingerprint(&self) -> [u8; 16] {
        self.fingerprint
    }
}

/// Names tenants in the store.
#[derive(Clone)]
pub struct TenantNames(Keyed);

impl TenantNames {
    /// The name of a tenant: that of a device which no app can name, as ids of devices are not empty.
    pub fn of(&self, tenant: &str) -> Reference {
        Reference(first(&mac(&self.0, &[tenant.as_bytes(), b""])))
    }
}

crate::policy::opaque!(TenantNames);

/// HKDF-SHA-256 with the use as `info`.
pub(super) fn derive(secret: &[u8], info: &str) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0u8; 32]);
    // 32 bytes are within HKDF's 255 × 32: expand cannot fail, and an all-zero key must never be used if it did.
    let info = ["otp-sidecar v1 ", info].concat();
    let done = Hkdf::<Sha256>::new(None, secret).expand(info.as_bytes(), key.as_mut());
    assert!(done.is_ok(), "HKDF of 32 bytes");
    key
}

/// Absorbs a derived key. HMAC pads keys shorter than its block with zeros (RFC 2104); doing it here makes it a fixed size.
pub(super) fn keyed(key: &[u8; 32]) -> Keyed {
    let mut block = Zeroizing::new([0u8; 64]);
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    Keyed::new((&*block).into())
}

/// HMAC over length-prefixed parts.
pub(super) fn mac(keyed: &Keyed, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = keyed.clone();
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// The first `N` ≤ 32 bytes.
pub(super) fn first<const N: usize>(bytes: &[u8; 32]) -> [u8; N] {
    let mut out = [0; N];
    out.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    out
}

crate::policy::opaque!(IndexKey);
