//! `POST /v1/verifications/check`

use std::borrow::Cow;

use hyper::StatusCode;
use serde::Serialize;
use zeroize::Zeroizing;

use super::{Answered, input, refused, time::rfc3339};
use crate::{
    http::{Fields, Problem, RequestId, json::Value},
    policy::{
        Outcome,
        code::{InvalidCode, TypedCode},
    },
    service::{
        Caller, DEFAULT_PURPOSE, Idempotency, Service,
        check::{CheckCall, CheckOutcome, Verdict},
    },
};

#[derive(Serialize)]
struct Body<'a> {
    valid: bool,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts_left: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locked_until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
}

/// Checks a code.
///
/// # Errors
/// A problem where the call cannot be understood.
pub async fn check(
    service: &Service,
    caller: Caller<'_>,
    (body, key): (&[u8], Option<&str>),
    id: &RequestId,
) -> Result<Answered, Problem> {
    let decided = match service.check(caller, read(service, body, key)?).await {
        Ok(decided) => decided,
        Err(error) => return Err(refused::outage(&error)),
    };
    let answered = match &decided.decision {
        CheckOutcome::Verdict(verdict) => Answered::json(StatusCode::OK, &shown(verdict), verdict.outcome.label(), id),
        CheckOutcome::Refused(refusal) => Answered::problem(refused::refusal(refusal), id),
        CheckOutcome::InvalidCode => return Err(Problem::invalid_code()),
    };
    Ok(answered.with_gauges(&decided.gauges).replayed(decided.replayed))
}

/// The fields of this call.
const FIELDS: &[&str] = &["id", "subject", "purpose", "code", "ip", "user_agent", "device_id", "device_token"];

/// What is meant where it is not said. Beside an id it is the id's own purpose: one that differs is answered before the
/// key is looked at.
const DEFAULTS: &[(&str, Value<'_>)] = &[("purpose", Value::Text(Cow::Borrowed(DEFAULT_PURPOSE)))];

fn read(service: &Service, body: &[u8], key: Option<&str>) -> Result<CheckCall, Problem> {
    let mut fields = Fields::parse(body, FIELDS)?;
    let idempotency = key.map(|key| Idempotency::new(key, &fields.content(DEFAULTS)));
    let id = match fields.take("id") {
        None => None,
        Some(Value::Text(text)) if !text.is_empty() => Some(text.into_owned()),
        Some(_) => return Err(Problem::invalid_field("id", "This field must be the id of a verification, as text.")),
    };
    let subject = input::optional_subject(&mut fields)?;
    let purpose = input::optional_purpose(&mut fields)?;
    let client = input::client(&mut fields)?;
    if fields.take("device_token").is_some() {
        return Err(Problem::invalid_field("device_token", "This field is reserved."));
    }
    // Missing, or of another type, it is the program's mistake; whatever else it is, the user's.
    let code = match fields.take("code") {
        None => return Err(fields.missing("code")),
        Some(Value::Text(Cow::Borrowed(text))) => TypedCode::read(text),
        Some(Value::Text(Cow::Owned(text))) => TypedCode::read(&Zeroizing::new(text)),
        Some(_) => return Err(Problem::invalid_field("code", "This field must be text, as the user typed it.")),
    };
    if id.is_none() && subject.is_none() {
        return Err(fields.missing_because("id", "Give the id of the verification, or its subject and purpose."));
    }
    fields.finish()?;
    input::needed_ip(client.ip, service.policy(), service.policy().ip_failures.is_some())?;
    let code = code.map_err(|InvalidCode| Problem::invalid_code())?;
    Ok(CheckCall { id, subject, purpose, code, client, idempotency })
}

fn shown(verdict: &Verdict) -> Body<'_> {
    let wrong = matches!(verdict.outcome, Outcome::WrongCode | Outcome::WrongCodeLocks | Outcome::WrongCodeDisables);
    let (status, reason) = match verdict.outcome {
        Outcome::Approved => ("approved", None),
        Outcome::WrongCode => ("pending", Some("wrong_code")),
        Outcome::WrongCodeLocks | Outcome::WrongCodeDisables => ("locked", Some("wrong_code")),
        Outcome::Used => ("used", Some("already_used")),
        Outcome::Burnt => ("burnt", Some("too_many_failures")),
        other => (other.label(), Some(other.label())),
    };
    Body {
        valid: verdict.outcome == Outcome::Approved,
        status,
        id: verdict.id.as_deref(),
        reason,
        attempts_left: wrong.then_some(verdict.attempts_left),
        locked_until: verdict.lock.map(|(until, _)| rfc3339(until)),
        retry_after: verdict.lock.map(|(until, now)| until.saturating_sub(now).div_ceil(1000)),
    }
}
