//! `GET /admin/v1/events`

use hyper::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    event::Kind,
    http::{
        Problem, Query, RequestId,
        calls::{Answered, refused},
    },
    service::{
        Service,
        admin::{
            Operator,
            events::{Wanted, cursor, mark},
        },
    },
};

/// Events of a page where the call does not say.
const LIMIT: u64 = 100;
/// Most events of a page.
const LIMIT_MAX: u64 = 1000;

#[derive(Serialize)]
struct Body {
    events: Vec<Map<String, Value>>,
    next_cursor: String,
}

/// Lists the newest events, or those behind a cursor.
///
/// # Errors
/// A problem where the call cannot be understood or the store does not answer.
pub async fn events(
    service: &Service,
    operator: Operator<'_>,
    mut query: Query<'_>,
    id: &RequestId,
) -> Result<Answered, Problem> {
    let limit = query.integer("limit", 1..=LIMIT_MAX)?.unwrap_or(LIMIT);
    let after = match query.take("after") {
        None => None,
        Some(cursor) => Some(
            mark(&cursor)
                .ok_or_else(|| Problem::invalid_field("after", "This is no next_cursor of an answer to this call."))?,
        ),
    };
    let kinds = match query.take("type") {
        None => Vec::new(),
        Some(words) => words.split(',').map(kind).collect::<Result<_, _>>()?,
    };
    query.finish()?;
    let wanted = Wanted { after, kinds, most: usize::try_from(limit).unwrap_or(usize::MAX) };
    let page = service.events(operator, &wanted).await.map_err(|error| refused::outage(&error))?;
    let body = Body { events: page.events, next_cursor: cursor(&page.next) };
    Ok(Answered::json(StatusCode::OK, &body, "ok", id))
}

fn kind(word: &str) -> Result<Kind, Problem> {
    let unknown = || Problem::invalid_field("type", "These must be types of events, separated by commas.");
    Kind::from_label(word).ok_or_else(unknown)
}
