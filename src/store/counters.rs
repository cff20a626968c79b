//! Counters of what was exported, read: sums over all buckets, and so over all sidecars.

use futures_util::future::join_all;
use redis::Cmd;

use super::{
    Store, StoreError,
    call::Command,
    connection::Lane,
    functions::TALLY,
    key::{OfBucket, OfTime},
};
use crate::{
    event::{BUCKETS, Bucket},
    secret::Reference,
};

/// The label in metrics.
const NAME: &str = "counters";
/// Networks that are read of a bucket and day.
const NETWORKS: u8 = 64;

/// Fields of hashes, each with a number.
pub type Counted = Vec<(Vec<u8>, i64)>;

impl Store {
    /// Redis's clock, ms since 1970.
    pub async fn now(&self) -> Result<u64, StoreError> {
        let asking = Bucket::all().take(1).map(|bucket| Command { bucket, cmd: redis::cmd("TIME") }).collect();
        let times: Vec<(u64, u64)> = self.read(NAME, asking).await?;
        let (seconds, micros) = times.first().ok_or(StoreError::Unexpected(NAME))?;
        Ok(seconds * 1000 + micros / 1000)
    }

    /// Adds what lies in the journals to the counters. Until the next export they then tell all that was exported.
    pub async fn settle_counters(&self) -> Result<(), StoreError> {
        self.usable(TALLY.name)?;
        let settled = join_all(Bucket::all().map(|bucket| async move {
            let keys = [OfBucket::Tally.key(bucket).into_bytes()];
            self.call(Lane::Background, &TALLY, bucket, &keys, &[]).await
        }));
        settled.await.into_iter().try_for_each(|settled| settled.map(drop))
    }

    /// All fields of a counter in the `n`-th hour or day, of all buckets; one field may come several times.
    pub async fn counted(&self, kind: OfTime, n: u64) -> Result<Counted, StoreError> {
        let asking = of_all("HGETALL", |cmd, bucket| {
            cmd.arg(kind.key(bucket, n));
        });
        let fields: Vec<Vec<(Vec<u8>, i64)>> = self.read(NAME, asking).await?;
        Ok(fields.into_iter().flatten().collect())
    }

    /// Networks that were refused or failed most in the `n`-th day, of all buckets; one may come several times.
    pub async fn networks(&self, n: u64) -> Result<Vec<(Reference, u64)>, StoreError> {
        let asking = of_all("ZRANGE", |cmd, bucket| {
            let key = OfTime::Networks.key(bucket, n);
            cmd.arg(key).arg(0).arg(NETWORKS - 1).arg("REV").arg("WITHSCORES");
        });
        let found: Vec<Vec<(Vec<u8>, u64)>> = self.read(NAME, asking).await?;
        let named = |(name, count): (Vec<u8>, u64)| Some((Reference(name.try_into().ok()?), count));
        Ok(found.into_iter().flatten().filter_map(named).collect())
    }

    /// How many subjects are locked at `now`, and how many are disabled.
    pub async fn stopped(&self, now: u64) -> Result<(u64, u64), StoreError> {
        let locked = of_all("ZCOUNT", |cmd, bucket| {
            cmd.arg(OfBucket::Locked.key(bucket)).arg(format!("({now}")).arg("+inf");
        });
        let disabled = of_all("ZCARD", |cmd, bucket| {
            cmd.arg(OfBucket::Disabled.key(bucket));
        });
        let asking = locked.into_iter().chain(disabled).collect();
        let sizes: Vec<u64> = self.read(NAME, asking).await?;
        let (locked, disabled) = sizes.split_at(sizes.len().min(BUCKETS));
        Ok((locked.iter().sum(), disabled.iter().sum()))
    }
}

/// The same command for each bucket.
fn of_all(verb: &str, fill: impl Fn(&mut Cmd, Bucket)) -> Vec<Command> {
    let one = |bucket| {
        let mut cmd = redis::cmd(verb);
        fill(&mut cmd, bucket);
        Command { bucket, cmd }
    };
    Bucket::all().map(one).collect()
}
