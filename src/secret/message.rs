//! Messages that carry a code while they lie in the store: the code under the pepper, where it goes under the index key.
//!
//! Who has the store's content alone reads neither. Who has the pepper as well could try all codes of a digest; here one is to
//! be read at once, for as long as its message is under way (`deploy/docs/delivery.md` says so).

use aes_gcm_siv::{
    KeyInit, Nonce,
    aead::{Aead, Payload},
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Generation, IndexKey, PepperRing, Reference, digest::Kid, who::Cipher};

/// Where a message goes, and what it is about: kept, sealed, as long as its verification is remembered.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageAbout {
    /// The reference of its subject, in hex.
    pub subject_ref: String,
    /// The tenant.
    pub tenant: String,
    /// The subject as the app gave it.
    pub subject: String,
    /// The purpose.
    pub purpose: String,
    /// Where it goes, and where to if that fails, in this order; at least one.
    pub ways: Vec<Way>,
    /// The locale that the app named.
    pub locale: Option<String>,
    /// What an app on the phone knows its message by.
    pub app_hash: Option<String>,
    /// What the app calls itself in this message, where that is not as everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// 1 if nobody is to get it, else 0: a number, so that both are of one length.
    pub decoy: u8,
}

/// One way for a message to go.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Way {
    /// The channel.
    pub channel: String,
    /// Where to, byte for byte as the app gave it.
    pub to: String,
}

/// Seals and opens messages under the keys of one sidecar.
pub struct MessageSealer {
    about: Cipher,
    codes: Vec<ByPepper>,
}

struct ByPepper {
    kid: Kid,
    cipher: Cipher,
}

impl MessageSealer {
    /// A sealer under keys of its own, derived from these.
    pub fn new(index: &IndexKey, peppers: &PepperRing) -> Self {
        Self { about: Cipher::new(&(*index.message_key).into()), codes: by_pepper(peppers) }
    }

    /// The same under these peppers.
    #[must_use]
    pub fn renewed(&self, peppers: &PepperRing) -> Self {
        Self { about: self.about.clone(), codes: by_pepper(peppers) }
    }

    /// Seals where a message goes, for whoever knows its issue: a short name ([`super::sid`]) tells no subject. `None` only if
    /// the cipher fails, which it does for inputs of 64 GiB.
    pub fn seal_about(&self, generation: &Generation, about: &MessageAbout) -> Option<Vec<u8>> {
        let plain = Zeroizing::new(serde_json::to_vec(about).ok()?);
        self.about.encrypt(&Nonce::from(generation.0), &**plain).ok()
    }

    /// Opens what [`MessageSealer::seal_about`] sealed for this issue.
    pub fn open_about(&self, generation: &Generation, sealed: &[u8]) -> Option<MessageAbout> {
        let plain = Zeroizing::new(self.about.decrypt(&Nonce::from(generation.0), sealed).ok()?);
        serde_json::from_slice(&plain).ok()
    }

    /// Seals a code under the active pepper.
    pub fn seal_code(&self, subject: &Reference, generation: &Generation, code: &str) -> Option<Vec<u8>> {
        let ByPepper { kid, cipher } = self.codes.first()?;
        let payload = Payload { msg: code.as_bytes(), aad: &subject.0 };
        let sealed = cipher.encrypt(&Nonce::from(generation.0), payload).ok()?;
        Some([&kid[..], &sealed].concat())
    }

    /// Opens what [`MessageSealer::seal_code`] sealed; `None` too where its pepper left the ring.
    pub fn open_code(&self, subject: &Reference, generation: &Generation, sealed: &[u8]) -> Option<Zeroizing<String>> {
        let (kid, sealed) = sealed.split_first_chunk::<4>()?;
        let ByPepper { cipher, .. } = self.codes.iter().find(|by| by.kid == *kid)?;
        let nonce = Nonce::from(generation.0);
        let plain = Zeroizing::new(cipher.decrypt(&nonce, Payload { msg: sealed, aad: &subject.0 }).ok()?);
        Some(Zeroizing::new(std::str::from_utf8(&plain).ok()?.to_owned()))
    }
}

fn by_pepper(peppers: &PepperRing) -> Vec<ByPepper> {
    let made = |(kid, key): (Kid, &Zeroizing<[u8; 32]>)| ByPepper { kid, cipher: Cipher::new(&(**key).into()) };
    peppers.message_keys().map(made).collect()
}

impl MessageAbout {
    /// Tells whether it goes with a code of this subject: whoever writes to the store may have put it beside another's.
    pub fn is_of(&self, subject: &Reference) -> bool {
        self.subject_ref == subject.hex()
    }
}

crate::policy::opaque!(MessageSealer);
crate::policy::opaque!(MessageAbout);
