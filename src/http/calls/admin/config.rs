//! `GET /admin/v1/config`

use hyper::StatusCode;
use serde_json::{Map, Value};

use crate::http::{Problem, Query, RequestId, calls::Answered};

/// Tells what is in force, secrets redacted.
///
/// # Errors
/// 422 for a parameter.
pub fn config(in_force: &[(String, Value)], query: Query<'_>, id: &RequestId) -> Result<Answered, Problem> {
    query.finish()?;
    let body: Map<String, Value> = in_force.iter().cloned().collect();
    Ok(Answered::json(StatusCode::OK, &body, "ok", id))
}
