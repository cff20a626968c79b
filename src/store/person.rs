//! What is held of a person beside the record ([`crate::secret::person`]): read and changed.

use redis::{Value, aio::MultiplexedConnection};

use super::{
    Bucket, Store, StoreError,
    key::{OfBucket, OfReference},
    link::Link,
    script::{ERASE, PERSON},
};
use crate::secret::Reference;

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
        self.of_persons(&self.exporting, OfReference::Person, references).await
    }

    /// What is held of these persons, in their order.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn persons(&self, references: &[Reference]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.of_persons(&self.background, OfReference::Person, references).await
    }

    /// The sealed names of these persons, in their order, of those who were locked.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sealed_names(&self, references: &[Reference]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.of_persons(&self.background, OfReference::Name, references).await
    }

    /// Keeps the sealed names of persons, each until its end, ms since 1970.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn keep_names(&self, names: &[(Reference, Vec<u8>, u64)]) -> Result<(), StoreError> {
        if names.is_empty() {
            return Ok(());
        }
        let mut keeping = redis::Pipeline::with_capacity(names.len());
        for (reference, sealed, ends) in names {
            keeping.cmd("SET").arg(OfReference::Name.key(reference)).arg(sealed).arg("PXAT").arg(*ends).ignore();
        }
        let kept = self
            .exporting
            .run(|mut connection: MultiplexedConnection| async move { keeping.exec_async(&mut connection).await });
        self.note(PERSON.name, kept.await)
    }

    async fn of_persons(
        &self,
        link: &Link,
        kind: OfReference,
        references: &[Reference],
    ) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        if references.is_empty() {
            return Ok(Vec::new());
        }
        let mut reading = redis::Pipeline::with_capacity(references.len());
        for bucket in references.chunk_by(|a, b| Bucket::of(a) == Bucket::of(b)) {
            reading.cmd("MGET").arg(bucket.iter().map(|r| kind.key(r)).collect::<Vec<_>>());
        }
        let read = link.run(|mut connection: MultiplexedConnection| async move {
            reading.query_async::<Vec<Vec<Option<Vec<u8>>>>>(&mut connection).await
        });
        let found: Vec<_> = self.note(PERSON.name, read.await)?.into_iter().flatten().collect();
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
        self.run(&self.background, &ERASE, &keys, &args).await.map(drop)
    }

    /// Makes the changes, each only if what was read still stands; `false` if one did not.
    ///
    /// # Errors
    /// [`StoreError`]: which of them were made is unknown.
    pub async fn change_persons(&self, changes: &[Change]) -> Result<bool, StoreError> {
        if changes.is_empty() {
            return Ok(true);
        }
        let command = |verb: &str, what: &str, change: &Change| {
            let mut cmd = redis::cmd(verb);
            cmd.arg(what).arg(1).arg(OfReference::Person.key(&change.reference));
            cmd.arg(change.before.as_deref().unwrap_or_default()).arg(&change.after).arg(change.ends);
            cmd
        };
        let made = self.each(&PERSON, changes, command).await?;
        Ok(made.iter().all(|made| *made == Value::Int(1)))
    }
}
