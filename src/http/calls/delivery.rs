//! `POST /v1/verifications/{id}/delivery` and `…/report`

use super::{Answered, input, refused};
use crate::{
    http::{Fields, Problem, RequestId, json::Value, reply},
    secret::Id,
    service::{Caller, Service},
};

/// What is read of a delivery's detail, in bytes.
const DETAIL_MAX: usize = 256;

/// Notes whether a code reached its user.
///
/// # Errors
/// 404 for an id that is not remembered, or never was this tenant's.
pub async fn delivery(
    service: &Service,
    caller: Caller<'_>,
    text: &str,
    body: &[u8],
    id: &RequestId,
) -> Result<Answered, Problem> {
    let mut fields = Fields::parse(body, &["outcome", "detail"])?;
    let delivered = match fields.take("outcome") {
        None => return Err(fields.missing("outcome")),
        Some(Value::Text(text)) if text == "delivered" => true,
        Some(Value::Text(text)) if text == "failed" => false,
        _ => return Err(Problem::invalid_field("outcome", "This field must be \"delivered\" or \"failed\".")),
    };
    input::adornment(&mut fields, "detail", DETAIL_MAX)?;
    fields.finish()?;
    let verification = open(service, caller, text)?;
    let known = service.delivery(caller, &verification, delivered).await.map_err(|e| refused::outage(&e))?;
    noted(known, if delivered { "delivered" } else { "failed" }, id)
}

/// Notes that a user did not ask for a code, and cancels it.
///
/// # Errors
/// 404 for an id that is not remembered, or never was this tenant's.
pub async fn report(
    service: &Service,
    caller: Caller<'_>,
    text: &str,
    body: &[u8],
    id: &RequestId,
) -> Result<Answered, Problem> {
    let mut fields = Fields::parse(body, &["reason"])?;
    match fields.take("reason") {
        None => return Err(fields.missing("reason")),
        Some(Value::Text(text)) if text == "not_me" => {}
        _ => return Err(Problem::invalid_field("reason", "This field must be \"not_me\".")),
    }
    fields.finish()?;
    let verification = open(service, caller, text)?;
    let known = service.report(caller, &verification).await.map_err(|e| refused::outage(&e))?;
    noted(known, "reported", id)
}

fn open(service: &Service, caller: Caller<'_>, text: &str) -> Result<Id, Problem> {
    service.open_id(caller, text).ok_or_else(Problem::unknown_verification)
}

fn noted(known: bool, outcome: &'static str, id: &RequestId) -> Result<Answered, Problem> {
    if known { Ok(Answered { reply: reply::no_content(id), outcome }) } else { Err(Problem::unknown_verification()) }
}
