//! `POST /admin/v1/lock`

use std::time::Duration;

use hyper::StatusCode;
use serde::Serialize;

use super::input::{self, Tenants};
use crate::{
    http::{
        Fields, Problem, RequestId,
        calls::{Answered, refused, time::rfc3339},
    },
    service::{Service, admin::Operator},
};

/// Longest lock: the longest that scripts carry (`config::table::LONGEST`), 40 days.
const MINUTES: std::ops::RangeInclusive<i64> = 1..=57_600;

#[derive(Serialize)]
struct Body {
    locked_until: String,
    lock_level: u8,
    /// `false` where a longer lock runs on as it was.
    changed: bool,
}

/// Locks a subject by hand.
///
/// # Errors
/// A problem where the call cannot be understood or the store does not answer.
pub async fn lock(
    service: &Service,
    operator: Operator<'_>,
    (body, tenants): (&[u8], &Tenants),
    id: &RequestId,
) -> Result<Answered, Problem> {
    let mut fields = Fields::parse(body, &["subject", "tenant", "subject_ref", "minutes", "reason"])?;
    let whom = input::whom(&mut fields, tenants)?;
    let minutes = fields.optional_integer("minutes", MINUTES)?;
    let minutes = minutes.ok_or_else(|| fields.missing("minutes"))?;
    let reason = input::reason(&mut fields)?;
    fields.finish()?;
    let length = Duration::from_secs(60 * minutes.unsigned_abs());
    let locked = service.lock(operator, &whom, length, &reason).await.map_err(|error| refused::outage(&error))?;
    let body = Body { locked_until: rfc3339(locked.until), lock_level: locked.level, changed: locked.changed };
    Ok(Answered::json(StatusCode::OK, &body, "ok", id))
}
