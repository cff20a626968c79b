//! What several calls read from their bodies.

use std::{borrow::Cow, net::IpAddr};

use crate::{
    http::{Fields, Problem},
    policy::{
        Policy, Subject,
        network::canonical,
        purpose::is_purpose,
        subject::{SUBJECT_MAX_BYTES, SubjectError},
    },
    service::{DEFAULT_PURPOSE, client::Client},
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
    let read =
        |text: Cow<'_, str>| if text.len() > WITH_SPACE { Err(SubjectError::TooLong) } else { Subject::new(&text) };
    fields.optional_text("subject")?.map(read).transpose().map_err(|error| match error {
        SubjectError::Empty => wrong("This field must not be empty."),
        SubjectError::TooLong => wrong("This field may have at most 256 bytes."),
        SubjectError::Separated => wrong("This field must be one line of text, without tabs."),
        SubjectError::Invisible => wrong("This field has no visible character."),
    })
}

/// What a call is for, the default where it does not say.
///
/// # Errors
/// As above.
pub fn purpose(fields: &mut Fields<'_>) -> Result<String, Problem> {
    Ok(optional_purpose(fields)?.unwrap_or_else(|| DEFAULT_PURPOSE.to_owned()))
}

/// A purpose that may be there.
///
/// # Errors
/// As above.
pub fn optional_purpose(fields: &mut Fields<'_>) -> Result<Option<String>, Problem> {
    let detail = "This field must be 1 to 32 of the characters a-z, 0-9 and _.";
    fields.read("purpose", detail, |text| is_purpose(&text).then(|| text.into_owned()))
}

/// The end user's address, if it is there; an IPv4 address however it is written.
///
/// # Errors
/// As above.
pub fn optional_ip(fields: &mut Fields<'_>) -> Result<Option<IpAddr>, Problem> {
    let detail = "This field must be an IPv4 or IPv6 address, without port or zone.";
    fields.read("ip", detail, |text| text.trim().parse().ok().map(canonical))
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
    let cut = |text: Cow<'_, str>| {
        let end = (0..=max.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
        text.get(..end?).filter(|cut| !cut.is_empty()).map(str::to_owned)
    };
    Ok(fields.optional_text(name)?.and_then(cut))
}

/// What the app calls the client's device, at most 128 bytes; empty counts as absent. Never cut: two devices would be one.
fn device_id(fields: &mut Fields<'_>) -> Result<Option<String>, Problem> {
    match fields.optional_text("device_id")?.filter(|text| !text.is_empty()) {
        Some(text) if text.len() > DEVICE_ID_MAX => {
            Err(Problem::invalid_field("device_id", "This field may have at most 128 bytes."))
        }
        text => Ok(text.map(Cow::into_owned)),
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
