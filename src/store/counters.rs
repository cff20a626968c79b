//! Counters of what was exported, read: sums over all buckets, and so over all sidecars.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, stream};

use super::{
    Store, StoreError,
    connection::Lane,
    functions::FIGURES,
    key::{OfBucket, OfTime},
};
use crate::event::Bucket;

/// Buckets whose figures are asked for at once: each takes Redis a tenth of a millisecond, and users wait for it.
const AT_ONCE: usize = 4;

/// Fields of hashes, each with a number.
pub type Counted = BTreeMap<Vec<u8>, i64>;

/// What [`Store::figures`] reads.
#[derive(Debug)]
pub struct Figures {
    /// Subjects that are locked.
    pub locked: u64,
    /// Subjects that are disabled.
    pub disabled: u64,
    /// Each of the counters that were asked for, in that order.
    pub counters: Vec<Counted>,
}

impl Store {
    /// Reads how many subjects are stopped at `now`, and counters of these hours and days, each summed over all buckets.
    pub async fn figures(&self, now: u64, counters: &[(OfTime, u64)]) -> Result<Figures, StoreError> {
        self.usable(FIGURES.name)?;
        let now = now.to_string();
        let asking = Bucket::all().map(|bucket| {
            let stopped = [OfBucket::Locked, OfBucket::Disabled].map(|kind| kind.key(bucket));
            let counters = counters.iter().map(|(kind, n)| kind.key(bucket, *n));
            let keys: Vec<Vec<u8>> = stopped.into_iter().chain(counters).map(String::into_bytes).collect();
            let now = now.as_bytes();
            async move { self.call(Lane::Operators, &FIGURES, bucket, &keys, &[now]).await }
        });
        let mut replies = stream::iter(asking).buffer_unordered(AT_ONCE);
        let mut figures = Figures { locked: 0, disabled: 0, counters: vec![Counted::new(); counters.len()] };
        while let Some(reply) = replies.next().await {
            let mut reply = match reply {
                // One bucket less is better than no figures.
                Err(error) if error.is_unreadable() => continue,
                reply => reply?,
            };
            figures.locked += reply.natural()?;
            figures.disabled += reply.natural()?;
            for sums in &mut figures.counters {
                for _ in 0..reply.natural()? {
                    let field = reply.bytes()?;
                    *sums.entry(field).or_default() += reply.int()?;
                }
            }
        }
        Ok(figures)
    }
}
