//! Locks: who is locked or disabled.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;

use super::{Operator, Service, ServiceError};
use crate::{
    event::Kind,
    secret::Name,
    service::time::rfc3339,
    store::locks::{Place, Stopped},
};

/// The answer: a page of them.
#[derive(Debug, Serialize)]
pub struct Locks {
    locks: Vec<LockEntry>,
    /// For the next page, if there is one.
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize)]
struct LockEntry {
    /// `None` where the name is not known.
    subject: Option<String>,
    subject_ref: String,
    tenant: Option<String>,
    locked_at: String,
    /// `None` where only an operator ends it.
    locked_until: Option<String>,
    lock_level: u8,
    failures: u32,
    reason: &'static str,
}

impl LockEntry {
    fn new(stopped: &Stopped, name: Option<Name>) -> Self {
        let (subject, tenant) = name.map(|name| (name.subject, name.tenant)).unzip();
        Self {
            subject,
            subject_ref: stopped.subject.hex(),
            tenant,
            // Of one that cannot be read it is not known.
            locked_at: rfc3339(stopped.since),
            locked_until: stopped.until.map(rfc3339),
            lock_level: stopped.level,
            failures: stopped.failures,
            reason: match (stopped.until, stopped.by_hand) {
                _ if stopped.unreadable => "unreadable",
                (None, _) => "hard_stop",
                (Some(_), true) => "by_hand",
                (Some(_), false) => "too_many_failures",
            },
        }
    }
}

/// Reads a `next_cursor`; `None` for anything else.
pub fn cursor(text: &str) -> Option<Place> {
    Place::read(&URL_SAFE_NO_PAD.decode(text).ok()?)
}

impl Service {
    /// Lists the `most` next ones behind `from`, as they were within the last second.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub async fn locks(
        &self,
        operator: Operator<'_>,
        from: Option<Place>,
        most: usize,
    ) -> Result<Arc<Locks>, ServiceError> {
        self.look(operator, Kind::AdminLocks).await?;
        self.reads.locks.get((from, most), self.read_locks(from, most)).await
    }

    async fn read_locks(&self, from: Option<Place>, most: usize) -> Result<Locks, ServiceError> {
        let (stopped, more) = self.store.locks(from, most).await?;
        let mut names = self.names(stopped.iter().map(|stopped| stopped.subject)).await?;
        let next = stopped.last().filter(|_| more).map(|last| last.place);
        let entry = |stopped: &Stopped| LockEntry::new(stopped, names.remove(&stopped.subject));
        let locks = stopped.iter().map(entry).collect();
        Ok(Locks { locks, next_cursor: next.map(|place| URL_SAFE_NO_PAD.encode(place.bytes())) })
    }
}
