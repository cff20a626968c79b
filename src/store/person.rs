//! What is held of a person beside the record ([`crate::secret::person`]): read and changed.

use redis::Value;

use super::{
    Store, StoreError,
    function::{ERASE, PERSON},
    key::{OfBucket, OfReference},
    node::Over,
};
use crate::{
    event::{Bucket, NOBODY},
    secret::Reference,
};

/// What is to stand in place of what was read.
#[derive(Debug)]
pub struct Change {
    /// Whose.
    pub reference: Reference,
    /// What was read; `None` where there was nothing.
    pub before: Option<Vec<u8>>,
    /// What is to be.
    pub after: Vec<u8>,
    /// When it goes, ms since 1970.
    pub ends: u64,
}

impl Store {
    /// What is held of these persons, in their order, over the exporter's connection.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn exported_persons(&self, references: &[Reference]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.of_persons(Over::Exporting, OfReference::Person, references).await
    }

    /// What is held of these persons, in their order.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn persons(&self, references: &[Reference]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.of_persons(Over::Background, OfReference::Person, references).await
    }

    /// The sealed names of these persons, in their order, of those who were locked.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sealed_names(&self, references: &[Reference]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.of_persons(Over::Background, OfReference::Name, references).await
    }

    /// Keeps the sealed names of persons, each until its end, ms since 1970.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn keep_names(&self, names: &[(Reference, Vec<u8>, u64)]) -> Result<(), StoreError> {
        if names.is_empty() {
            return Ok(());
        }
        let keeping = names.iter().map(|(reference, sealed, ends)| {
            let mut cmd = redis::cmd("SET");
            cmd.arg(OfReference::Name.key(reference)).arg(sealed).arg("PXAT").arg(*ends);
            (Bucket::of(reference), cmd)
        });
        let kept: Vec<Result<Value, _>> = self.plain_over(Over::Exporting, PERSON.name, keeping.collect()).await;
        kept.into_iter().try_for_each(|kept| kept.map(drop))
    }

    async fn of_persons(
        &self,
        over: Over,
        kind: OfReference,
        references: &[Reference],
    ) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        if references.is_empty() {
            return Ok(Vec::new());
        }
        let reading = references.chunk_by(|a, b| Bucket::of(a) == Bucket::of(b)).map(|of_bucket| {
            let mut cmd = redis::cmd("MGET");
            cmd.arg(of_bucket.iter().map(|r| kind.key(r)).collect::<Vec<_>>());
            (of_bucket.first().map_or(Bucket::of(&NOBODY), Bucket::of), cmd)
        });
        let read = self.plain_over(over, PERSON.name, reading.collect()).await;
        let read: Vec<Vec<Option<Vec<u8>>>> = read.into_iter().collect::<Result<_, _>>()?;
        let found: Vec<_> = read.into_iter().flatten().collect();
        if found.len() == references.len() { Ok(found) } else { Err(StoreError::Unexpected(PERSON.name)) }
    }

    /// Destroys what opens this person's fields, and the name; remembered for `retention_ms`.
    ///
    /// # Errors
    /// [`StoreError`]: whether it was destroyed is unknown.
    pub async fn erase(&self, person: &Reference, retention_ms: u64, context: &[u8]) -> Result<(), StoreError> {
        let bucket = Bucket::of(person);
        let keys = [
            OfReference::Person.key(person),
            OfBucket::Epoch.key(bucket).into(),
            OfBucket::Events.key(bucket).into(),
            OfReference::Name.key(person),
        ];
        let retention = retention_ms.to_string();
        let args = [context, retention.as_bytes()];
        let reply = self.call(Over::Background, bucket, &ERASE, (&keys, &args)).await?;
        self.confirmed(bucket, &reply.source()?).await
    }

    /// Makes the changes, each only if what was read still stands; `false` if one did not.
    ///
    /// # Errors
    /// [`StoreError`]: which of them were made is unknown.
    pub async fn change_persons(&self, changes: &[Change]) -> Result<bool, StoreError> {
        if changes.is_empty() {
            return Ok(true);
        }
        // Of somebody new there is nothing to compare with, and a plain command costs the server less than a function.
        let (known, new): (Vec<&Change>, Vec<&Change>) = changes.iter().partition(|change| change.before.is_some());
        let (known, new) = futures_util::future::join(self.replace(&known), self.add(&new)).await;
        Ok(known? && new?)
    }

    async fn add(&self, new: &[&Change]) -> Result<bool, StoreError> {
        if new.is_empty() {
            return Ok(true);
        }
        let adding = new.iter().map(|change| {
            let mut cmd = redis::cmd("SET");
            cmd.arg(OfReference::Person.key(&change.reference))
                .arg(&change.after)
                .arg("NX")
                .arg("PXAT")
                .arg(change.ends);
            (Bucket::of(&change.reference), cmd)
        });
        let added: Vec<Result<Value, _>> = self.plain_over(Over::Exporting, PERSON.name, adding.collect()).await;
        let added: Vec<Value> = added.into_iter().collect::<Result<_, _>>()?;
        Ok(added.iter().all(|added| *added == Value::Okay))
    }

    async fn replace(&self, known: &[&Change]) -> Result<bool, StoreError> {
        if known.is_empty() {
            return Ok(true);
        }
        let command = |change: &&Change| {
            let key = OfReference::Person.key(&change.reference);
            let mut cmd = self.fcall(&PERSON, Bucket::of(&change.reference), &[key]);
            cmd.arg(change.before.as_deref().unwrap_or_default()).arg(&change.after).arg(change.ends);
            cmd
        };
        let bucket_of = |change: &&Change| Bucket::of(&change.reference);
        let made = self.calls(Over::Exporting, &PERSON, known, bucket_of, command).await;
        let made: Vec<Value> = made.into_iter().collect::<Result<_, _>>()?;
        Ok(made.iter().all(|made| *made == Value::Int(1)))
    }
}
