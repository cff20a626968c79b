//! `GET /admin/v1/report`

use hyper::StatusCode;

use crate::{
    http::{Problem, Query, RequestId, calls::Answered},
    service::{
        Service,
        admin::{Operator, figures::When},
    },
};

/// Where the call does not say: 30 days ago.
const DEFAULT: When = When::Ago(30 * 86_400_000);

const WANTED: &str = "This must be a length of time such as 30d or 12h, or an instant such as 2026-01-31T00:00:00Z, \
                      between an hour and 31 days ago.";

/// Tells the figures of a review.
///
/// # Errors
/// A problem where the call cannot be understood or the store does not answer.
pub async fn report(
    service: &Service,
    operator: Operator<'_>,
    mut query: Query<'_>,
    id: &RequestId,
) -> Result<Answered, Problem> {
    let wrong = || Problem::invalid_field("since", WANTED);
    let since = query.take("since").map_or(Some(DEFAULT), |text| When::parse(&text)).ok_or_else(wrong)?;
    query.finish()?;
    let review = service.review(operator, since).await?.ok_or_else(wrong)?;
    Ok(Answered::json(StatusCode::OK, &review, "ok", id))
}
