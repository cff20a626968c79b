//! `POST /admin/v1/subjects/erase`

use hyper::StatusCode;
use serde::Serialize;

use super::input::{self, Tenants};
use crate::{
    http::{
        Fields, Problem, RequestId,
        calls::{Answered, refused},
    },
    service::{Service, admin::Operator},
};

#[derive(Serialize)]
struct Body {
    /// Whatever was known before.
    erased: bool,
}

/// Destroys what is known of a person.
///
/// # Errors
/// A problem where the call cannot be understood or the store does not answer.
pub async fn erase(
    service: &Service,
    operator: Operator<'_>,
    (body, tenants): (&[u8], &Tenants),
    id: &RequestId,
) -> Result<Answered, Problem> {
    let mut fields = Fields::parse(body, &["subject", "tenant", "subject_ref", "reason"])?;
    let whom = input::whom(&mut fields, tenants)?;
    let reason = input::optional_reason(&mut fields)?;
    fields.finish()?;
    service.erase(operator, &whom, reason.as_deref()).await.map_err(|error| refused::outage(&error))?;
    Ok(Answered::json(StatusCode::OK, &Body { erased: true }, "ok", id))
}
