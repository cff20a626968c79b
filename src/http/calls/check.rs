//! `POST /v1/verifications/check`

use std::borrow::Cow;

use zeroize::Zeroizing;

use super::input;
use crate::{
    http::{Code, Fields, Problem, json::Value},
    policy::code::{InvalidCode, TypedCode},
    service::{DEFAULT_PURPOSE, Idempotency, Service, check::CheckCall},
};

/// The fields of this call.
const FIELDS: &[&str] = &["id", "subject", "purpose", "code", "ip", "user_agent", "device_id", "device_token"];

/// What is meant where it is not said. Beside an id it is the id's own purpose: one that differs is answered before the
/// key is looked at.
const DEFAULTS: &[(&str, Value<'_>)] = &[("purpose", Value::Text(Cow::Borrowed(DEFAULT_PURPOSE)))];

/// Reads a call.
///
/// # Errors
/// 422 `invalid_field` or `invalid_code`, 400 `malformed`.
pub fn read(service: &Service, body: &[u8], key: Option<&str>) -> Result<CheckCall, Problem> {
    let mut fields = Fields::parse(body, FIELDS)?;
    let idempotency = key.map(|key| Idempotency::new(key, &fields.content(DEFAULTS)));
    let detail = "This field must be the id of a verification, as text.";
    let id = fields.read("id", detail, |text| Some(text.into_owned()).filter(|text| !text.is_empty()))?;
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
    let code = code.map_err(|InvalidCode| Problem::from(Code::InvalidCode).about("code"))?;
    Ok(CheckCall { id, subject, purpose, code, client, idempotency })
}
