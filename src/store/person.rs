//! What is held of a person beside the record ([`crate::secret::person`]): read and changed.

use futures_util::future::join_all;
use redis::Value;

use super::{Store, StoreError, call::Command, connection::Lane, functions::PERSON, key::OfReference};
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
    pub async fn exported_persons(&self, references: &[Reference]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.of_persons(Lane::Export, OfReference::Person, references).await
    }

    /// What is held of these persons, in their order.
    pub async fn persons(&self, references: &[Reference]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.of_persons(Lane::Background, OfReference::Person, references).await
    }

    /// The profiles of these users, in their order, over the exporter's connection.
    pub async fn profiles(&self, references: &[Reference]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.of_persons(Lane::Export, OfReference::Profile, references).await
    }

    /// The sealed names of these persons, in their order, of those who were locked.
    pub async fn sealed_names(&self, references: &[Reference]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.of_persons(Lane::Background, OfReference::Name, references).await
    }

    /// Keeps the sealed names of persons, each until its end, ms since 1970.
    pub async fn keep_names(&self, names: &[(Reference, Vec<u8>, u64)]) -> Result<(), StoreError> {
        if names.is_empty() {
            return Ok(());
        }
        let keeping = names.iter().map(|(reference, sealed, ends)| {
            let key = OfReference::Name.key(reference);
            Command::new(Bucket::of(reference), "SET", key).arg(sealed).arg("PXAT").arg(*ends)
        });
        let kept: Vec<Result<Value, _>> = self.commands(Lane::Export, PERSON.name, keeping.collect()).await;
        kept.into_iter().try_for_each(|kept| kept.map(drop))
    }

    async fn of_persons(
        &self,
        lane: Lane,
        kind: OfReference,
        references: &[Reference],
    ) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        if references.is_empty() {
            return Ok(Vec::new());
        }
        let one = !self.topology.clustered();
        let reading = references.chunk_by(|a, b| one || Bucket::of(a) == Bucket::of(b)).map(|of_bucket| {
            let bucket = of_bucket.first().map_or(Bucket::of(&NOBODY), Bucket::of);
            Command::new(bucket, "MGET", of_bucket.iter().map(|r| kind.key(r)).collect::<Vec<_>>())
        });
        let read = self.commands(lane, PERSON.name, reading.collect()).await;
        let read: Vec<Vec<Option<Vec<u8>>>> = read.into_iter().collect::<Result<_, _>>()?;
        let found: Vec<_> = read.into_iter().flatten().collect();
        if found.len() == references.len() { Ok(found) } else { Err(StoreError::Unexpected(PERSON.name)) }
    }

    /// Makes the changes, each only if what was read still stands; answers those of whom it did not.
    ///
    /// # Errors
    /// [`StoreError`]: which of them were made is unknown.
    pub async fn change_persons(&self, changes: &[Change]) -> Result<Vec<Reference>, StoreError> {
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        // Of somebody new there is nothing to compare with, and a plain command costs the server less than a function.
        let (known, new): (Vec<&Change>, Vec<&Change>) = changes.iter().partition(|change| change.before.is_some());
        let (known, new) = futures_util::future::join(self.replace(&known), self.add(&new)).await;
        Ok([known?, new?].concat())
    }

    async fn add(&self, new: &[&Change]) -> Result<Vec<Reference>, StoreError> {
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let adding = new.iter().map(|change| {
            let key = OfReference::Person.key(&change.reference);
            Command::new(Bucket::of(&change.reference), "SET", key)
                .arg(&change.after)
                .arg(&["NX", "PXAT"])
                .arg(change.ends)
        });
        let added: Vec<Result<Value, _>> = self.commands(Lane::Export, PERSON.name, adding.collect()).await;
        let added: Vec<Value> = added.into_iter().collect::<Result<_, _>>()?;
        let failed = new.iter().zip(added).filter(|(_, added)| *added != Value::Okay);
        Ok(failed.map(|(change, _)| change.reference).collect())
    }

    async fn replace(&self, known: &[&Change]) -> Result<Vec<Reference>, StoreError> {
        if known.is_empty() {
            return Ok(Vec::new());
        }
        let made = join_all(known.iter().map(|change| async move {
            let keys = [OfReference::Person.key(&change.reference)];
            let (before, ends) = (change.before.as_deref().unwrap_or_default(), change.ends.to_string());
            let bucket = Bucket::of(&change.reference);
            self.call(Lane::Export, &PERSON, bucket, &keys, &[before, &change.after, ends.as_bytes()]).await?.int()
        }));
        let mut failed = Vec::new();
        for (change, made) in known.iter().zip(made.await) {
            if made? != 1 {
                failed.push(change.reference);
            }
        }
        Ok(failed)
    }
}
