//! `POST /v1/status`

use hyper::StatusCode;
use serde::Serialize;

use super::{
    Answered, input, refused,
    time::{rfc3339, rfc3339_or_never},
};
use crate::{
    http::{Fields, Problem, RequestId},
    service::{Caller, DEFAULT_PURPOSE, Service},
    store::status::Standing,
};

/// The answer.
#[derive(Serialize)]
pub(super) struct Body {
    locked: bool,
    locked_until: Option<String>,
    lock_level: u8,
    disabled: bool,
    can_request: bool,
    /// Seconds; null where only an operator can end the wait.
    next_request_in: Option<u64>,
    requests_last_hour: u64,
    sends_left: Option<u32>,
    failed_attempts: u32,
    attempts_left: u32,
    last_request_at: Option<String>,
    last_attempt_at: Option<String>,
    pending: u32,
}

/// Tells how a subject stands; changes nothing.
///
/// # Errors
/// A problem where the call cannot be understood or the store does not answer.
pub async fn status(service: &Service, caller: Caller<'_>, body: &[u8], id: &RequestId) -> Result<Answered, Problem> {
    let mut fields = Fields::parse(body, &["subject", "purpose"])?;
    let subject = input::subject(&mut fields)?;
    let purpose = input::optional_purpose(&mut fields)?;
    fields.finish()?;
    let purpose = purpose.as_deref().unwrap_or(DEFAULT_PURPOSE);
    let standing = service.status(caller, &subject, purpose).await.map_err(|error| refused::outage(&error))?;
    Ok(Answered::json(StatusCode::OK, &shown(&standing), "ok", id))
}

/// A standing in words and seconds.
pub(super) fn shown(standing: &Standing) -> Body {
    let locked = standing.locked_until > standing.now;
    Body {
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
