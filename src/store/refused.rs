//! `lua/refused.lua` from this side: refusals that the store gave once and the sidecar many times.

use super::{
    Bucket, Store, StoreError,
    key::{OfBucket, of_gathering},
    script,
};
use crate::{audit::event, policy::Outcome, secret::Reference};

/// Refusals of one kind, as one event.
#[derive(Debug, Clone)]
pub struct Gathered {
    /// The subject, or the network; it names the bucket.
    pub reference: Reference,
    /// What was asked.
    pub kind: event::Kind,
    /// The rule.
    pub outcome: Outcome,
    /// How long it held when the store was last asked, ms.
    pub wait: u64,
    /// Failures of the subject that count.
    pub failures: u16,
    /// Level of its lock.
    pub level: u8,
    /// [`event::context`] of the first of them.
    pub context: Vec<u8>,
    /// How many.
    pub count: u32,
}

impl Store {
    /// Writes the event. `operation` names it, so that it can be tried again without being written twice.
    ///
    /// # Errors
    /// [`StoreError`]: whether it was written is unknown.
    pub async fn refused(&self, gathered: &Gathered, operation: &[u8; 16]) -> Result<(), StoreError> {
        let bucket = Bucket::of(&gathered.reference);
        let keys = [
            of_gathering(&gathered.reference, operation),
            OfBucket::Epoch.key(bucket).into(),
            OfBucket::Events.key(bucket).into(),
        ];
        let [_, _, wait @ ..] = gathered.wait.to_be_bytes();
        let [high, low] = gathered.failures.to_be_bytes();
        let fixed: Vec<u8> =
            [&[gathered.kind as u8, gathered.outcome as u8, high, low, gathered.level][..], &wait].concat();
        let context = event::counted(&gathered.context, gathered.count);
        self.run(&self.background, &script::REFUSED, &keys, &[&fixed, &context]).await.map(drop)
    }
}
