//! Locks: who is locked or disabled.

use super::{Operator, Service, ServiceError};
use crate::{
    event::Kind,
    secret::Name,
    store::locks::{Place, Stopped},
};

/// A page of them.
#[derive(Debug)]
pub struct LocksPage {
    /// Who, with the names of those that are known.
    pub stopped: Vec<(Stopped, Option<Name>)>,
    /// Where the next page begins, if there is one.
    pub next: Option<Place>,
}

impl Service {
    /// The `most` next ones behind `from`.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub async fn locks(
        &self,
        operator: Operator<'_>,
        from: Option<Place>,
        most: usize,
    ) -> Result<LocksPage, ServiceError> {
        self.look(operator, Kind::AdminLocks).await?;
        let (stopped, more) = self.store.locks(from, most).await?;
        let mut names = self.names(stopped.iter().map(|stopped| stopped.subject)).await?;
        let next = stopped.last().filter(|_| more).map(|last| last.place);
        let named = |stopped: Stopped| (stopped, names.remove(&stopped.subject));
        Ok(LocksPage { stopped: stopped.into_iter().map(named).collect(), next })
    }
}
