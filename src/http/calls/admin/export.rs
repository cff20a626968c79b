//! `POST /admin/v1/subjects/export`

use std::{path::PathBuf, sync::Arc};

use hyper::StatusCode;
use serde::Serialize;

use super::{
    input::{self, Tenants},
    inspect::{Body as Held, shown},
};
use crate::{
    http::{
        Fields, Problem, RequestId,
        calls::{Answered, refused},
    },
    service::{
        DEFAULT_PURPOSE, Service,
        admin::{Operator, inspect::Inspect},
    },
};

#[derive(Serialize)]
struct Body {
    #[serde(flatten)]
    held: Held,
    /// `false` where there are more events than are taken out at once, or a trail could not be read.
    complete: bool,
}

/// Takes out all that is held of a person.
///
/// # Errors
/// A problem where the call cannot be understood, or the store does not answer.
pub async fn export(
    service: &Service,
    operator: Operator<'_>,
    (body, tenants, trails): (&[u8], &Tenants, Option<Arc<PathBuf>>),
    id: &RequestId,
) -> Result<Answered, Problem> {
    let mut fields = Fields::parse(body, &["subject", "tenant", "subject_ref", "reason"])?;
    let call = Inspect { whom: input::whom(&mut fields, tenants)?, purpose: DEFAULT_PURPOSE.to_owned(), ip: None };
    let reason = input::optional_reason(&mut fields)?;
    fields.finish()?;
    let exported = service.export(operator, &call, (trails, reason.as_deref())).await;
    let exported = exported.map_err(|error| refused::outage(&error))?;
    let hard_stop = service.policy().lockout.hard_stop;
    let held = shown(exported.inspection, false, (hard_stop > 0).then_some(hard_stop));
    Ok(Answered::json(StatusCode::OK, &Body { held, complete: !exported.more }, "ok", id))
}
