//! `POST /v1/verifications`

use std::borrow::Cow;

use super::input;
use crate::{
    delivery::{address::MailAddress, templates::is_locale},
    http::{Fields, Problem, json::Value},
    policy::Subject,
    service::{DEFAULT_PURPOSE, Idempotency, Service, deliver::Destination, send::SendCall},
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
    let channel = channel(&mut fields, service)?;
    let consents = &["full", "security_only"];
    let consent = one_of(&mut fields, "consent", consents, "This field must be \"full\" or \"security_only\".")?;
    client.security_only = consent == Some("security_only");
    let destination = destination(&mut fields, channel, &subject)?;
    let known = fields.optional_bool("subject_known")?.unwrap_or(true);
    fields.finish()?;
    input::needed_ip(client.ip, service.policy(), service.policy().ip_sends.is_some())?;
    Ok(SendCall { subject, purpose, client, known, idempotency, destination })
}

/// Which way the code goes; `None` where the caller delivers it.
fn channel(fields: &mut Fields<'_>, service: &Service) -> Result<Option<String>, Problem> {
    match fields.take("channel") {
        None => Ok(None),
        Some(Value::Text(text)) if text == "return" => Ok(None),
        Some(Value::Text(text)) if service.has_channel(&text) => Ok(Some(text.into_owned())),
        Some(_) => {
            Err(Problem::invalid_field("channel", "This field must be \"return\" or a channel that is configured."))
        }
    }
}

/// Where the code goes, and in which language.
fn destination(
    fields: &mut Fields<'_>,
    channel: Option<String>,
    subject: &Subject,
) -> Result<Option<Destination>, Problem> {
    let Some(channel) = channel else {
        input::adornment(fields, "locale", LOCALE_MAX)?;
        return match fields.take("to") {
            None => Ok(None),
            Some(_) => {
                Err(Problem::invalid_field("to", "The channel \"return\" hands the code to you and takes no address."))
            }
        };
    };
    let locale = match fields.take("locale") {
        None => None,
        Some(Value::Text(text)) if is_locale(&text) => Some(text.into_owned()),
        Some(_) => {
            return Err(Problem::invalid_field("locale", "This field must be a language tag, such as \"de-AT\"."));
        }
    };
    let is_address = |text: &str| MailAddress::parse(text).is_some();
    let to = match fields.take("to") {
        Some(Value::Text(text)) if is_address(&text) => text.into_owned(),
        None if is_address(subject.spelling()) => subject.spelling().to_owned(),
        None => {
            return Err(fields.missing_because("to", "This field is required where the subject is no mail address."));
        }
        Some(_) => return Err(Problem::invalid_field("to", "This field must be one plain mail address.")),
    };
    Ok(Some(Destination { channel, to, locale }))
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
