//! Coalesces refusals from memory into one event a second with an exact count, and records starts and stops: what no
//! script has an event for.

use std::{
    collections::BTreeMap,
    sync::{MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Mutex;

use super::{
    Caller, Service, client,
    denial_cache::{DenialKey, DenialKeys, Scope},
    looks::Looks,
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
pub(super) struct Suppressed {
    /// What could not be written yet, each under the name by which it is tried again.
    waiting: Mutex<Vec<(Note, [u8; 16])>>,
    /// Checks by ids that are not ours, of clients whose network is not limited, by tenant: about nobody, and free.
    nobodys: std::sync::Mutex<BTreeMap<String, Note>>,
    /// Looks of operators, by actor and what at.
    pub(super) looks: Looks,
}

impl Service {
    /// Writes the coalesced events. What cannot be written now is kept for the next time.
    pub async fn write_suppressed(&self) {
        let mut waiting = self.suppressed.waiting.lock().await;
        let now = Instant::now();
        let gathered = self.refused_sends.suppressed(now).into_iter().chain(self.refused_checks.suppressed(now));
        let nobodys = std::mem::take(&mut *self.nobodys()).into_values();
        let looks = self.suppressed.looks.over(now);
        waiting.extend(gathered.chain(nobodys).chain(looks).map(|gathered| (gathered, rand::random())));
        while let Some((note, operation)) = waiting.last() {
            if let Err(error) = self.store.note_event(note, operation).await {
                tracing::debug!(%error, "events are not noted yet");
                return;
            }
            waiting.pop();
        }
    }

    /// Notes what this sidecar did; written with what is gathered.
    pub async fn record_act(&self, kind: Kind, sidecar: &str) {
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
        let mut waiting = self.suppressed.waiting.lock().await;
        if kind == Kind::Stop {
            waiting.extend(self.suppressed.looks.all().into_iter().map(|looks| (looks, rand::random())));
        }
        waiting.push((note, rand::random()));
    }

    fn nobodys(&self) -> MutexGuard<'_, BTreeMap<String, Note>> {
        self.suppressed.nobodys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a check by an id that is not ours.
    pub(super) fn coalesce_unknown_id(&self, caller: Caller<'_>) {
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
    pub(super) fn denial_keys_of_unknown_id(network: Reference) -> DenialKeys {
        asked(DenialKey { reference: NOBODY, kind: Kind::Check, detail: [0; 28] }, Some(network))
    }

    /// A send, or a request of an app with codes of its own, that may be refused from memory.
    pub(super) fn denial_keys_of_send(
        &self,
        kind: Kind,
        subject: Reference,
        tag: [u8; 4],
        network: Option<Reference>,
    ) -> DenialKeys {
        let mut detail = [0; 28];
        detail.iter_mut().zip(tag).for_each(|(to, from)| *to = from);
        asked(DenialKey { reference: subject, kind, detail }, network)
    }

    /// A check that may be refused from memory: `None` where only the store knows whether it could be a code at all.
    pub(super) fn denial_keys_of_check(
        &self,
        target: &Target<'_>,
        form: CodeFormat,
        network: Option<Reference>,
    ) -> Option<DenialKeys> {
        let generation = target.issue.map(|(generation, _)| generation.0).unwrap_or_default();
        let form = form.matches_policy.then_some([form.length, 1, u8::from(form.of_alphabet), form.alphabet])?;
        let mut detail = [0; 28];
        let parts = target.tag.0.into_iter().chain(target.spelling.0).chain(generation).chain(form);
        detail.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
        Some(asked(DenialKey { reference: target.subject, kind: Kind::Check, detail }, network))
    }

    /// Counts a refusal from memory, and leaves of its gauges those that are known.
    pub(super) fn count_suppressed(&self, scope: Scope, gauges: &mut Vec<Gauge>) {
        self.metrics.refused_again.inc();
        gauges.retain(|gauge| gauge.name.starts_with("ip") == (scope == Scope::Network));
    }

    /// The context of an event that stands for many refusals.
    pub(super) fn suppressed_context(
        &self,
        caller: Caller<'_>,
        purpose: &str,
        subject: &Reference,
        network: Option<&Reference>,
        scope: Scope,
    ) -> Vec<u8> {
        match scope {
            Scope::Subject => client::plain(caller, subject, purpose, None),
            Scope::Network => client::nobodys(caller, purpose, network),
        }
    }
}

/// Whether the store refused by a rule.
pub(super) fn refused(outcome: Outcome) -> bool {
    (Outcome::SubjectDisabled as u8..=Outcome::QuotaIp as u8).contains(&(outcome as u8))
}

fn asked(subject: DenialKey, network: Option<Reference>) -> DenialKeys {
    let of_network = |reference| DenialKey { reference, kind: subject.kind, detail: [0; 28] };
    DenialKeys { subject, network: network.map(of_network), at: Instant::now() }
}
