//! What several of the operator's calls read.

use std::time::Duration;

use crate::{
    event::{Kind, NOBODY},
    http::{Fields, Parameters, Problem, calls::input, json::Value},
    secret::Reference,
    service::admin::{SubjectSelector, figures::When, unlock::Unlock},
};

/// Longest reason in bytes.
const REASON_MAX: usize = 200;
/// Longest tenant in characters.
const TENANT_MAX: usize = 32;
/// Most tenants that are named in a refusal.
const SHOWN: usize = 20;
/// Entries of a page where the call does not say.
const LIMIT: usize = 100;

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

    /// All of them.
    pub fn all(&self) -> &[String] {
        &self.0
    }

    /// Their names for whoever mistyped one, as far as one would read on.
    fn shown(&self) -> String {
        let more = if self.0.len() > SHOWN { ", …" } else { "" };
        format!("{}{more}", self.0.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", "))
    }
}

/// Why an operator acts: text of 1 to 200 bytes that must be there.
///
/// # Errors
/// 422 `invalid_field`, as for everything here.
pub fn reason(fields: &mut Fields<'_>) -> Result<String, Problem> {
    let reason = fields.trimmed_text("reason", REASON_MAX)?.ok_or_else(|| fields.missing("reason"))?;
    Ok(reason.into_owned())
}

/// The same where it may be left out.
///
/// # Errors
/// As above.
pub fn optional_reason(fields: &mut Fields<'_>) -> Result<Option<String>, Problem> {
    Ok(fields.measured_text("reason", REASON_MAX)?.map(|reason| reason.trim().to_owned()))
}

/// SubjectSelector an operator means, if they named anyone: `subject` with its `tenant`, or `subject_ref`.
///
/// # Errors
/// As above.
pub fn optional_whom(fields: &mut Fields<'_>, tenants: &Tenants) -> Result<Option<SubjectSelector>, Problem> {
    let subject = input::optional_subject(fields)?;
    let detail = "This field must be 32 hexadecimal digits.";
    let reference = fields.read("subject_ref", detail, |text| Reference::read(&text))?;
    match (subject, reference) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => {
            Err(Problem::invalid_field("subject_ref", "Give the subject or its reference, not both."))
        }
        (Some(subject), None) => Ok(Some(SubjectSelector::Subject { tenant: tenant(fields, tenants)?, subject })),
        (None, Some(reference)) => no_tenant(fields).map(|()| Some(SubjectSelector::Reference(reference))),
    }
}

/// SubjectSelector an operator means.
///
/// # Errors
/// As above.
pub fn whom(fields: &mut Fields<'_>, tenants: &Tenants) -> Result<SubjectSelector, Problem> {
    let whom = optional_whom(fields, tenants)?;
    whom.ok_or_else(|| fields.missing_because("subject", "This field, or subject_ref, is required."))
}

/// The same where it must be a person: events that are about nobody share a reference.
///
/// # Errors
/// As above.
pub fn somebody(fields: &mut Fields<'_>, tenants: &Tenants) -> Result<SubjectSelector, Problem> {
    match whom(fields, tenants)? {
        SubjectSelector::Reference(NOBODY) => {
            Err(Problem::invalid_field("subject_ref", "This is the reference of nobody."))
        }
        whom => Ok(whom),
    }
}

/// Whose user is meant; the only one there is where it is not said.
///
/// # Errors
/// As above.
pub fn tenant(fields: &mut Fields<'_>, tenants: &Tenants) -> Result<String, Problem> {
    match (fields.measured_text("tenant", TENANT_MAX)?, tenants.0.as_slice()) {
        (Some(text), known) if known.iter().any(|one| *one == *text) => Ok(text.into_owned()),
        (Some(_), _) => {
            Err(Problem::invalid_field("tenant", format!("There is no such tenant, but {}.", tenants.shown())))
        }
        (None, [only]) => Ok(only.clone()),
        (None, _) => Err(fields.missing_because(
            "tenant",
            format!("There are several tenants: {}. This field is required.", tenants.shown()),
        )),
    }
}

/// Refuses a tenant where it would narrow nothing.
fn no_tenant(fields: &mut Fields<'_>) -> Result<(), Problem> {
    let refused = || Problem::invalid_field("tenant", "Neither a reference nor all takes a tenant beside it.");
    fields.take("tenant").map_or(Ok(()), |_| Err(refused()))
}

/// Reads what is to be unlocked: exactly one of the ways to say it, since a field that would narrow it must never be
/// overlooked.
///
/// # Errors
/// As above.
pub fn unlock(fields: &mut Fields<'_>, tenants: &Tenants) -> Result<Unlock, Problem> {
    let whom = optional_whom(fields, tenants)?;
    let ip = input::optional_ip(fields)?;
    let all = fields.optional_bool("all")?.unwrap_or(false);
    match (whom, ip, all) {
        (Some(whom), None, false) => Ok(Unlock::Subject(whom)),
        (None, Some(ip), false) => Ok(Unlock::Network { tenant: tenant(fields, tenants)?, ip }),
        (None, None, true) => no_tenant(fields).map(|()| Unlock::All),
        (None, None, false) => {
            Err(fields.missing_because("subject", "One of subject, subject_ref, ip and all is required."))
        }
        (_, _, true) => Err(Problem::invalid_field("all", "All takes no subject and no ip beside it.")),
        (Some(_), Some(_), false) => Err(Problem::invalid_field("ip", "Give a subject or an ip, not both.")),
    }
}

/// Reads how many entries a page is to have at most.
///
/// # Errors
/// As above.
pub fn limit(query: &mut Parameters) -> Result<usize, Problem> {
    let Some(text) = query.take("limit") else { return Ok(LIMIT) };
    // `str::parse` would also take a sign.
    let number =
        text.parse().ok().filter(|number| text.bytes().all(|b| b.is_ascii_digit()) && (1..=1000).contains(number));
    number.ok_or_else(|| Problem::invalid_field("limit", "This must be a whole number from 1 to 1000."))
}

/// Reads how long a lock is to last: at most the longest that functions carry (`config::table::LONGEST`), 40 days.
///
/// # Errors
/// As above.
pub fn length(fields: &mut Fields<'_>) -> Result<Duration, Problem> {
    match fields.take("minutes") {
        None => Err(fields.missing("minutes")),
        Some(Value::Integer(minutes @ 1..=57_600)) => Ok(Duration::from_secs(60 * minutes.unsigned_abs())),
        Some(_) => Err(Problem::invalid_field("minutes", "This field must be a whole number from 1 to 57600.")),
    }
}

/// Reads where a page begins.
///
/// # Errors
/// As above.
pub fn cursor<T>(
    query: &mut Parameters,
    name: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Problem> {
    let Some(text) = query.take(name) else { return Ok(None) };
    let wrong = || Problem::invalid_field(name, "This is no next_cursor of an answer to this call.");
    read(&text).map(Some).ok_or_else(wrong)
}

/// Reads types of events; none where it does not say.
///
/// # Errors
/// As above.
pub fn kinds(query: &mut Parameters) -> Result<Vec<Kind>, Problem> {
    let unknown = || {
        let all: Vec<_> = Kind::ALL.iter().map(|kind| kind.label()).collect();
        let detail = format!("These must be types of events, separated by commas: {}.", all.join(", "));
        Problem::invalid_field("type", detail)
    };
    let Some(words) = query.take("type") else { return Ok(Vec::new()) };
    words.split(',').map(Kind::from_label).collect::<Option<_>>().ok_or_else(unknown)
}

/// Reads when a review's period begins; 30 days ago where it does not say.
///
/// # Errors
/// As above.
pub fn since(query: &mut Parameters) -> Result<When, Problem> {
    const DEFAULT: When = When::Ago(30 * 86_400_000);
    query.take("since").map_or(Some(DEFAULT), |text| When::parse(&text)).ok_or_else(no_period)
}

/// The refusal of a period that is too short or too long, or none.
pub fn no_period() -> Problem {
    const WANTED: &str = "This must be a length of time such as 30d or 12h, or an instant such as 2026-01-31T00:00:00Z, \
                          between an hour and 31 days ago.";
    Problem::invalid_field("since", WANTED)
}
