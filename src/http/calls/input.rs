//! What several calls read from their bodies.

use std::net::IpAddr;

use crate::{
    http::{Fields, Problem, json::Value},
    policy::{
        Policy, Subject,
        network::canonical,
        purpose::is_purpose,
        subject::{SUBJECT_MAX_BYTES, SubjectError},
    },
    service::client::Client,
};

/// What is kept of a user agent, in bytes.
const USER_AGENT_MAX: usize = 512;
/// Longest device id in bytes.
const DEVICE_ID_MAX: usize = 128;

/// A subject that must be there.
///
/// # Errors
/// 422 `invalid_field`, as for everything here.
pub fn subject(fields: &mut Fields<'_>) -> Result<Subject, Problem> {
    optional_subject(fields)?.ok_or_else(|| fields.missing("subject"))
}

/// A subject that may be there.
///
/// # Errors
/// As above.
pub fn optional_subject(fields: &mut Fields<'_>) -> Result<Option<Subject>, Problem> {
    // White space around it may make it longer than the subject itself may be.
    const WITH_SPACE: usize = 4 * SUBJECT_MAX_BYTES;
    let wrong = |detail: &'static str| Problem::invalid_field("subject", detail);
    match fields.take("subject") {
        None => Ok(None),
        Some(Value::Text(text)) if text.len() > WITH_SPACE => Err(wrong("This field may have at most 256 bytes.")),
        Some(Value::Text(text)) => Subject::new(&text).map(Some).map_err(|error| match error {
            SubjectError::Empty => wrong("This field must not be empty."),
            SubjectError::TooLong => wrong("This field may have at most 256 bytes."),
            SubjectError::Separated => wrong("This field must be one line of text, without tabs."),
            SubjectError::Invisible => wrong("This field has no visible character."),
        }),
        Some(_) => Err(wrong("This field must be text.")),
    }
}

/// A purpose that may be there.
///
/// # Errors
/// As above.
pub fn optional_purpose(fields: &mut Fields<'_>) -> Result<Option<String>, Problem> {
    match fields.take("purpose") {
        None => Ok(None),
        Some(Value::Text(text)) if is_purpose(&text) => Ok(Some(text.into_owned())),
        Some(_) => {
            Err(Problem::invalid_field("purpose", "This field must be 1 to 32 of the characters a-z, 0-9 and _."))
        }
    }
}

/// The end user's address, if it is there; an IPv4 address however it is written.
///
/// # Errors
/// As above.
pub fn optional_ip(fields: &mut Fields<'_>) -> Result<Option<IpAddr>, Problem> {
    let wrong = || Problem::invalid_field("ip", "This field must be an IPv4 or IPv6 address, without port or zone.");
    match fields.take("ip") {
        None => Ok(None),
        Some(Value::Text(text)) => text.trim().parse().map(|ip| Some(canonical(ip))).map_err(|_| wrong()),
        Some(_) => Err(wrong()),
    }
}

/// Refuses a call without the end user's address where that is `limited` and must be there.
///
/// # Errors
/// As above.
pub fn needed_ip(ip: Option<IpAddr>, policy: &Policy, limited: bool) -> Result<(), Problem> {
    if ip.is_none() && limited && policy.require_client_ip {
        return Err(Problem::invalid_field("ip", "This field is needed while calls per IP are limited."));
    }
    Ok(())
}

/// What only adorns the trail: cut after `max` bytes, at the end of a character; empty counts as absent.
///
/// # Errors
/// As above, if it is no text.
pub fn adornment(fields: &mut Fields<'_>, name: &'static str, max: usize) -> Result<Option<String>, Problem> {
    match fields.take(name) {
        None => Ok(None),
        Some(Value::Text(text)) => {
            let end = (0..=max.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
            let cut = text.get(..end.unwrap_or(0)).unwrap_or_default();
            Ok((!cut.is_empty()).then(|| cut.to_owned()))
        }
        Some(_) => Err(Problem::invalid_field(name, "This field must be text.")),
    }
}

/// What the app calls the client's device, at most 128 bytes; empty counts as absent. Never cut: two devices would be one.
fn device_id(fields: &mut Fields<'_>) -> Result<Option<String>, Problem> {
    let wrong = |detail: &'static str| Err(Problem::invalid_field("device_id", detail));
    match fields.take("device_id") {
        None => Ok(None),
        Some(Value::Text(text)) if text.len() > DEVICE_ID_MAX => wrong("This field may have at most 128 bytes."),
        Some(Value::Text(text)) => Ok(Some(text.into_owned()).filter(|text| !text.is_empty())),
        Some(_) => wrong("This field must be text."),
    }
}

/// Address, user agent and device of the client.
///
/// # Errors
/// As above.
pub fn client(fields: &mut Fields<'_>) -> Result<Client, Problem> {
    Ok(Client {
        ip: optional_ip(fields)?,
        user_agent: adornment(fields, "user_agent", USER_AGENT_MAX)?,
        device_id: device_id(fields)?,
        ..Client::default()
    })
}
