//! `lua/unlock.lua`, and `unblock` of `lua/network.lua`, from this side.

use futures_util::future::join_all;
use redis::Value;

use super::{
    Bucket, Store, StoreError,
    each::Answered,
    function,
    key::{OfBucket, OfReference},
    node::{Over, Source},
    target::of_subject,
};
use crate::secret::Reference;

impl Store {
    /// Ends lock, hard stop, failures and level of a subject; whether there was any.
    ///
    /// # Errors
    /// [`StoreError`]: whether it was done is unknown. To do it again does no harm.
    pub async fn unlock(&self, subject: &Reference, context: &[u8]) -> Result<bool, StoreError> {
        let args = [self.limits.of(""), b"", b"0", context];
        let bucket = Bucket::of(subject);
        let mut reply = self.act(&function::UNLOCK, bucket, &keys(subject), &args).await?;
        self.replays.forget(subject);
        self.confirmed(bucket, &reply.source()?).await?;
        Ok(reply.int()? == 1)
    }

    /// The same for several subjects in one round trip, each with its own context; for how many there was any.
    ///
    /// # Errors
    /// [`StoreError`]: some may be done.
    pub async fn unlock_each(&self, subjects: &[(Reference, Vec<u8>)]) -> Result<u64, StoreError> {
        let command = |(subject, context): &(Reference, Vec<u8>)| {
            let mut cmd = self.fcall(&function::UNLOCK, Bucket::of(subject), &keys(subject));
            cmd.arg(self.limits.of("")).arg(b"").arg(b"0").arg(context);
            cmd
        };
        let bucket_of = |(subject, _): &(Reference, Vec<u8>)| Bucket::of(subject);
        let done = self.calls_at(Over::Background, &function::UNLOCK, subjects, bucket_of, command).await;
        // What was done is confirmed and counts, whatever became of the rest.
        let (mut ended, mut failed, mut written) = (0, None, Vec::<(Bucket, Source)>::new());
        for ((subject, _), done) in subjects.iter().zip(done) {
            match done {
                Ok(Answered { value, source }) => {
                    self.replays.forget(subject);
                    ended += u64::from(matches!(value, Value::Array(items) if *items == [Value::Int(1)]));
                    let bucket = Bucket::of(subject);
                    if let Some(source) = source.filter(|_| written.last().is_none_or(|(last, _)| *last != bucket)) {
                        written.push((bucket, source));
                    }
                }
                Err(error) => failed = Some(error),
            }
        }
        let confirming = written.iter().map(|(bucket, source)| self.confirmed(*bucket, source));
        let confirmed = join_all(confirming).await.into_iter().collect::<Result<Vec<()>, _>>();
        match (failed, confirmed) {
            (Some(error), _) | (None, Err(error)) => Err(error),
            (None, Ok(_)) => Ok(ended),
        }
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
        let mut reply = self.act(&function::UNBLOCK, bucket, &keys, &args).await?;
        self.confirmed(bucket, &reply.source()?).await?;
        Ok(reply.int()? == 1)
    }
}

fn keys(subject: &Reference) -> Vec<Vec<u8>> {
    let mut keys = of_subject(subject);
    keys.push(OfReference::Cleared.key(subject));
    keys
}
