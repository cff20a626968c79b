//! Events of a later version: they wait for a sidecar that can read them, and nobody reads them twice meanwhile.

use super::Exporter;
use crate::event::Bucket;

/// Events of a later version that stay where they are.
#[derive(Debug, Clone, Default)]
pub struct Newer {
    /// The id of the last of them; all before it were written out, or stay as well.
    pub last: String,
    /// How many there are.
    pub count: u64,
}

impl Exporter {
    /// Reads all of a bucket again, which is another's now.
    pub(super) fn forget_newer(&mut self, bucket: Bucket) {
        if self.newer.remove(&bucket).is_some() {
            self.store.kept.set(bucket, 0);
        }
    }

    /// Once all before them is written out, events of a later version are not read again.
    pub(super) fn pass_newer(&mut self, bucket: Bucket, newer: Newer, lost: &[Bucket]) {
        if lost.contains(&bucket) {
            return self.forget_newer(bucket);
        }
        let (count, number) = (newer.count, bucket.number());
        self.store.kept.set(bucket, count);
        if self.newer.insert(bucket, newer).is_none() {
            tracing::warn!(bucket = number, count, "events of a later version wait for a sidecar that can read them");
        }
    }
}
