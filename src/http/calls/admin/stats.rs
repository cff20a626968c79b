//! `GET /admin/v1/stats`

use hyper::StatusCode;

use crate::{
    http::{Problem, Query, RequestId, calls::Answered},
    service::Service,
};

/// Tells sums over all sidecars.
///
/// # Errors
/// A problem where the call cannot be understood or the store does not answer.
pub async fn stats(service: &Service, query: Query<'_>, id: &RequestId) -> Result<Answered, Problem> {
    query.finish()?;
    Ok(Answered::json(StatusCode::OK, &*service.stats().await?, "ok", id))
}
