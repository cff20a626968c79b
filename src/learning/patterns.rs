//! Patterns over several calls: strangers who fail from one network, networks that fail at one subject, refused sends to one.

use std::collections::{HashMap, HashSet};

use sha2::{Digest as _, Sha256};

use crate::{
    event::{Event, EventContext, Kind, NOBODY},
    policy::{Outcome, Quota},
    risk::{
        Pattern, Risk, Signals,
        profile::Profile,
        signals::{ALLOWED, short},
    },
    secret::Reference,
    store::{note::Note, risk::Sighting},
};

/// Subjects whose refused sends are counted at once, and strangers that are remembered.
const MOST: usize = 10_000;

/// An event that is to be noted once.
#[derive(Debug)]
pub(super) struct Suspicion {
    pub(super) note: Note,
    pub(super) operation: [u8; 16],
}

impl Suspicion {
    /// That an event, with others, is suspicious: the `nth` time about this network or subject. `count` is how many there were, or
    /// how many points.
    pub(super) fn new(event: &Event, outcome: Outcome, about: Reference, nth: u64, count: u32) -> Self {
        let (subject, network) = match outcome {
            Outcome::Spraying => (&NOBODY, Some(&about)),
            Outcome::SignIn | Outcome::Travel => (&about, event.network.as_ref()),
            _ => (&about, None),
        };
        let context = EventContext {
            request_id: event.request_id.as_deref().unwrap_or_default(),
            tenant: event.tenant.as_deref().unwrap_or_default(),
            network,
            signals: &event.signals,
            ..EventContext::about(subject)
        };
        let note = Note { count, ..Note::new(about, Kind::Suspicious, outcome, context.packed()) };
        // Named by what it is about, so that it is noted once.
        let name = Sha256::new().chain_update(outcome.label()).chain_update(about.0).chain_update(nth.to_be_bytes());
        Self { note, operation: name.finalize().first_chunk().copied().unwrap_or_default() }
    }
}

/// Refused sends of subjects in the current window.
#[derive(Debug, Default)]
pub(super) struct Bombed(HashMap<Reference, (u64, u32)>);

impl Bombed {
    /// Counts a refused send, or many that were gathered; the one that is too many is suspicious.
    pub(super) fn count(&mut self, risk: &Risk, event: &Event) -> Option<Suspicion> {
        let Quota { max, window } = risk.settings.bombing?;
        if event.subject == NOBODY {
            return None;
        }
        let window = event.time_ms / 1000 / window.as_secs().max(1);
        self.make_room(window);
        let counted = self.0.entry(event.subject).or_default();
        if counted.0 != window {
            *counted = (window, 0);
        }
        let before = counted.1;
        counted.1 = before.saturating_add(event.count.unwrap_or(1));
        (before < max && counted.1 >= max)
            .then(|| Suspicion::new(event, Outcome::Bombing, event.subject, window, counted.1))
    }

    /// Of too many subjects those go that are over, then those with the fewest: a flood of others hides nobody.
    fn make_room(&mut self, window: u64) {
        if self.0.len() < MOST {
            return;
        }
        self.0.retain(|_, counted| counted.0 == window);
        let mut counts: Vec<u32> = self.0.values().map(|counted| counted.1).collect();
        counts.sort_unstable();
        let half = counts.get(MOST / 2).copied().unwrap_or(0);
        self.0.retain(|_, counted| counted.1 > half);
    }
}

/// What an event says of a client.
pub(super) fn signals(event: &Event) -> Signals {
    Signals::unpack(&event.signals).unwrap_or_default().with(event.network.as_ref(), event.device_ref.as_ref())
}

/// Strangers that were noted of networks.
#[derive(Debug, Default)]
pub(super) struct Strangers(HashSet<(Reference, u32)>);

impl Strangers {
    /// What a check says: by a wrong code that a stranger is at its network, and this one at its subject; by the right one that
    /// whoever mistyped it was no stranger, as many are new behind one address on an office's first morning, or behind a
    /// carrier's. A profile that cannot be read is nobody's.
    pub(super) fn of_check(&mut self, risk: &Risk, event: &Event, profile: Option<&Profile>) -> Vec<Sighting> {
        let (signals, withdrawn) = (signals(event), event.outcome == Outcome::Approved);
        let Some(network) = event.network.filter(|_| signals.flags & ALLOWED == 0) else { return Vec::new() };
        let (user, tenant) = (short(&event.subject.0), event.tenant.as_deref().unwrap_or_default());
        let is_stranger = |profile| risk.settings.spray.is_some() && risk.is_stranger(tenant, &signals, profile);
        let sprays = if withdrawn { self.0.remove(&(network, user)) } else { profile.is_some_and(is_stranger) };
        if sprays && !withdrawn {
            if self.0.len() >= MOST {
                self.0.clear();
            }
            self.0.insert((network, user));
        }
        let seen = |pattern, quota: Option<Quota>, about, who| {
            Some(Sighting { pattern, about, who, at_ms: event.time_ms, quota: quota?, withdrawn })
        };
        let spraying = seen(Pattern::Spraying, risk.settings.spray.filter(|_| sprays), network, user);
        let guess = risk.settings.guess.filter(|_| !withdrawn);
        let guessing = seen(Pattern::Guessing, guess, event.subject, short(&network.0));
        spraying.into_iter().chain(guessing).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use crate::{event::Bucket, risk::Settings, secret::IndexKey};

    #[test]
    fn a_flood_of_others_hides_nobody_to_whom_sends_are_refused() {
        let bombing = Some(Quota { max: 3, window: Duration::from_secs(3600) });
        let settings = Settings { bombing, ..Settings::default() };
        let risk = Risk::new(settings, None, IndexKey::new(&[7; 32]).tenants());
        let bucket = Bucket::of(&NOBODY);
        let mut bombed = Bombed::default();
        let mut refused = |subject: u128| {
            let event = Event::unreadable(bucket, "1-1", b"", 7).unwrap();
            let subject = Reference(subject.to_be_bytes());
            bombed.count(&risk, &Event { subject, kind: Kind::Send, ..event }).is_some()
        };
        assert!(!refused(1) && !refused(1));
        assert!((2..2 * MOST as u128 + 2).all(|other| !refused(other)));
        assert!(refused(1) && !refused(1));
    }
}
