//! Brings refusals that were given from memory to the trail: one event for all of a kind, with their exact number.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::{
    Service,
    refusals::{Asked, Flow, Owner},
};
use crate::{
    audit::event::{self, Kind},
    policy::{Gauge, Outcome},
    secret::Reference,
    store::{check::Form, refused::Gathered, target::Target},
};

/// How often they are brought.
pub const EVERY: Duration = Duration::from_millis(500);

/// What could not be written yet, each under the name by which it is tried again.
#[derive(Debug, Default)]
pub(super) struct Gathering(Mutex<Vec<(Gathered, [u8; 16])>>);

impl Service {
    /// Writes the events of what was gathered. What cannot be written now is kept for the next time.
    pub async fn record_gathered(&self) {
        let mut waiting = self.gathering.0.lock().await;
        let now = Instant::now();
        let gathered = self.refused_sends.gathered(now).into_iter().chain(self.refused_checks.gathered(now));
        waiting.extend(gathered.map(|gathered| (gathered, rand::random())));
        while let Some((gathered, operation)) = waiting.last() {
            if let Err(error) = self.store.refused(gathered, operation).await {
                tracing::debug!(%error, "gathered refusals are not recorded yet");
                return;
            }
            waiting.pop();
        }
    }

    /// A send, or a request of an app with codes of its own, that may be refused from memory.
    pub(super) fn asked_to_send(
        &self,
        kind: Kind,
        subject: Reference,
        tag: [u8; 4],
        network: Option<Reference>,
    ) -> Asked {
        let mut detail = [0; 28];
        detail.iter_mut().zip(tag).for_each(|(to, from)| *to = from);
        asked(Flow { reference: subject, kind, detail }, network)
    }

    /// A check that may be refused from memory: `None` where only the store knows whether it could be a code at all.
    pub(super) fn asked_to_check(&self, target: &Target<'_>, form: Form, network: Option<Reference>) -> Option<Asked> {
        let generation = target.issue.map(|(generation, _)| generation.0).unwrap_or_default();
        let form = form.shaped.then_some([form.length, 1, u8::from(form.of_alphabet), form.alphabet])?;
        let mut detail = [0; 28];
        let parts = target.tag.0.into_iter().chain(target.spelling.0).chain(generation).chain(form);
        detail.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
        Some(asked(Flow { reference: target.subject, kind: Kind::Check, detail }, network))
    }

    /// Counts a refusal from memory, and leaves of its gauges those that are known.
    pub(super) fn refused_again(&self, owner: Owner, gauges: &mut Vec<Gauge>) {
        self.metrics.refused_again.inc();
        gauges.retain(|gauge| gauge.name.starts_with("ip") == (owner == Owner::Network));
    }

    /// The context of an event that stands for many refusals.
    pub(super) fn gathered_context(
        &self,
        (request_id, tenant, purpose): (&str, &str, &str),
        (subject, network): (&Reference, Option<&Reference>),
        owner: Owner,
    ) -> Vec<u8> {
        match owner {
            Owner::Subject => event::context(subject, request_id, tenant, purpose, None),
            Owner::Network => event::context(&event::NOBODY, request_id, tenant, purpose, network),
        }
    }
}

/// Whether the store refused by a rule.
pub(super) fn refused(outcome: Outcome) -> bool {
    (Outcome::SubjectDisabled as u8..=Outcome::QuotaIp as u8).contains(&(outcome as u8))
}

fn asked(subject: Flow, network: Option<Reference>) -> Asked {
    let of_network = |reference| Flow { reference, kind: subject.kind, detail: [0; 28] };
    Asked { subject, network: network.map(of_network), at: Instant::now() }
}
