//! `POST /v1/verifications`

use std::borrow::Cow;

use hyper::StatusCode;
use serde::Serialize;

use super::{Answered, input, refused, time::rfc3339};
use crate::{
    http::{Fields, Problem, RequestId, json::Value},
    policy::refusal::seconds_up,
    service::{
        Caller, DEFAULT_PURPOSE, Idempotency, Service,
        send::{Issued, SendCall},
    },
};

#[derive(Serialize)]
struct Body<'a> {
    id: &'a str,
    status: &'static str,
    purpose: &'a str,
    channel: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    expires_at: String,
    expires_in: u64,
    resend_in: u64,
    sends_left: Option<u32>,
    attempts_left: u32,
}

/// Issues a code.
///
/// # Errors
/// A problem where the call cannot be understood.
pub async fn send(
    service: &Service,
    caller: Caller<'_>,
    (body, key): (&[u8], Option<&str>),
    id: &RequestId,
) -> Result<Answered, Problem> {
    let call = read(service, body, key)?;
    let purpose = call.purpose.clone();
    let decided = match service.send(caller, call).await {
        Ok(decided) => decided,
        Err(error) => return Err(refused::outage(&error)),
    };
    let answered = match &decided.decision {
        Ok(issued) => Answered::json(StatusCode::CREATED, &shown(issued, &purpose), "issued", id),
        Err(refusal) => Answered::problem(refused::refusal(refusal), id),
    };
    Ok(answered.with_gauges(&decided.gauges).replayed(decided.replayed))
}

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

fn read(service: &Service, body: &[u8], key: Option<&str>) -> Result<SendCall, Problem> {
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

fn shown<'a>(issued: &'a Issued, purpose: &'a str) -> Body<'a> {
    let ms = std::time::Duration::from_millis;
    Body {
        id: &issued.id,
        status: "pending",
        purpose,
        channel: "return",
        code: issued.code.as_ref().map(|code| code.expose()),
        expires_at: rfc3339(issued.expires_at),
        expires_in: seconds_up(ms(issued.expires_at.saturating_sub(issued.now))),
        resend_in: seconds_up(ms(issued.resend_in)),
        sends_left: issued.sends_left,
        attempts_left: issued.attempts_left,
    }
}
