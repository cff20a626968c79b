//! Counters of what was exported, read: sums over all buckets, and so over all sidecars.

use std::collections::BTreeMap;

use redis::{Cmd, from_redis_value};

use super::{
    Store, StoreError,
    function::FIGURES,
    key::{OfBucket, OfTime},
    node::Over,
};
use crate::{event::Bucket, secret::Reference};

/// The label in metrics.
const NAME: &str = "counters";
/// Networks that are read of a bucket and day.
const NETWORKS: u8 = 64;

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
    /// Redis's clock, ms since 1970.
    ///
    /// # Errors
    /// [`StoreError`], as for all below.
    pub async fn now(&self) -> Result<u64, StoreError> {
        let asking = Bucket::all().take(1).map(|first| (first, redis::cmd("TIME"))).collect();
        let times: Vec<(u64, u64)> = self.plain(NAME, asking).await?;
        let (seconds, micros) = times.first().ok_or(StoreError::Unexpected(NAME))?;
        Ok(seconds * 1000 + micros / 1000)
    }

    /// Reads how many subjects are stopped at `now`, and counters of these hours and days, each summed over all buckets.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn figures(&self, now: u64, counters: &[(OfTime, u64)]) -> Result<Figures, StoreError> {
        const UNEXPECTED: StoreError = StoreError::Unexpected("figures");
        self.fitting(FIGURES.name)?;
        let buckets: Vec<Bucket> = Bucket::all().collect();
        let command = |bucket: &Bucket| {
            let stopped = [OfBucket::Locked, OfBucket::Disabled].map(|kind| kind.key(*bucket));
            let counters = counters.iter().map(|(kind, n)| kind.key(*bucket, *n));
            let keys: Vec<Vec<u8>> = stopped.into_iter().chain(counters).map(String::into_bytes).collect();
            let mut cmd = self.fcall(&FIGURES, *bucket, &keys);
            cmd.arg(now);
            cmd
        };
        let asked = self.calls(Over::Background, &FIGURES, &buckets, |bucket| *bucket, command).await;
        let mut figures = Figures { locked: 0, disabled: 0, counters: vec![Counted::new(); counters.len()] };
        for bucket in asked {
            let found: Vec<redis::Value> = from_redis_value(bucket?).map_err(|_| UNEXPECTED)?;
            let mut found = found.into_iter();
            let number = |value: Option<redis::Value>| match value {
                Some(redis::Value::Int(number)) => u64::try_from(number).map_err(|_| UNEXPECTED),
                _ => Err(UNEXPECTED),
            };
            figures.locked += number(found.next())?;
            figures.disabled += number(found.next())?;
            for (sum, fields) in figures.counters.iter_mut().zip(found) {
                for (field, count) in from_redis_value::<Vec<(Vec<u8>, i64)>>(fields).map_err(|_| UNEXPECTED)? {
                    *sum.entry(field).or_default() += count;
                }
            }
        }
        Ok(figures)
    }

    /// Networks that were refused or failed most in the `n`-th day, of all buckets; one may come several times.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn networks(&self, n: u64) -> Result<Vec<(Reference, u64)>, StoreError> {
        let asking = of_all("ZRANGE", |cmd, bucket| {
            let key = OfTime::Networks.key(bucket, n);
            cmd.arg(key).arg(0).arg(NETWORKS - 1).arg("REV").arg("WITHSCORES");
        });
        let found: Vec<Vec<(Vec<u8>, u64)>> = self.plain(NAME, asking).await?;
        let named = |(name, count): (Vec<u8>, u64)| Some((Reference(name.try_into().ok()?), count));
        Ok(found.into_iter().flatten().filter_map(named).collect())
    }
}

/// The same command for each bucket.
fn of_all(verb: &str, fill: impl Fn(&mut Cmd, Bucket)) -> Vec<(Bucket, Cmd)> {
    let one = |bucket| {
        let mut cmd = redis::cmd(verb);
        fill(&mut cmd, bucket);
        (bucket, cmd)
    };
    Bucket::all().map(one).collect()
}
