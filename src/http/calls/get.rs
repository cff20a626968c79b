//! `GET /v1/verifications/{id}`

use hyper::StatusCode;
use serde::Serialize;

use super::{Answered, refused, time::rfc3339};
use crate::{
    http::{Problem, RequestId},
    policy::Outcome,
    service::{Caller, Service},
};

#[derive(Serialize)]
struct Body<'a> {
    id: &'a str,
    status: &'static str,
    purpose: &'a str,
    channel: &'static str,
    expires_at: String,
    expires_in: u64,
    attempts_left: u32,
}

/// Tells how a verification stands.
///
/// # Errors
/// 404 for an id that is not remembered, or never was this tenant's.
pub async fn get(service: &Service, caller: Caller<'_>, text: &str, id: &RequestId) -> Result<Answered, Problem> {
    let verification = service.open_id(caller, text).ok_or_else(Problem::unknown_verification)?;
    let seen = service.get(&verification).await.map_err(|error| refused::outage(&error))?;
    let seen = seen.ok_or_else(Problem::unknown_verification)?;
    let body = Body {
        id: text,
        status: word(seen.state),
        purpose: &verification.purpose,
        channel: "return",
        expires_at: rfc3339(verification.expires),
        expires_in: match seen.state {
            Outcome::Pending => verification.expires.saturating_sub(seen.now).div_ceil(1000),
            _ => 0,
        },
        attempts_left: seen.attempts_left,
    };
    Ok(Answered::json(StatusCode::OK, &body, seen.state.label(), id))
}

/// A state as this call and `cancel` name it: here a used code says `approved`, because nobody is let in by asking.
pub fn word(state: Outcome) -> &'static str {
    if state == Outcome::Used { "approved" } else { state.label() }
}
