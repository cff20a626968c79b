//! Erases a person (`erase` of `lua/person.lua`): what opens their fields in the trail, and the name.

use super::{
    Store, StoreError,
    connection::Lane,
    functions::ERASE,
    key::{OfBucket, OfReference},
};
use crate::{
    event::Bucket,
    secret::{self, Reference},
};

impl Store {
    /// Destroys what opens this person's fields, and the name; remembered for `retention_ms`, with whether they were ever `seen`.
    ///
    /// # Errors
    /// [`StoreError`]: whether it was destroyed is unknown.
    pub async fn erase(
        &self,
        person: &Reference,
        seen: bool,
        retention_ms: u64,
        context: &[u8],
    ) -> Result<(), StoreError> {
        let bucket = Bucket::of(person);
        use OfReference::{Guessers, Name, Person, Profile, Subject};
        let mut keys = [Person, Name, Subject, Profile, Guessers].map(|kind| kind.key(person)).to_vec();
        keys.push(OfBucket::Flagged.key(bucket).into_bytes());
        let (retention, flags) = (retention_ms.to_string(), secret::Person::erased_flags(seen).to_string());
        let args = [context, retention.as_bytes(), flags.as_bytes()];
        let reply = self.call(Lane::Background, &ERASE, bucket, &keys, &args).await?;
        self.confirmed(bucket, &reply.source()?).await
    }
}
