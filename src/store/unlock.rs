//! `lua/unlock.lua` and `lua/unblock.lua` from this side.

use redis::Value;

use super::{
    Bucket, Store, StoreError,
    key::{OfBucket, OfReference},
    node::Over,
    script,
    target::of_bucket,
};
use crate::secret::Reference;

impl Store {
    /// Ends lock, hard stop, failures and level of a subject; whether there was any.
    ///
    /// # Errors
    /// [`StoreError`]: whether it was done is unknown. To do it again does no harm.
    pub async fn unlock(&self, subject: &Reference, context: &[u8]) -> Result<bool, StoreError> {
        let args = [self.limits.of(""), context];
        let bucket = Bucket::of(subject);
        let mut reply = self.act(&script::UNLOCK, bucket, &of_bucket(subject), &args).await?;
        self.replays.forget(subject);
        self.confirmed(bucket, reply.of()).await?;
        Ok(reply.int()? == 1)
    }

    /// The same for several subjects in one round trip, each with its own context; for how many there was any.
    ///
    /// # Errors
    /// [`StoreError`]: some may be done.
    pub async fn unlock_each(&self, subjects: &[(Reference, Vec<u8>)]) -> Result<u64, StoreError> {
        let command = |(subject, context): &(Reference, Vec<u8>), whole| {
            let mut cmd = self.eval(&script::UNLOCK, whole, Bucket::of(subject), &of_bucket(subject));
            cmd.arg(self.limits.of("")).arg(context);
            cmd
        };
        let bucket_of = |(subject, _): &(Reference, Vec<u8>)| Bucket::of(subject);
        let done = self.scripts(Over::Background, &script::UNLOCK, subjects, bucket_of, command).await;
        let done: Vec<Value> = done.into_iter().collect::<Result<_, _>>()?;
        let mut buckets: Vec<Bucket> = subjects.iter().map(bucket_of).collect();
        buckets.sort_unstable();
        buckets.dedup();
        for bucket in buckets {
            let of = self.replays.place_of(bucket);
            self.confirmed(bucket, &of).await?;
        }
        subjects.iter().for_each(|(subject, _)| self.replays.forget(subject));
        Ok(done.iter().filter(|done| matches!(done, Value::Array(items) if *items == [Value::Int(1)])).count() as u64)
    }

    /// Forgets the failures of a network; whether there were any.
    ///
    /// # Errors
    /// As [`Store::unlock`].
    pub async fn unblock(&self, network: &Reference, context: &[u8]) -> Result<bool, StoreError> {
        let bucket = Bucket::of(network);
        let keys = [
            OfReference::Network.key(network),
            OfBucket::Epoch.key(bucket).into(),
            OfBucket::Events.key(bucket).into(),
        ];
        let args = [self.limits.of(""), context];
        let mut reply = self.act(&script::UNBLOCK, bucket, &keys, &args).await?;
        self.confirmed(bucket, reply.of()).await?;
        Ok(reply.int()? == 1)
    }
}
