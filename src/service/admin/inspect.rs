//! Inspect: all that is held of one subject, why it is stopped, and what would end that.

use std::net::IpAddr;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    Operator, Service, ServiceError, SubjectSelector,
    near::Near,
    sentence::{never_seen, sentence},
};
use crate::{
    event::{Kind, NOBODY},
    policy::{Network, Outcome},
    secret::{Name, Person, Reference, Who},
    service::{
        DEFAULT_PURPOSE,
        deliver::Delivery,
        status::Status,
        time::{rfc3339, rfc3339_or_never},
    },
    store::inspect::{FOLDED, Inspected, OfPurpose},
};

/// Events of a subject that are shown.
const EVENTS: usize = 20;

/// What an operator asks.
#[derive(Debug)]
pub struct Inspect {
    /// About whom.
    pub whom: SubjectSelector,
    /// Whose pause and quota are told.
    pub purpose: String,
    /// An address whose network is looked at as well.
    pub ip: Option<IpAddr>,
    /// All tenants, with whom somebody may be who is not found.
    pub tenants: Vec<String>,
}

/// The answer: all that is held of a subject.
#[derive(Debug, Serialize)]
pub struct Inspection {
    /// `None` where the name is not known.
    subject: Option<String>,
    subject_ref: String,
    tenant: Option<String>,
    /// Whether anything is remembered of the subject.
    seen: bool,
    /// Why the subject is stopped, to be read out.
    sentence: String,
    /// Of a subject that was never seen, spellings near it that were.
    near: Vec<Near>,
    /// What stops the subject now, with that of its network where one was named.
    blocked_by: Vec<Block>,
    status: Status,
    lock: Option<HeldLock>,
    disabled_since: Option<String>,
    wrong_codes_in_a_row: u32,
    /// `None` where the hard stop is off.
    hard_stop_at: Option<u16>,
    last_failure_at: Option<String>,
    /// Checks whose codes are being compared.
    comparing: u32,
    purposes: Vec<HeldPurpose>,
    network: Option<HeldNetwork>,
    /// What was learned of its sign-ins.
    #[serde(skip_serializing_if = "Option::is_none")]
    risk: Option<Value>,
    /// Its newest events, the newest last; `None` where they are told apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) events: Option<Vec<Map<String, Value>>>,
}

#[derive(Debug, Serialize)]
struct Block {
    /// As in refusals.
    rule: &'static str,
    stops: &'static str,
    /// `None` where only an operator ends it.
    until: Option<String>,
    ended_by: &'static str,
}

#[derive(Debug, Serialize)]
struct HeldLock {
    running: bool,
    locked_at: String,
    locked_until: String,
    lock_level: u8,
    failures: u32,
    reason: &'static str,
}

#[derive(Debug, Serialize)]
struct HeldPurpose {
    /// `None` where nothing tells which it is: the store knows it by a keyed tag.
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
    /// The message that carries it, where we deliver it.
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<Delivery>,
}

/// In seconds and what is left, each `None` where that is not limited.
#[derive(Debug, Serialize)]
struct HeldNetwork {
    sends_left: Option<u32>,
    next_send_in: u64,
    failures_left: Option<u32>,
    next_check_in: u64,
}

impl Block {
    fn new(rule: Outcome, until: Option<u64>) -> Self {
        let (stops, ended_by) = match rule {
            Outcome::SubjectDisabled => ("sends and checks", "an unlock, and nothing else"),
            Outcome::SubjectLocked | Outcome::IpBlocked => ("sends and checks", "time, or an unlock"),
            _ => ("sends", "time, or an unlock with sends"),
        };
        Self { rule: rule.label(), stops, until: until.map(rfc3339), ended_by }
    }
}

impl HeldPurpose {
    fn new(of: &OfPurpose, delivery: Option<Delivery>) -> Self {
        Self {
            delivery,
            purpose: Some(of.name.clone()).filter(|name| name != FOLDED),
            failures: of.failures,
            guard_failures: of.guard_failures,
            wrong_codes_in_a_row: of.in_a_row,
            own_send_budget: of.own_budget,
            code: of.code.map(|(state, _)| state.label()),
            expires_at: of.code.map(|(_, expires)| rfc3339(expires)),
            delivered: of.delivered,
            reported: of.reported,
        }
    }
}

impl Service {
    /// Looks at a subject; changes nothing.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub async fn inspect(&self, operator: Operator<'_>, call: &Inspect) -> Result<Inspection, ServiceError> {
        let reference = self.reference(&call.whom);
        // Not whom by name: who was erased would be known again.
        let context = self.act(operator, &reference, call.whom.tenant(), None, Who::default());
        self.store.record_read_access(&reference, Kind::AdminInspect, &context).await?;
        self.inspection(call, EVENTS).await
    }

    /// The same, unrecorded, with the `most` newest events at most.
    pub(super) async fn inspection(&self, call: &Inspect, most: usize) -> Result<Inspection, ServiceError> {
        let reference = self.reference(&call.whom);
        let name = self.names([reference]).await?.remove(&reference);
        let tenant = match &call.whom {
            SubjectSelector::Subject { tenant, .. } => tenant,
            SubjectSelector::Reference(_) => name.as_ref().map_or("", |name| &name.tenant),
        };
        let network = call.ip.map(|ip| self.index.network(tenant, &Network::of(ip, self.policy.ipv6_prefix)));
        let held = self.store.inspect(&reference, &call.purpose, network.as_ref()).await?;
        let risk = self.held_risk(&reference, tenant, held.standing.now).await?;
        let events = self.events_of(&reference, most).await?;
        let name = match &call.whom {
            SubjectSelector::Subject { tenant, subject } => {
                Some(Name { tenant: tenant.clone(), subject: subject.spelling().to_owned() })
            }
            SubjectSelector::Reference(_) => name,
        };
        let (subject, tenant) = name.map(|name| (name.subject, name.tenant)).unzip();
        let (hard_stop, stops) = (self.policy.lockout.hard_stop, stops(&held));
        let seen = self.is_seen(&reference, &held).await?;
        let near = if seen { Vec::new() } else { self.near(&call.whom, &call.tenants).await? };
        Ok(Inspection {
            subject,
            subject_ref: reference.hex(),
            tenant,
            seen,
            sentence: if seen { sentence(&held, &stops) } else { never_seen(&call.whom) },
            near,
            blocked_by: stops.into_iter().map(|(rule, until)| Block::new(rule, until)).collect(),
            status: Status::of(&held.standing),
            lock: held.lock.map(|lock| HeldLock {
                running: lock.until > held.standing.now,
                locked_at: rfc3339(lock.since),
                locked_until: rfc3339(lock.until),
                lock_level: held.standing.lock_level,
                failures: lock.failures,
                reason: if lock.by_hand { "by_hand" } else { "too_many_failures" },
            }),
            disabled_since: rfc3339_or_never(held.disabled_since),
            wrong_codes_in_a_row: held.in_a_row,
            hard_stop_at: (hard_stop > 0).then_some(hard_stop),
            last_failure_at: rfc3339_or_never(held.last_failure),
            comparing: held.comparing,
            purposes: held.purposes.iter().map(|of| HeldPurpose::new(of, self.delivery_of(&reference, of))).collect(),
            network: network.map(|_| HeldNetwork {
                sends_left: held.network_sends.left,
                next_send_in: held.network_sends.reset_ms.div_ceil(1000),
                failures_left: held.network_failures.left,
                next_check_in: held.network_failures.reset_ms.div_ceil(1000),
            }),
            risk,
            events: Some(events),
        })
    }
}

impl Service {
    /// Whether anything is remembered of a subject, beside what operators did that changed nothing.
    pub(super) async fn is_seen(&self, reference: &Reference, held: &Inspected) -> Result<bool, ServiceError> {
        // Events that are about nobody share a reference.
        if *reference == NOBODY {
            return Ok(false);
        }
        let standing = &held.standing;
        let any = standing.last_send.max(standing.last_attempt).max(held.last_failure).max(held.disabled_since) > 0;
        Ok(any
            || held.lock.is_some()
            || !held.purposes.is_empty()
            || self.persons([*reference]).await?.get(reference).is_some_and(Person::is_somebody))
    }

    /// The same of whom nothing was read yet.
    pub(super) async fn was_seen(&self, reference: &Reference) -> Result<bool, ServiceError> {
        match self.store.inspect(reference, DEFAULT_PURPOSE, None).await {
            Ok(held) => self.is_seen(reference, &held).await,
            // That there is a record is known.
            Err(error) if error.is_unreadable() => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    /// A message with where it goes, as operators are shown it.
    fn delivery_of(&self, subject: &Reference, of: &OfPurpose) -> Option<Delivery> {
        let held = of.message.clone()?;
        let about = of.generation.as_ref().and_then(|generation| self.about(subject, generation, &held.about));
        let to = about.and_then(|about| about.ways.into_iter().nth(usize::from(held.step))).map(|way| way.to);
        Some(Delivery::new(held, to))
    }
}

/// What stops a subject, and until when, `None` for ever, in the order in which callers are told.
pub(super) fn stops(held: &Inspected) -> Vec<(Outcome, Option<u64>)> {
    let now = held.standing.now;
    let timed = |rule, wait: u64| (wait > 0).then_some((rule, Some(now + wait)));
    let all = [
        held.standing.disabled.then_some((Outcome::SubjectDisabled, None)),
        timed(Outcome::SubjectLocked, held.standing.locked_until.saturating_sub(now)),
        timed(Outcome::IpBlocked, held.network_failures.reset_ms),
        timed(Outcome::ResendCooldown, held.pause),
        timed(Outcome::QuotaSubject, held.quota_wait),
        timed(Outcome::QuotaIp, held.network_sends.reset_ms),
    ];
    all.into_iter().flatten().collect()
}
