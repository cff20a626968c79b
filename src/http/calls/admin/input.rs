//! What several of the operator's calls read.

use std::net::IpAddr;

use crate::{
    audit::tally::unhex,
    http::{Fields, Problem, calls::input},
    secret::Reference,
    service::admin::Whom,
};

/// Longest reason in bytes.
const REASON_MAX: usize = 200;
/// Longest tenant in characters.
const TENANT_MAX: usize = 32;

/// Why an operator acts: text of 1 to 200 bytes that must be there.
///
/// # Errors
/// 422 `invalid_field`, as for everything here.
pub fn reason(fields: &mut Fields<'_>) -> Result<String, Problem> {
    Ok(fields.required_trimmed("reason", REASON_MAX)?.into_owned())
}

/// The same where it may be left out.
///
/// # Errors
/// As above.
pub fn optional_reason(fields: &mut Fields<'_>) -> Result<Option<String>, Problem> {
    Ok(fields.optional_text("reason", REASON_MAX)?.map(|reason| reason.trim().to_owned()))
}

/// Whom an operator means, if they named anyone: `subject` with its `tenant`, or `subject_ref`.
///
/// # Errors
/// As above.
pub fn optional_whom(fields: &mut Fields<'_>, default: Option<&str>) -> Result<Option<Whom>, Problem> {
    let subject = input::optional_subject(fields)?;
    let reference = fields.optional_text("subject_ref", 2 * size_of::<Reference>())?;
    match (subject, reference) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => {
            Err(Problem::invalid_field("subject_ref", "Give the subject or its reference, not both."))
        }
        (Some(subject), None) => Ok(Some(Whom::Subject { tenant: tenant(fields, default)?, subject })),
        (None, Some(text)) => match unhex(&text) {
            Some(reference) => Ok(Some(Whom::Reference(Reference(reference)))),
            None => Err(Problem::invalid_field("subject_ref", "This field must be 32 hexadecimal digits.")),
        },
    }
}

/// Whom an operator means.
///
/// # Errors
/// As above.
pub fn whom(fields: &mut Fields<'_>, default: Option<&str>) -> Result<Whom, Problem> {
    let missing = || Problem::invalid_field("subject", "This field, or subject_ref, is required.");
    optional_whom(fields, default)?.ok_or_else(missing)
}

/// Whose user is meant; `default` where it is not said.
///
/// # Errors
/// As above.
pub fn tenant(fields: &mut Fields<'_>, default: Option<&str>) -> Result<String, Problem> {
    let given = fields.optional_text("tenant", TENANT_MAX)?;
    let valid = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
    match (given, default) {
        (Some(text), _) if text.bytes().all(valid) => Ok(text.into_owned()),
        (Some(_), _) => Err(Problem::invalid_field("tenant", "This field must be of a-z, 0-9, _ and -.")),
        (None, Some(only)) => Ok(only.to_owned()),
        (None, None) => Err(Problem::invalid_field("tenant", "There are several tenants: this field is required.")),
    }
}

/// An address, if it is there.
///
/// # Errors
/// As above.
pub fn optional_ip(fields: &mut Fields<'_>) -> Result<Option<IpAddr>, Problem> {
    input::optional_ip(fields)
}
