//! Names: whom references stand for, where that is known and was not erased.

use std::{collections::BTreeMap, sync::Arc};

use super::{Service, ServiceError, lines::aside};
use crate::{
    event::Bucket,
    secret::{Name, Person, Reference},
};

impl Service {
    /// What is held of these persons, each once.
    pub(super) async fn persons(
        &self,
        references: impl IntoIterator<Item = Reference>,
    ) -> Result<BTreeMap<Reference, Person>, ServiceError> {
        let mut references: Vec<Reference> = references.into_iter().collect();
        references.sort_unstable_by_key(by_bucket);
        references.dedup();
        let found = self.store.persons(&references).await?;
        let known = references.into_iter().zip(found);
        Ok(known.filter_map(|(reference, bytes)| Some((reference, Person::read(&bytes?)?))).collect())
    }

    /// The names of those among these persons who were locked.
    pub(super) async fn names(
        &self,
        references: impl IntoIterator<Item = Reference>,
    ) -> Result<BTreeMap<Reference, Name>, ServiceError> {
        let persons: Vec<_> = self.persons(references).await?.into_iter().collect();
        let mut references: Vec<Reference> = persons.iter().map(|(reference, _)| *reference).collect();
        references.sort_unstable_by_key(by_bucket);
        let sealed = self.store.sealed_names(&references).await?;
        let persons: BTreeMap<Reference, Person> = persons.into_iter().collect();
        let key = Arc::clone(&self.audit);
        let open = move |(reference, sealed): (Reference, Option<Vec<u8>>)| {
            let name = persons.get(&reference)?.open_name(&key, &reference, &sealed?)?;
            Some((reference, name))
        };
        aside(move || references.into_iter().zip(sealed).filter_map(open).collect()).await
    }
}

/// So that those of one bucket are asked for together.
fn by_bucket(reference: &Reference) -> (Bucket, Reference) {
    (Bucket::of(reference), *reference)
}
