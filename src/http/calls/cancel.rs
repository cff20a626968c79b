//! `POST /v1/verifications/{id}/cancel`

use hyper::StatusCode;
use serde::Serialize;

use super::{Answered, get::word, refused};
use crate::{
    http::{Fields, Problem, RequestId},
    policy::Outcome,
    service::{Caller, Service},
};

#[derive(Serialize)]
struct Body<'a> {
    id: &'a str,
    status: &'static str,
    purpose: &'a str,
}

/// Cancels a verification; tells the status that holds then.
///
/// # Errors
/// 404 for an id that is not remembered, or never was this tenant's.
pub async fn cancel(
    service: &Service,
    caller: Caller<'_>,
    text: &str,
    body: &[u8],
    id: &RequestId,
) -> Result<Answered, Problem> {
    Fields::parse_optional(body, &[])?.finish()?;
    let verification = service.open_id(caller, text).ok_or_else(Problem::unknown_verification)?;
    let state = service.cancel(caller, &verification).await.map_err(|error| refused::outage(&error))?;
    if state == Outcome::NotFound {
        return Err(Problem::unknown_verification());
    }
    let body = Body { id: text, status: word(state), purpose: &verification.purpose };
    Ok(Answered::json(StatusCode::OK, &body, state.label(), id))
}
