//! `POST /admin/v1/subjects/inspect`

use hyper::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};

use super::input::{self, Tenants};
use crate::{
    http::{
        Fields, Problem, RequestId,
        calls::{
            Answered, input as of_calls, refused, status,
            time::{rfc3339, rfc3339_or_never},
        },
    },
    policy::Outcome,
    service::{
        DEFAULT_PURPOSE, Service,
        admin::{
            Operator,
            inspect::{Block, Inspect, Inspection},
        },
    },
    store::inspect::{FOLDED, OfPurpose},
};

/// All that is told of a subject.
#[derive(Serialize)]
pub(super) struct Body {
    #[serde(flatten)]
    pub(super) held: Held,
    events: Vec<Map<String, Value>>,
}

/// The same without its events.
#[derive(Serialize)]
pub(super) struct Held {
    subject: Option<String>,
    subject_ref: String,
    tenant: Option<String>,
    blocked_by: Vec<ShownBlock>,
    status: status::Body,
    lock: Option<ShownLock>,
    disabled_since: Option<String>,
    wrong_codes_in_a_row: u32,
    hard_stop_at: Option<u16>,
    last_failure_at: Option<String>,
    /// Checks whose codes are being compared.
    comparing: u32,
    purposes: Vec<ShownPurpose>,
    network: Option<ShownNetwork>,
}

#[derive(Serialize)]
struct ShownBlock {
    rule: &'static str,
    stops: &'static str,
    /// Null where only an operator ends it.
    until: Option<String>,
    ended_by: &'static str,
}

#[derive(Serialize)]
struct ShownLock {
    running: bool,
    locked_at: String,
    locked_until: String,
    lock_level: u8,
    failures: u32,
    reason: &'static str,
}

#[derive(Serialize)]
struct ShownPurpose {
    /// Null where nothing tells which it is: the store knows it by a keyed tag.
    purpose: Option<String>,
    failures: u32,
    guard_failures: u32,
    wrong_codes_in_a_row: u32,
    own_send_budget: bool,
    /// How its last code stands, if it is remembered.
    code: Option<&'static str>,
    expires_at: Option<String>,
    delivered: Option<bool>,
    reported: bool,
}

/// In seconds and what is left, each null where that is not limited.
#[derive(Serialize)]
struct ShownNetwork {
    sends_left: Option<u32>,
    next_send_in: u64,
    failures_left: Option<u32>,
    next_check_in: u64,
}

/// Tells all that is held of a subject.
///
/// # Errors
/// A problem where the call cannot be understood or the store does not answer.
pub async fn inspect(
    service: &Service,
    operator: Operator<'_>,
    (body, tenants): (&[u8], &Tenants),
    id: &RequestId,
) -> Result<Answered, Problem> {
    let mut fields = Fields::parse(body, &["subject", "tenant", "subject_ref", "purpose", "ip"])?;
    let call = Inspect {
        whom: input::whom(&mut fields, tenants)?,
        purpose: of_calls::optional_purpose(&mut fields)?.unwrap_or_else(|| DEFAULT_PURPOSE.to_owned()),
        ip: input::optional_ip(&mut fields)?,
    };
    fields.finish()?;
    let inspection = service.inspect(operator, &call).await.map_err(|error| refused::outage(&error))?;
    let hard_stop = service.policy().lockout.hard_stop;
    let body = shown(inspection, call.ip.is_some(), (hard_stop > 0).then_some(hard_stop));
    Ok(Answered::json(StatusCode::OK, &body, "ok", id))
}

/// An inspection as it is told.
pub(super) fn shown(inspection: Inspection, with_network: bool, hard_stop_at: Option<u16>) -> Body {
    let Inspection { reference, name, held, blocked_by, events } = inspection;
    let (subject, tenant) = name.map(|name| (name.subject, name.tenant)).unzip();
    let lock = held.lock.map(|lock| ShownLock {
        running: lock.until > held.standing.now,
        locked_at: rfc3339(lock.since),
        locked_until: rfc3339(lock.until),
        lock_level: held.standing.lock_level,
        failures: lock.failures,
        reason: if lock.by_hand { "by_hand" } else { "too_many_failures" },
    });
    let network = with_network.then(|| ShownNetwork {
        sends_left: held.network_sends.0,
        next_send_in: held.network_sends.1.div_ceil(1000),
        failures_left: held.network_failures.0,
        next_check_in: held.network_failures.1.div_ceil(1000),
    });
    let held = Held {
        subject,
        subject_ref: reference.hex(),
        tenant,
        blocked_by: blocked_by.into_iter().map(shown_block).collect(),
        status: status::shown(&held.standing),
        lock,
        disabled_since: rfc3339_or_never(held.disabled_since),
        wrong_codes_in_a_row: held.in_a_row,
        hard_stop_at,
        last_failure_at: rfc3339_or_never(held.last_failure),
        comparing: held.comparing,
        purposes: held.purposes.iter().map(shown_purpose).collect(),
        network,
    };
    Body { held, events }
}

fn shown_block(block: Block) -> ShownBlock {
    ShownBlock {
        rule: block.rule.label(),
        stops: block.stops(),
        until: block.until.map(rfc3339),
        ended_by: block.ended_by(),
    }
}

fn shown_purpose(of: &OfPurpose) -> ShownPurpose {
    ShownPurpose {
        purpose: Some(of.name.clone()).filter(|name| name != FOLDED),
        failures: of.failures,
        guard_failures: of.guard_failures,
        wrong_codes_in_a_row: of.in_a_row,
        own_send_budget: of.own_budget,
        code: of.code.map(|(state, _)| Outcome::label(state)),
        expires_at: of.code.map(|(_, expires)| rfc3339(expires)),
        delivered: of.delivered,
        reported: of.reported,
    }
}
