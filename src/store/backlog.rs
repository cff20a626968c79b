//! Events that nobody has written out yet: how many, and giving them up.

use super::{Bucket, Store, StoreError, function, key::OfBucket, node::Over};

/// Most events that one function gives up: some 10 ms of Redis's time.
const AT_ONCE: u64 = 20_000;

impl Store {
    /// Events waiting in each bucket.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn backlog(&self) -> Result<Vec<(Bucket, u64)>, StoreError> {
        let asking = Bucket::all().map(|bucket| {
            let mut cmd = redis::cmd("XLEN");
            cmd.arg(OfBucket::Events.key(bucket));
            (bucket, cmd)
        });
        let asked: Vec<Result<u64, _>> = self.plain_over(Over::Background, "backlog", asking.collect()).await;
        let (mut lengths, mut failed) = (Vec::new(), None);
        for (bucket, length) in Bucket::all().zip(asked) {
            match length {
                Ok(length) => lengths.push((bucket, length)),
                Err(error) => failed = Some(error),
            }
        }
        // Of a primary that does not answer it is not known.
        match failed {
            Some(error) if lengths.is_empty() => Err(error),
            _ => Ok(lengths),
        }
    }

    /// Gives up the oldest of the `waiting` events of a bucket until `keep` are left; answers how many went.
    ///
    /// # Errors
    /// [`StoreError`]: how many went is unknown; an event in the trail says it.
    pub async fn shed(
        &self,
        bucket: Bucket,
        (mut waiting, keep): (u64, u64),
        context: &[u8],
    ) -> Result<u64, StoreError> {
        let keys: Vec<Vec<u8>> =
            [OfBucket::Epoch, OfBucket::Epoch, OfBucket::Events].map(|kind| kind.key(bucket).into_bytes()).into();
        let mut gone = 0;
        while waiting > keep {
            waiting = keep.max(waiting.saturating_sub(AT_ONCE));
            let left = waiting.to_string();
            let mut reply =
                self.call(Over::Background, bucket, &function::SHED, (&keys, &[left.as_bytes(), context])).await?;
            gone += reply.natural()?;
        }
        Ok(gone)
    }
}
