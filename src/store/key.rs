//! Names of keys. `{tag}` is the bucket's hash tag, `<ref>` the 16 raw bytes of a reference.
//!
//! | key | type | ends | what |
//! |---|---|---|---|
//! | `otp:{tag}:s:<ref>` | string | when nothing in it matters; never while disabled | record of a subject ([`super::record`]) |
//! | `otp:{tag}:h:<ref>` | string | with its last entry | outcomes whose place in the record was taken (`lua/lib/history.lua`) |
//! | `otp:{tag}:i:<ref>` | string | a window after the last send or failure | state of a client network (`lua/lib/ip.lua`) |
//! | `otp:{tag}:k:<ref>` | string | 60 s | answer to a call with an `Idempotency-Key` (`lua/lib/answer.lua`) |
//! | `otp:{tag}:c:<ref>` | string | with its code, 60 s at most | the code of such an answer, sealed |
//! | `otp:{tag}:g:<id>` | string | 60 s | mark that gathered refusals were recorded (`lua/refused.lua`) |
//! | `otp:{tag}:locked` | sorted set | with its last lock | references of locked subjects by end of lock, ms |
//! | `otp:{tag}:disabled` | sorted set | by an operator's act | references of disabled subjects by when, ms |
//! | `otp:{tag}:events` | stream | – | outbox: id = epoch-sequence, field `e` ([`crate::audit::event`]) |
//! | `otp:{tag}:epoch` | string | – | the bucket's epoch, a decimal; 1 where the key does not exist |
//! | `otp:{tag}:lease` | string | 5 s after its last renewal | which sidecar exports this bucket's events |
//! | `otp:index-key` | string | – | fingerprint of the index key that named everything here |
//!
//! A raised epoch makes every code void that was issued before: verifications carry the epoch they were issued in.

use super::Bucket;
use crate::secret::Reference;

/// Holds the fingerprint of the index key.
pub const INDEX_KEY: &str = "otp:index-key";

/// Every key this software touches begins like this.
pub const PREFIX: &str = "otp:";

/// A kind of key that belongs to a bucket as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfBucket {
    /// Index of locked subjects.
    Locked,
    /// Index of disabled subjects.
    Disabled,
    /// The outbox.
    Events,
    /// The epoch.
    Epoch,
    /// The exporter's lease.
    Lease,
}

impl OfBucket {
    /// The key's name in `bucket`.
    pub fn key(self, bucket: Bucket) -> String {
        let name = match self {
            Self::Locked => "locked",
            Self::Disabled => "disabled",
            Self::Events => "events",
            Self::Epoch => "epoch",
            Self::Lease => "lease",
        };
        format!("{PREFIX}{{{}}}:{name}", bucket.tag())
    }
}

/// A kind of key that belongs to one reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfReference {
    /// Record of a subject.
    Subject,
    /// Ended verifications of a subject.
    History,
    /// State of a client network.
    Network,
}

impl OfReference {
    /// The key's name for `reference`.
    pub fn key(self, reference: &Reference) -> Vec<u8> {
        let kind = match self {
            Self::Subject => b":s:",
            Self::History => b":h:",
            Self::Network => b":i:",
        };
        named(Bucket::of(reference), kind, &reference.0)
    }
}

/// The keys of a remembered answer and of its code, in the bucket of its subject.
pub fn of_answer(subject: &Reference, answer: &[u8; 16]) -> [Vec<u8>; 2] {
    [b":k:", b":c:"].map(|kind| named(Bucket::of(subject), kind, answer))
}

/// The mark of refusals that were gathered and recorded under `operation`, in the bucket of whom they were about.
pub fn of_gathering(reference: &Reference, operation: &[u8; 16]) -> Vec<u8> {
    named(Bucket::of(reference), b":g:", operation)
}

fn named(bucket: Bucket, kind: &[u8; 3], name: &[u8; 16]) -> Vec<u8> {
    let mut key = Vec::with_capacity(28);
    key.extend_from_slice(b"otp:{");
    key.extend_from_slice(bucket.tag().as_bytes());
    key.push(b'}');
    key.extend_from_slice(kind);
    key.extend_from_slice(name);
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_a_reference_carries_its_buckets_tag() {
        let reference = Reference([65; 16]);
        assert_eq!(OfReference::Subject.key(&reference), b"otp:{k1g}:s:AAAAAAAAAAAAAAAA");
        assert_eq!(OfBucket::Epoch.key(Bucket::of(&reference)), "otp:{k1g}:epoch");
    }
}
