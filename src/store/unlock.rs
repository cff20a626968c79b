//! `lua/unlock.lua` and `lua/unblock.lua` from this side.

use redis::Value;

use super::{
    Bucket, Store, StoreError,
    key::{OfBucket, OfReference},
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
        Ok(self.act(&script::UNLOCK, &of_bucket(subject), &args).await?.int()? == 1)
    }

    /// The same for several subjects in one round trip, each with its own context; for how many there was any.
    ///
    /// # Errors
    /// [`StoreError`]: some may be done.
    pub async fn unlock_each(&self, subjects: &[(Reference, Vec<u8>)]) -> Result<u64, StoreError> {
        let command = |verb: &str, what: &str, (subject, context): &(Reference, Vec<u8>)| {
            let keys = of_bucket(subject);
            let mut cmd = redis::cmd(verb);
            cmd.arg(what).arg(keys.len()).arg(keys).arg(self.limits.of("")).arg(context);
            cmd
        };
        let done = self.each_over(&self.background, &script::UNLOCK, subjects, command).await?;
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
        Ok(self.act(&script::UNBLOCK, &keys, &[self.limits.of(""), context]).await?.int()? == 1)
    }
}
