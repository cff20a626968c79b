//! Coalesces refusals from memory into one event a second with an exact count, and records starts and stops: what no
//! script has an event for.

use std::{
    collections::BTreeMap,
    sync::{MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Mutex;

use super::{
    Caller, Decision, Service, client,
    decided::Decided,
    denial_cache::{DenialCache, DenialKeys, Scope},
    looks::{COUNTED_FOR, Looks},
};
use crate::{
    event::{EventContext, Kind, NOBODY},
    policy::Outcome,
    store::note::Note,
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
        let note = Note::new(NOBODY, kind, Outcome::Recorded, context.packed());
        let mut waiting = self.suppressed.waiting.lock().await;
        if kind == Kind::Stop {
            waiting.extend(
                self.suppressed
                    .looks
                    .over(Instant::now() + COUNTED_FOR)
                    .into_iter()
                    .map(|looks| (looks, rand::random())),
            );
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
        let context = client::plain(caller, &NOBODY, "", None);
        let gathered = Note { count: 1, ..Note::new(NOBODY, Kind::Check, Outcome::NotFound, context) };
        nobodys.insert(caller.tenant.to_owned(), gathered);
    }

    /// The refusal that the store would give again, from memory: counted, and with those of its gauges that are known.
    pub(super) fn denied<D: Decided, T>(
        &self,
        cache: &DenialCache<D>,
        keys: &DenialKeys,
        caller: Caller<'_>,
        purpose: &str,
    ) -> Option<Decision<T>> {
        let context = |scope| match scope {
            Scope::Subject => client::plain(caller, &keys.subject.reference, purpose, None),
            Scope::Network => client::plain(caller, &NOBODY, purpose, keys.network.map(|key| key.reference).as_ref()),
        };
        let (decided, scope) = cache.lookup(keys, self.policy.lockout.max_failures, context)?;
        self.metrics.refused_again.inc();
        let mut refused = self.refused(&decided, purpose, false);
        refused.limits.retain(|gauge| gauge.name.starts_with("ip") == (scope == Scope::Network));
        Some(refused)
    }
}
