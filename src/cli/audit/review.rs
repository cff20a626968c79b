//! What `report` is told of trails: the review that they tell, if they are as they were written.

use std::{
    ffi::OsString,
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};

use super::{exit_of, gathered, given};
use crate::{
    audit::verify::verify,
    cli::{Exit, Failure},
    event::time::rfc3339,
    service::admin::figures::When,
};

/// What `report` is told.
#[derive(Debug)]
pub struct Asked<'a> {
    /// Trails, or directories of trails.
    pub dirs: Vec<PathBuf>,
    /// When the period begins.
    pub since: &'a str,
    /// When it ends; now where it is not said.
    pub until: Option<&'a str>,
    /// The public key, or a file with it.
    pub public_key: Option<&'a str>,
}

/// Verifies the trails and draws the review up.
///
/// # Errors
/// Why there is none: what is wrong with the first of the trails by its own code, [`Exit::Usage`] for a period that is none,
/// [`Exit::Config`] for keys that make no sense.
pub fn draw(asked: Asked<'_>, environment: Vec<(OsString, OsString)>) -> Result<Value, Failure> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let now = u64::try_from(now).unwrap_or(u64::MAX);
    let at = |name: &str, text: &str| {
        let why = || {
            format!("{name} must be a length of time such as 30d or 12h, or an instant such as 2026-01-31T00:00:00Z")
        };
        When::parse(text).map(|when| when.at(now)).ok_or_else(|| Failure::said(Exit::Usage, why()))
    };
    let period = at("--since", asked.since)?..asked.until.map_or(Ok(now), |until| at("--until", until))?;
    if period.is_empty() {
        return Err(Failure::said(Exit::Usage, "--since must be before --until, or before now"));
    }
    let report = verify(&given(asked.dirs, asked.public_key, environment)?);
    if let Some(finding) = report.findings.first() {
        return Err(Failure::said(exit_of(finding), format!("{finding}; `audit verify` says more")));
    }
    let trails: Vec<PathBuf> = report.trails.iter().map(|trail| trail.path.clone()).collect();
    let drawn = gathered::draw(&trails, period);
    let mut answer = drawn.map_err(|error| Failure::said(Exit::Unreadable, error.to_string()))?;
    let first = report.trails.iter().filter_map(|trail| Some(trail.times?.0)).min();
    if let Value::Object(fields) = &mut answer {
        let believed = report.trails.iter().any(|trail| trail.believed);
        let verified = json!({
            "trails": trails.len(), "events": report.events, "first_at": first.map(rfc3339), "key_believed": believed,
        });
        fields.insert("verified".into(), verified);
    }
    Ok(answer)
}
