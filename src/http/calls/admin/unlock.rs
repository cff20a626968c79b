//! `POST /admin/v1/unlock`

use hyper::StatusCode;
use serde::Serialize;

use super::input::{self, Tenants};
use crate::{
    http::{
        Fields, Problem, RequestId,
        calls::{Answered, refused},
    },
    service::{
        Service,
        admin::{Operator, unlock::Unlock},
    },
};

#[derive(Serialize)]
struct Body {
    unlocked: u64,
}

/// Unlocks a subject, a network or everybody; tells how many were stopped and are not any more.
///
/// # Errors
/// A problem where the call cannot be understood or the store does not answer.
pub async fn unlock(
    service: &Service,
    operator: Operator<'_>,
    (body, tenants): (&[u8], &Tenants),
    id: &RequestId,
) -> Result<Answered, Problem> {
    let mut fields = Fields::parse(body, &["subject", "tenant", "subject_ref", "ip", "all", "reason"])?;
    let what = what(&mut fields, tenants)?;
    let reason = input::reason(&mut fields)?;
    fields.finish()?;
    let unlocked = service.unlock(operator, &what, &reason).await.map_err(|error| refused::outage(&error))?;
    Ok(Answered::json(StatusCode::OK, &Body { unlocked }, "ok", id))
}

/// Exactly one of the ways to say it: a field that would narrow it must never be overlooked.
fn what(fields: &mut Fields<'_>, tenants: &Tenants) -> Result<Unlock, Problem> {
    let whom = input::optional_whom(fields, tenants)?;
    let ip = input::optional_ip(fields)?;
    let all = fields.optional_bool("all")?.unwrap_or(false);
    match (whom, ip, all) {
        (Some(whom), None, false) => Ok(Unlock::Subject(whom)),
        (None, Some(ip), false) => Ok(Unlock::Network { tenant: input::tenant(fields, tenants)?, ip }),
        (None, None, true) => Ok(Unlock::All),
        (None, None, false) => {
            Err(fields.missing_because("subject", "One of subject, subject_ref, ip and all is required."))
        }
        (_, _, true) => Err(Problem::invalid_field("all", "All takes no subject and no ip beside it.")),
        (Some(_), Some(_), false) => Err(Problem::invalid_field("ip", "Give a subject or an ip, not both.")),
    }
}
