//! `GET /admin/v1/locks`

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hyper::StatusCode;
use serde::Serialize;

use crate::{
    http::{
        Problem, Query, RequestId,
        calls::{Answered, refused, time::rfc3339},
    },
    secret::Name,
    service::{Service, admin::Operator},
    store::locks::{Place, Stopped},
};

/// Entries of a page where the call does not say.
const LIMIT: u64 = 100;
/// Most entries of a page.
const LIMIT_MAX: u64 = 1000;

#[derive(Serialize)]
struct Body {
    locks: Vec<Entry>,
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct Entry {
    subject: Option<String>,
    subject_ref: String,
    tenant: Option<String>,
    locked_at: String,
    /// Null where only an operator ends it.
    locked_until: Option<String>,
    lock_level: u8,
    failures: u32,
    reason: &'static str,
}

/// Lists who is locked or disabled, page by page.
///
/// # Errors
/// A problem where the call cannot be understood or the store does not answer.
pub async fn locks(
    service: &Service,
    operator: Operator<'_>,
    mut query: Query<'_>,
    id: &RequestId,
) -> Result<Answered, Problem> {
    let limit = query.integer("limit", 1..=LIMIT_MAX)?.unwrap_or(LIMIT);
    let from = match query.take("cursor") {
        None => None,
        Some(cursor) => Some(
            place(&cursor)
                .ok_or_else(|| Problem::invalid_field("cursor", "This is no next_cursor of an answer to this call."))?,
        ),
    };
    query.finish()?;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let page = service.locks(operator, from, most).await.map_err(|error| refused::outage(&error))?;
    let body = Body {
        locks: page.stopped.into_iter().map(entry).collect(),
        next_cursor: page.next.map(|place| URL_SAFE_NO_PAD.encode(place.bytes())),
    };
    Ok(Answered::json(StatusCode::OK, &body, "ok", id))
}

fn place(cursor: &str) -> Option<Place> {
    Place::read(&URL_SAFE_NO_PAD.decode(cursor).ok()?)
}

fn entry((stopped, name): (Stopped, Option<Name>)) -> Entry {
    let (subject, tenant) = name.map(|name| (name.subject, name.tenant)).unzip();
    let reason = match (stopped.until, stopped.by_hand) {
        (None, _) => "hard_stop",
        (Some(_), true) => "by_hand",
        (Some(_), false) => "too_many_failures",
    };
    Entry {
        subject,
        subject_ref: stopped.subject.hex(),
        tenant,
        locked_at: rfc3339(stopped.since),
        locked_until: stopped.until.map(rfc3339),
        lock_level: stopped.level,
        failures: stopped.failures,
        reason,
    }
}
