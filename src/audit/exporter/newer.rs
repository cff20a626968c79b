//! Events of a later version: they wait for a sidecar that can read them, and nobody reads them twice meanwhile.

use super::Exporter;
use crate::event::Bucket;

/// Events of a later version that stay where they are.
#[derive(Debug, Clone)]
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
    pub(super) fn pass_newer(&mut self, newer: Vec<(Bucket, Newer)>, lost: &[Bucket]) {
        for (bucket, newer) in newer {
            if lost.contains(&bucket) {
                self.forget_newer(bucket);
                continue;
            }
            self.store.kept.set(bucket, newer.count);
            let count = newer.count;
            if self.newer.insert(bucket, newer).is_none() {
                let bucket = bucket.number();
                tracing::warn!(bucket, count, "events of a later version wait for a sidecar that can read them");
            }
        }
    }
}
