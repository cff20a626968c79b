//! `GET /admin/v1/events`

use serde::Serialize;
use serde_json::{Map, Value};

use super::input;
use crate::{
    event::Kind,
    http::{Problem, Query, RequestId, calls::Answered},
    service::{
        Service,
        admin::{
            Operator,
            events::{Wanted, cursor, mark},
        },
    },
};

#[derive(Serialize)]
struct Body<'a> {
    events: &'a [Map<String, Value>],
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
    let most = input::limit(&mut query)?;
    let after = input::cursor(&mut query, "after", mark)?;
    let kinds = match query.take("type") {
        None => Vec::new(),
        Some(words) => words.split(',').map(kind).collect::<Result<_, _>>()?,
    };
    query.finish()?;
    let page = service.events(operator, &Wanted { after, kinds, most }).await?;
    let body = Body { events: &page.events, next_cursor: cursor(&page.next) };
    Ok(Answered::ok(&body, id))
}

fn kind(word: &str) -> Result<Kind, Problem> {
    let unknown = || {
        let all: Vec<_> = Kind::ALL.iter().map(|kind| kind.label()).collect();
        Problem::invalid_field(
            "type",
            format!("These must be types of events, separated by commas: {}.", all.join(", ")),
        )
    };
    Kind::from_label(word).ok_or_else(unknown)
}
