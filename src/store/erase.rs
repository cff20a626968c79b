//! Erases a person (`erase` of `lua/person.lua`): what opens their fields in the trail, and the name.

use super::{
    Store, StoreError,
    connection::Lane,
    functions::ERASE,
    key::{OfBucket, OfReference},
};
use crate::{event::Bucket, secret::Reference};

impl Store {
    /// Destroys what opens this person's fields, and the name; remembered for `retention_ms`. `false` where nothing is done, since
    /// they are taken for never `seen`, and came by now.
    ///
    /// # Errors
    /// [`StoreError`]: whether it was destroyed is unknown.
    pub async fn erase(
        &self,
        person: &Reference,
        seen: bool,
        retention_ms: u64,
        context: &[u8],
    ) -> Result<bool, StoreError> {
        let bucket = Bucket::of(person);
        use OfReference::{Guessers, Name, Person, Profile, Subject};
        let mut keys = [Person, Name, Subject, Profile, Guessers].map(|kind| kind.key(person)).to_vec();
        keys.push(OfBucket::Flagged.key(bucket).into_bytes());
        let retention = retention_ms.to_string();
        let args = [context, retention.as_bytes(), if seen { b"1" } else { b"0" }];
        let mut reply = self.call(Lane::Background, &ERASE, bucket, &keys, &args).await?;
        self.confirmed(bucket, &reply.source()?).await?;
        Ok(reply.int()? == 1)
    }
}
