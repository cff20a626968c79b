//! `lua/note.lua` from this side: what is no function's own event, such as refusals that the store gave once and the sidecar
//! many times, and what operators and sidecars do.

use super::{Store, StoreError, connection::Lane, functions, key::of_note};
use crate::{
    event::{Bucket, Kind, counted},
    policy::Outcome,
    secret::Reference,
};

/// One event to be written.
#[derive(Debug, Clone)]
pub struct Note {
    /// The subject, or the network; it names the bucket.
    pub reference: Reference,
    /// What it is about.
    pub kind: Kind,
    /// How it ended.
    pub outcome: Outcome,
    /// How long a refusal held when the store was last asked, ms; 0 = it is none.
    pub wait: u64,
    /// Failures of the subject that count.
    pub failures: u16,
    /// Level of its lock.
    pub level: u8,
    /// [`crate::event::EventContext`], of the first of many.
    pub context: Vec<u8>,
    /// How many calls it stands for; 0 = it is not about calls.
    pub count: u32,
}

impl Note {
    /// One event that is about no refusal and no failures.
    pub fn new(reference: Reference, kind: Kind, outcome: Outcome, context: Vec<u8>) -> Self {
        Self { reference, kind, outcome, wait: 0, failures: 0, level: 0, context, count: 0 }
    }
}

impl Store {
    /// Writes the event. `operation` names it, so that it can be tried again without being written twice.
    ///
    /// # Errors
    /// [`StoreError`]: whether it was written is unknown.
    pub async fn note_event(&self, note: &Note, operation: &[u8; 16]) -> Result<(), StoreError> {
        let bucket = Bucket::of(&note.reference);
        let keys = [of_note(&note.reference, operation)];
        let [_, _, wait @ ..] = note.wait.to_be_bytes();
        let [high, low] = note.failures.to_be_bytes();
        let fixed: Vec<u8> = [&[note.kind as u8, note.outcome as u8, high, low, note.level][..], &wait].concat();
        let context = match note.count {
            0 => note.context.clone(),
            count => counted(&note.context, count),
        };
        self.call(Lane::Background, &functions::NOTE, bucket, &keys, &[&fixed, &context]).await.map(drop)
    }
}
