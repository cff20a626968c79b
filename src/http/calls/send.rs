//! `POST /v1/verifications`

use std::borrow::Cow;

use super::input;
use crate::{
    http::{Fields, Problem, json::Value},
    service::{DEFAULT_PURPOSE, Idempotency, Service, send::SendCall},
};

/// The fields of this call.
const FIELDS: &[&str] =
    &["subject", "purpose", "ip", "user_agent", "device_id", "locale", "channel", "consent", "to", "subject_known"];

/// What is meant where it is not said.
const DEFAULTS: &[(&str, Value<'_>)] = &[
    ("purpose", Value::Text(Cow::Borrowed(DEFAULT_PURPOSE))),
    ("channel", Value::Text(Cow::Borrowed("return"))),
    ("consent", Value::Text(Cow::Borrowed("full"))),
    ("subject_known", Value::Bool(true)),
];

/// What is kept of a locale, in bytes: as long as the longest tag that RFC 5646 §4.4.1 counts on.
const LOCALE_MAX: usize = 35;

/// Reads a call.
///
/// # Errors
/// 422 `invalid_field`, 400 `malformed`.
pub fn read(service: &Service, body: &[u8], key: Option<&str>) -> Result<SendCall, Problem> {
    let mut fields = Fields::parse(body, FIELDS)?;
    let idempotency = key.map(|key| Idempotency::new(key, &fields.content(DEFAULTS)));
    let subject = input::subject(&mut fields)?;
    let purpose = input::optional_purpose(&mut fields)?.unwrap_or_else(|| DEFAULT_PURPOSE.to_owned());
    let mut client = input::client(&mut fields)?;
    input::adornment(&mut fields, "locale", LOCALE_MAX)?;
    one_of(&mut fields, "channel", &["return"], "The only channel is \"return\".")?;
    let consents = &["full", "security_only"];
    let consent = one_of(&mut fields, "consent", consents, "This field must be \"full\" or \"security_only\".")?;
    client.security_only = consent == Some("security_only");
    if fields.take("to").is_some() {
        return Err(Problem::invalid_field("to", "The channel \"return\" hands the code to you and takes no address."));
    }
    let known = fields.optional_bool("subject_known")?.unwrap_or(true);
    fields.finish()?;
    input::needed_ip(client.ip, service.policy(), service.policy().ip_sends.is_some())?;
    Ok(SendCall { subject, purpose, client, known, idempotency })
}

fn one_of(
    fields: &mut Fields<'_>,
    name: &'static str,
    words: &[&'static str],
    detail: &'static str,
) -> Result<Option<&'static str>, Problem> {
    let given = fields.take(name);
    let word = |text: &str| words.iter().find(|word| **word == text).copied();
    match &given {
        None => Ok(None),
        Some(Value::Text(text)) if word(text).is_some() => Ok(word(text)),
        Some(_) => Err(Problem::invalid_field(name, detail)),
    }
}
