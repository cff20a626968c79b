//! Brings to the trail what no script has an event for: what a sidecar did, and what it answered from memory, one event for
//! all of a kind with their exact number.

use std::{
    collections::BTreeMap,
    sync::{MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Mutex;

use super::{
    Caller, Service, client,
    refusals::{Asked, Flow, Owner},
};
use crate::{
    event::{EventContext, Kind, NOBODY},
    policy::{Gauge, Outcome},
    secret::Reference,
    store::{check::CodeFormat, note::Note, target::Target},
};

/// How often they are brought.
pub const EVERY: Duration = Duration::from_millis(500);

/// What is to be written.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    /// What could not be written yet, each under the name by which it is tried again.
    waiting: Mutex<Vec<(Note, [u8; 16])>>,
    /// Checks by ids that are not ours, of clients whose network is not limited, by tenant: about nobody, and free.
    nobodys: std::sync::Mutex<BTreeMap<String, Note>>,
}

impl Service {
    /// Writes the events of what was gathered. What cannot be written now is kept for the next time.
    pub async fn record_gathered(&self) {
        let mut waiting = self.gathering.waiting.lock().await;
        let now = Instant::now();
        let gathered = self.refused_sends.gathered(now).into_iter().chain(self.refused_checks.gathered(now));
        let nobodys = std::mem::take(&mut *self.nobodys()).into_values();
        waiting.extend(gathered.chain(nobodys).map(|gathered| (gathered, rand::random())));
        while let Some((note, operation)) = waiting.last() {
            if let Err(error) = self.store.note_event(note, operation).await {
                tracing::debug!(%error, "events are not noted yet");
                return;
            }
            waiting.pop();
        }
    }

    /// Notes what this sidecar did; written with what is gathered.
    pub async fn gather_act(&self, kind: Kind, sidecar: &str) {
        let context = EventContext { actor: sidecar, ..EventContext::about(&NOBODY) };
        let note = Note {
            reference: NOBODY,
            kind,
            outcome: Outcome::Recorded,
            wait: 0,
            failures: 0,
            level: 0,
            context: context.packed(),
            count: 0,
        };
        self.gathering.waiting.lock().await.push((note, rand::random()));
    }

    fn nobodys(&self) -> MutexGuard<'_, BTreeMap<String, Note>> {
        self.gathering.nobodys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a check by an id that is not ours.
    pub(super) fn gather_nobodys(&self, caller: Caller<'_>) {
        let mut nobodys = self.nobodys();
        if let Some(gathered) = nobodys.get_mut(caller.tenant) {
            gathered.count = gathered.count.saturating_add(1);
            return;
        }
        let gathered = Note {
            reference: NOBODY,
            kind: Kind::Check,
            outcome: Outcome::NotFound,
            wait: 0,
            failures: 0,
            level: 0,
            context: client::nobodys(caller, "", None),
            count: 1,
        };
        nobodys.insert(caller.tenant.to_owned(), gathered);
    }

    /// A check by an id that is not ours.
    pub(super) fn asked_by_nobody(network: Reference) -> Asked {
        asked(Flow { reference: NOBODY, kind: Kind::Check, detail: [0; 28] }, Some(network))
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
    pub(super) fn asked_to_check(
        &self,
        target: &Target<'_>,
        form: CodeFormat,
        network: Option<Reference>,
    ) -> Option<Asked> {
        let generation = target.issue.map(|(generation, _)| generation.0).unwrap_or_default();
        let form = form.matches_policy.then_some([form.length, 1, u8::from(form.of_alphabet), form.alphabet])?;
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
        (caller, purpose): (Caller<'_>, &str),
        (subject, network): (&Reference, Option<&Reference>),
        owner: Owner,
    ) -> Vec<u8> {
        match owner {
            Owner::Subject => client::plain(caller, subject, purpose, None),
            Owner::Network => client::nobodys(caller, purpose, network),
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
