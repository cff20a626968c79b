//! A caller's `Idempotency-Key`: the same call again is the same answer.

use sha2::{Digest, Sha256};

use super::{Caller, Service};
use crate::{
    secret::{AnswerKey, Reference},
    store::IdempotencyRef,
};

/// A key as it came, and what the body that it came with says.
#[derive(Clone)]
pub struct Idempotency {
    key: String,
    body: [u8; 16],
}

impl Idempotency {
    /// Of `key` and what its body says: the same bytes for all bodies that are one call.
    pub fn new(key: &str, content: &[u8]) -> Self {
        let mut hash = [0; 16];
        hash.iter_mut().zip(Sha256::digest(content)).for_each(|(to, from)| *to = from);
        Self { key: key.to_owned(), body: hash }
    }
}

impl Service {
    /// The keys that this call's answer is remembered under.
    pub(super) fn answer(
        &self,
        caller: Caller<'_>,
        operation: &str,
        subject: &Reference,
        given: Option<&Idempotency>,
    ) -> Option<(AnswerKey, IdempotencyRef)> {
        let given = given?;
        let key = AnswerKey::new(&self.index, caller.tenant, operation, subject, &given.key);
        // A body holds a code; its bare hash in the store would give that away to whoever tries a million of them.
        let body = self.index.body(&given.body);
        let reference = IdempotencyRef { reference: key.reference, body };
        Some((key, reference))
    }
}

// The key is as good as a password to an answer.
crate::policy::opaque!(Idempotency);
