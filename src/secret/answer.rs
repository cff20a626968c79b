//! Remembered answers: named and sealed under keys that the caller's `Idempotency-Key` yields, which is not stored.

use aes_gcm_siv::{
    KeyInit, Nonce,
    aead::{Aead, Payload},
};
use zeroize::Zeroizing;

use super::{
    Generation,
    index::{IndexKey, Reference, first, keyed, mac},
    who::Cipher,
};

/// One call's `Idempotency-Key`, for one tenant, operation and subject.
pub struct AnswerKey {
    /// Names the answer in the store.
    pub reference: [u8; 16],
    cipher: Cipher,
}

impl AnswerKey {
    /// Derives both from the raw key. Who has only the store's content and the index key still lacks the raw one.
    pub fn new(index: &IndexKey, tenant: &str, operation: &str, subject: &Reference, raw: &str) -> Self {
        let parts = [tenant.as_bytes(), operation.as_bytes(), &subject.0, raw.as_bytes()];
        let secret = Zeroizing::new(mac(&index.answer, &parts));
        let reference = first(&mac(&keyed(&secret), &[b"reference"]));
        let cipher = Cipher::new(&mac(&keyed(&secret), &[b"cipher"]).into());
        Self { reference, cipher }
    }

    /// Seals the code of an answer. `None` only if the cipher fails, which it does for inputs of 64 GiB.
    pub fn seal(&self, generation: &Generation, code: &str) -> Option<Vec<u8>> {
        let nonce = Nonce::from(generation.0);
        self.cipher.encrypt(&nonce, Payload { msg: code.as_bytes(), aad: &self.reference }).ok()
    }

    /// Opens what [`AnswerKey::seal`] sealed.
    pub fn open(&self, generation: &Generation, sealed: &[u8]) -> Option<Zeroizing<String>> {
        let nonce = Nonce::from(generation.0);
        let plain = self.cipher.decrypt(&nonce, Payload { msg: sealed, aad: &self.reference }).ok()?;
        String::from_utf8(plain).ok().map(Zeroizing::new)
    }
}

crate::policy::opaque!(AnswerKey);
