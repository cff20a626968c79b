//! Events that nobody has written out yet: how many, and giving them up.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{Store, StoreError, call::Command, connection::Lane, functions, key::OfBucket};
use crate::event::{BUCKETS, Bucket};

/// Most events that one function gives up: some 10 ms of Redis's time.
const AT_ONCE: u64 = 20_000;

/// Which event of a bucket: its epoch and its number there.
pub type Position = (u64, u64);

/// Kept counts say how many events of a later version wait in each bucket: they count to no limit.
#[derive(Debug)]
pub struct Kept([AtomicU64; BUCKETS]);

impl Default for Kept {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; BUCKETS])
    }
}

impl Kept {
    /// Notes how many there are in a bucket.
    pub fn set(&self, bucket: Bucket, count: u64) {
        self.0.get(usize::from(bucket.number())).into_iter().for_each(|kept| kept.store(count, Ordering::Relaxed));
    }

    fn of(&self, bucket: Bucket) -> u64 {
        self.0.get(usize::from(bucket.number())).map_or(0, |kept| kept.load(Ordering::Relaxed))
    }
}

impl Store {
    /// Events waiting in each bucket, but for those of a later version.
    pub async fn backlog(&self) -> Result<Vec<(Bucket, u64)>, StoreError> {
        let asking = Bucket::all().map(|bucket| Command::new(bucket, "XLEN", OfBucket::Events.key(bucket)));
        let asked: Vec<Result<u64, _>> = self.commands(Lane::Background, "backlog", asking.collect()).await;
        let (mut lengths, mut failed) = (Vec::new(), None);
        for (bucket, length) in Bucket::all().zip(asked) {
            match length {
                Ok(length) => lengths.push((bucket, length.saturating_sub(self.kept.of(bucket)))),
                Err(error) => failed = Some(error),
            }
        }
        // Of a primary that does not answer it is not known.
        match failed {
            Some(error) if lengths.is_empty() => Err(error),
            _ => Ok(lengths),
        }
    }

    /// Answers which events of a bucket wait, the oldest and the newest of them; `None` where none does.
    pub async fn waiting(&self, bucket: Bucket) -> Result<Option<(Position, Position)>, StoreError> {
        const NAME: &str = "waiting";
        let key = OfBucket::Events.key(bucket);
        let end =
            |command: &str, from: &str, to: &str| Command::new(bucket, command, &key).arg(&[from, to, "COUNT", "1"]);
        let ends: Vec<Vec<(String, Vec<Vec<u8>>)>> =
            self.read(NAME, vec![end("XRANGE", "-", "+"), end("XREVRANGE", "+", "-")]).await?;
        let position = |entries: &Vec<(String, _)>| {
            let Some((id, _)) = entries.first() else { return Ok(None) };
            let position = id.split_once('-').and_then(|(epoch, seq)| Some((epoch.parse().ok()?, seq.parse().ok()?)));
            position.map(Some).ok_or(StoreError::Unexpected(NAME))
        };
        let [oldest, newest] = &ends[..] else { return Err(StoreError::Unexpected(NAME)) };
        Ok(position(oldest)?.zip(position(newest)?))
    }

    /// Gives up the oldest of the `waiting` events of a bucket until `keep` are left; answers how many went.
    ///
    /// # Errors
    /// [`StoreError`]: how many went is unknown; an event in the trail says it.
    pub async fn shed(&self, bucket: Bucket, mut waiting: u64, keep: u64, context: &[u8]) -> Result<u64, StoreError> {
        let keys = [OfBucket::Events.key(bucket).into_bytes()];
        let mut gone = 0;
        while waiting > keep {
            waiting = keep.max(waiting.saturating_sub(AT_ONCE));
            let left = waiting.to_string();
            let mut reply =
                self.call(Lane::Background, &functions::SHED, bucket, &keys, &[left.as_bytes(), context]).await?;
            gone += reply.natural()?;
        }
        Ok(gone)
    }
}
