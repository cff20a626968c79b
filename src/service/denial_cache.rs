//! Refusals given again from memory, so that a flood against one subject or from one network costs the store nothing.
//!
//! Only what the store itself refused is given again, with its waits as they are by then: for [`LONGEST`] at most, never
//! beyond its end, and only to who keeps calling: the first [`FLOOD`] refusals of a kind come from the store. What hangs
//! on the subject alone (a lock, the hard stop, pause and quota of sends) is given to any network, without that network's
//! gauges; what hangs on a network is given for any subject, without the subject's.
//!
//! Each refusal from here is counted, and [`DenialCache::suppressed`] hands the counts to whoever writes them to the trail.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::decided::Decided;
use crate::{event::Kind, policy::Outcome, secret::Reference, store::note::Note};

/// How long a refusal is believed. An operator's unlock, or another sidecar's success, is felt after so long at the latest.
pub const LONGEST: Duration = Duration::from_secs(1);
/// So many refusals of one kind come from the store before one comes from here: more than a person or an honest client
/// asks for within two seconds.
pub const FLOOD: u32 = 8;
/// Most refusals that are remembered, of some 300 bytes each. Others are asked of the store, as ever.
const MOST: usize = 4096;

/// Which calls are refused alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DenialKey {
    /// The subject, or the network.
    pub reference: Reference,
    /// What was asked.
    pub kind: Kind,
    /// What else it depends on: purpose, verification, form of the code; nothing where it is the network's.
    pub detail: [u8; 28],
}

/// A call that may be refused from here.
#[derive(Debug)]
pub struct DenialKeys {
    /// For what hangs on the subject.
    pub subject: DenialKey,
    /// For what hangs on the network, where it is limited.
    pub network: Option<DenialKey>,
    /// When it came.
    pub at: Instant,
}

/// What a refusal hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The subject.
    Subject,
    /// The client's network.
    Network,
}

impl DenialKeys {
    /// Those of a call about a subject, of which `detail` is what else it depends on, by way of a network where that is
    /// limited.
    pub fn new(
        kind: Kind,
        subject: Reference,
        detail: impl IntoIterator<Item = u8>,
        network: Option<Reference>,
    ) -> Self {
        let mut bytes = [0; 28];
        bytes.iter_mut().zip(detail).for_each(|(to, from)| *to = from);
        let network = network.map(|reference| DenialKey { reference, kind, detail: [0; 28] });
        Self { subject: DenialKey { reference: subject, kind, detail: bytes }, network, at: Instant::now() }
    }
}

#[derive(Debug)]
struct Entry<T> {
    /// Refusals by the store, each within twice [`LONGEST`] of the one before.
    seen: u32,
    /// When the last of them was asked for: before the store's clock was read.
    at: Instant,
    until: Instant,
    answer: T,
    suppressed: Option<Note>,
}

/// Remembers what the store refused.
#[derive(Debug)]
pub struct DenialCache<T>(Mutex<BTreeMap<DenialKey, Entry<T>>>);

impl<T> Default for DenialCache<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Decided> DenialCache<T> {
    /// The refusal that the store would give as well, and what it hangs on. `context` is for the event that stands for all
    /// that are suppressed, of the subject or of none; failures are what `attempts` are less those left.
    pub fn lookup(&self, asked: &DenialKeys, attempts: u16, context: impl Fn(Scope) -> Vec<u8>) -> Option<(T, Scope)> {
        let mut entries = self.entries();
        let keys = [(Some(asked.subject), Scope::Subject), (asked.network, Scope::Network)];
        for (key, scope) in keys {
            let Some(key) = key else { continue };
            let Some(entry) = entries.get_mut(&key) else { continue };
            if entry.seen < FLOOD || asked.at >= entry.until {
                continue;
            }
            let answer = entry.answer.with_age(millis(asked.at.saturating_duration_since(entry.at)));
            let suppressed = entry.suppressed.get_or_insert_with(|| {
                let left = u16::try_from(entry.answer.attempts_left()).unwrap_or(u16::MAX);
                let own = scope == Scope::Subject;
                Note {
                    reference: key.reference,
                    kind: key.kind,
                    outcome: entry.answer.outcome(),
                    wait: entry.answer.wait().unwrap_or(0),
                    failures: if own { attempts.saturating_sub(left) } else { 0 },
                    level: if own { entry.answer.lock().level } else { 0 },
                    context: context(scope),
                    count: 0,
                }
            });
            suppressed.count = suppressed.count.saturating_add(1);
            return Some((answer, scope));
        }
        None
    }

    /// Remembers what the store refused.
    pub fn note(&self, asked: &DenialKeys, answer: &T) {
        let key = match answer.outcome() {
            Outcome::SubjectDisabled | Outcome::SubjectLocked | Outcome::ResendCooldown | Outcome::QuotaSubject => {
                Some(asked.subject)
            }
            Outcome::IpBlocked | Outcome::QuotaIp => asked.network,
            _ => None,
        };
        let Some(key) = key else { return };
        let until = asked.at + answer.wait().map_or(LONGEST, |ms| LONGEST.min(Duration::from_millis(ms)));
        let mut entries = self.entries();
        if let Some(entry) = entries.get_mut(&key) {
            // Of two that were asked for at once the later counts.
            if asked.at >= entry.at {
                let going_on = asked.at - entry.at <= 2 * LONGEST;
                entry.seen = if going_on { entry.seen.saturating_add(1) } else { 1 };
                (entry.at, entry.until, entry.answer) = (asked.at, until, answer.clone());
            } else if entry.seen > 0 {
                entry.seen = entry.seen.saturating_add(1);
            }
        } else if entries.len() < MOST {
            entries.insert(key, Entry { seen: 1, at: asked.at, until, answer: answer.clone(), suppressed: None });
        }
    }

    /// Gives no more refusals of this subject or network until the store refuses again. Those that were asked for before
    /// `now` and come in after count for nothing.
    pub fn forget(&self, reference: &Reference, now: Instant) {
        let mut entries = self.entries();
        let from = DenialKey { reference: *reference, kind: Kind::Send, detail: [0; 28] };
        for (_, entry) in entries.range_mut(from..).take_while(|(key, _)| key.reference == *reference) {
            (entry.seen, entry.at, entry.until) = (0, now, now);
        }
    }

    /// Takes what was suppressed, and gives up what has not been refused for a while.
    pub fn suppressed(&self, now: Instant) -> Vec<Note> {
        let mut entries = self.entries();
        let suppressed = entries.values_mut().filter_map(|entry| entry.suppressed.take()).collect();
        entries.retain(|_, entry| now.saturating_duration_since(entry.at) <= 2 * LONGEST);
        suppressed
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<DenialKey, Entry<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
