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

/// Whose users there are: those that the app's keys name, or `default` where there are no keys.
#[derive(Debug)]
pub struct Tenants(Vec<String>);

impl Tenants {
    /// Those that keys with these names are of.
    pub fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut all: Vec<String> = names.into_iter().map(str::to_owned).collect();
        all.sort_unstable();
        all.dedup();
        Self(if all.is_empty() { vec![crate::http::auth::DEFAULT_NAME.to_owned()] } else { all })
    }
}

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
pub fn optional_whom(fields: &mut Fields<'_>, tenants: &Tenants) -> Result<Option<Whom>, Problem> {
    let subject = input::optional_subject(fields)?;
    let reference = fields.optional_text("subject_ref", 2 * size_of::<Reference>())?;
    match (subject, reference) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => {
            Err(Problem::invalid_field("subject_ref", "Give the subject or its reference, not both."))
        }
        (Some(subject), None) => Ok(Some(Whom::Subject { tenant: tenant(fields, tenants)?, subject })),
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
pub fn whom(fields: &mut Fields<'_>, tenants: &Tenants) -> Result<Whom, Problem> {
    let whom = optional_whom(fields, tenants)?;
    whom.ok_or_else(|| fields.missing_because("subject", "This field, or subject_ref, is required."))
}

/// Whose user is meant; the only one there is where it is not said.
///
/// # Errors
/// As above.
pub fn tenant(fields: &mut Fields<'_>, tenants: &Tenants) -> Result<String, Problem> {
    match (fields.optional_text("tenant", TENANT_MAX)?, tenants.0.as_slice()) {
        (Some(text), known) if known.iter().any(|one| *one == *text) => Ok(text.into_owned()),
        (Some(_), _) => Err(Problem::invalid_field("tenant", "There is no such tenant: OTP_API_KEYS names them.")),
        (None, [only]) => Ok(only.clone()),
        (None, _) => Err(fields.missing_because("tenant", "There are several tenants: this field is required.")),
    }
}

/// An address, if it is there.
///
/// # Errors
/// As above.
pub fn optional_ip(fields: &mut Fields<'_>) -> Result<Option<IpAddr>, Problem> {
    input::optional_ip(fields)
}
