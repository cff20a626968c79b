//! Status: how a subject stands.

use serde::Serialize;

use super::{
    Caller, Service, ServiceError,
    time::{rfc3339, rfc3339_or_never},
};
use crate::{policy::Subject, store::status::Standing};

/// The answer: a subject over all purposes, and the pause and quota of one.
#[derive(Debug, Serialize)]
pub struct Status {
    locked: bool,
    locked_until: Option<String>,
    lock_level: u8,
    disabled: bool,
    can_request: bool,
    /// Seconds; `None` where only an operator can end the wait.
    next_request_in: Option<u64>,
    requests_last_hour: u64,
    sends_left: Option<u32>,
    failed_attempts: u32,
    attempts_left: u32,
    last_request_at: Option<String>,
    last_attempt_at: Option<String>,
    pending: u32,
}

impl Status {
    pub(super) fn of(standing: &Standing) -> Self {
        let locked = standing.locked_until > standing.now;
        Self {
            locked,
            locked_until: locked.then(|| rfc3339(standing.locked_until)),
            lock_level: standing.lock_level,
            disabled: standing.disabled,
            can_request: standing.wait == 0 && !standing.disabled,
            next_request_in: (!standing.disabled).then(|| standing.wait.div_ceil(1000)),
            requests_last_hour: standing.sends_last_hour,
            sends_left: standing.sends_left,
            failed_attempts: standing.failures,
            attempts_left: standing.attempts_left,
            last_request_at: rfc3339_or_never(standing.last_send),
            last_attempt_at: rfc3339_or_never(standing.last_attempt),
            pending: standing.pending,
        }
    }
}

impl Service {
    /// Looks at a subject; changes nothing.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub async fn status(&self, caller: Caller<'_>, subject: &Subject, purpose: &str) -> Result<Status, ServiceError> {
        let reference = self.index.subject(caller.tenant, subject);
        Ok(Status::of(&self.store.status(&reference, purpose).await?))
    }
}
