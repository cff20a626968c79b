//! Inspect: all that is held of one subject, why it is stopped, and what would end that.

use std::net::IpAddr;

use serde_json::{Map, Value};

use super::{Operator, Service, ServiceError, Whom};
use crate::{
    event::Kind,
    policy::{Network, Outcome},
    secret::{Name, Reference},
    store::inspect::Inspected,
};

/// Events of a subject that are shown.
const EVENTS: usize = 20;

/// What an operator asks.
#[derive(Debug)]
pub struct Inspect {
    /// About whom.
    pub whom: Whom,
    /// Whose pause and quota are told.
    pub purpose: String,
    /// An address whose network is looked at as well.
    pub ip: Option<IpAddr>,
}

/// What stops a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// The rule, as in refusals.
    pub rule: Outcome,
    /// Until when, ms since 1970; `None` = until somebody acts.
    pub until: Option<u64>,
}

impl Block {
    /// What it stops.
    pub fn stops(&self) -> &'static str {
        match self.rule {
            Outcome::SubjectDisabled | Outcome::SubjectLocked | Outcome::IpBlocked => "sends and checks",
            _ => "sends",
        }
    }

    /// What ends it.
    pub fn ended_by(&self) -> &'static str {
        match self.rule {
            Outcome::SubjectDisabled => "an unlock, and nothing else",
            Outcome::SubjectLocked | Outcome::IpBlocked => "time, or an unlock",
            _ => "time alone",
        }
    }
}

/// The answer.
#[derive(Debug)]
pub struct Inspection {
    /// The subject's reference.
    pub reference: Reference,
    /// Whom it stands for, where that is known.
    pub name: Option<Name>,
    /// What the store holds.
    pub held: Inspected,
    /// What stops the subject now, with that of its network where one was named.
    pub blocked_by: Vec<Block>,
    /// Its newest events, the newest last.
    pub events: Vec<Map<String, Value>>,
}

impl Service {
    /// Looks at a subject; changes nothing.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub async fn inspect(&self, operator: Operator<'_>, call: &Inspect) -> Result<Inspection, ServiceError> {
        let reference = self.reference(&call.whom);
        // Not whom by name: who was erased would be known again.
        let told = (None, None, None);
        let context = self.act(operator, (&reference, call.whom.tenant()), None, told);
        self.store.record_read_access(&reference, Kind::AdminInspect, &context).await?;
        self.inspection(call, EVENTS).await
    }

    /// The same, unrecorded, with the `most` newest events at most.
    pub(super) async fn inspection(&self, call: &Inspect, most: usize) -> Result<Inspection, ServiceError> {
        let reference = self.reference(&call.whom);
        let name = self.names([reference]).await?.remove(&reference);
        let tenant = match &call.whom {
            Whom::Subject { tenant, .. } => tenant,
            Whom::Reference(_) => name.as_ref().map_or("", |name| &name.tenant),
        };
        let network = call.ip.map(|ip| self.index.network(tenant, &Network::of(ip, self.policy.ipv6_prefix)));
        let held = self.store.inspect(&reference, &call.purpose, network.as_ref()).await?;
        let events = self.events_of(&reference, most).await?;
        let name = match &call.whom {
            Whom::Subject { tenant, subject } => {
                Some(Name { tenant: tenant.clone(), subject: subject.spelling().to_owned() })
            }
            Whom::Reference(_) => name,
        };
        Ok(Inspection { reference, name, blocked_by: blocks(&held), held, events })
    }
}

/// In the order in which they are told to callers.
fn blocks(held: &Inspected) -> Vec<Block> {
    let now = held.standing.now;
    let timed = |rule, wait: u64| (wait > 0).then_some(Block { rule, until: Some(now + wait) });
    let disabled = held.standing.disabled.then_some(Block { rule: Outcome::SubjectDisabled, until: None });
    let all = [
        disabled,
        timed(Outcome::SubjectLocked, held.standing.locked_until.saturating_sub(now)),
        timed(Outcome::IpBlocked, held.network_failures.1),
        timed(Outcome::ResendCooldown, held.pause),
        timed(Outcome::QuotaSubject, held.quota_wait),
        timed(Outcome::QuotaIp, held.network_sends.1),
    ];
    all.into_iter().flatten().collect()
}
