//! Lock: an operator locks a subject by hand.

use std::time::Duration;

use serde::Serialize;

use super::{Operator, Service, ServiceError, SubjectSelector};
use crate::{secret::Who, service::time::rfc3339};

/// The answer.
#[derive(Debug, Serialize)]
pub struct Locked {
    locked_until: String,
    lock_level: u8,
    /// `false` where a longer lock runs on as it was.
    changed: bool,
    /// Whether anything was remembered of whom it is about: somebody may be locked before they come, or be misspelt.
    seen: bool,
}

impl Service {
    /// Locks `whom` for `length`, at most 40 days, for this `reason`.
    ///
    /// # Errors
    /// [`ServiceError`]: whether it is locked is unknown. To do it again does no harm.
    pub async fn lock(
        &self,
        operator: Operator<'_>,
        whom: &SubjectSelector,
        length: Duration,
        reason: &str,
    ) -> Result<Locked, ServiceError> {
        let reference = self.reference(whom);
        let seen = self.was_seen(&reference).await?;
        let who = Who { subject: whom.spelling(), reason: Some(reason), ..Who::default() };
        let context = self.act(operator, &reference, whom.tenant(), None, who);
        let locked = self.store.lock(&reference, length, &context).await?;
        self.reads.forget();
        Ok(Locked { locked_until: rfc3339(locked.until), lock_level: locked.level, changed: locked.changed, seen })
    }
}
