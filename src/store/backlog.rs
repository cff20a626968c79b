//! Events that nobody has written out yet: how many, and giving them up.

use redis::aio::MultiplexedConnection;

use super::{Bucket, Store, StoreError, key::OfBucket, script};

/// Most events that one script gives up: some 10 ms of Redis's time.
const AT_ONCE: u64 = 20_000;

impl Store {
    /// Events waiting in each bucket.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn backlog(&self) -> Result<Vec<(Bucket, u64)>, StoreError> {
        let lengths = self.background.run(|mut connection: MultiplexedConnection| async move {
            let mut pipe = redis::Pipeline::new();
            for bucket in Bucket::all() {
                pipe.cmd("XLEN").arg(OfBucket::Events.key(bucket));
            }
            pipe.query_async::<Vec<u64>>(&mut connection).await
        });
        Ok(Bucket::all().zip(lengths.await?).collect())
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
            let mut reply = self.run(&self.background, &script::SHED, &keys, &[left.as_bytes(), context]).await?;
            gone += reply.natural()?;
        }
        Ok(gone)
    }
}
