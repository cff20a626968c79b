//! Patterns over several calls: strangers who fail from one network, networks that fail at one subject, refused sends to one.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

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
        let window = event.time_ms / millis(window);
        self.make_room(window);
        let counted = self.0.entry(event.subject).or_default();
        if counted.0 != window {
            *counted = (window, 0);
        }
        let before = counted.1;
        counted.1 = before.saturating_add(event.count.unwrap_or(1));
        (before < max && counted.1 >= max).then(|| {
            let note = note(event, event.subject, None, Outcome::Bombing, counted.1);
            Suspicion { operation: named(Outcome::Bombing, &event.subject, window), note }
        })
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
    let device = event.device_ref.as_deref().and_then(Reference::read);
    Signals::unpack(&event.signals).unwrap_or_default().with(event.network.as_ref(), device.as_ref())
}

/// A wrong code: of a stranger at a network, and of a network at a subject. A profile that cannot be read is nobody's.
fn wrong(risk: &Risk, event: &Event, profile: Option<&Profile>) -> impl Iterator<Item = Sighting> {
    let (signals, tenant) = (signals(event), event.tenant.as_deref().unwrap_or_default());
    let network = event.network.filter(|_| signals.flags & ALLOWED == 0);
    let is_stranger = profile.is_some_and(|profile| risk.is_stranger(tenant, &signals, profile));
    let seen = |pattern, quota: Option<Quota>, about: Reference, who: Reference| {
        let (who, at_ms) = (short(&who.0), event.time_ms);
        Some(Sighting { pattern, about, who, at_ms, quota: quota?, withdrawn: false })
    };
    let (spray, guess) = (risk.settings.spray.filter(|_| is_stranger), risk.settings.guess);
    let spraying = network.and_then(|network| seen(Pattern::Spraying, spray, network, event.subject));
    let guessing = network.and_then(|network| seen(Pattern::Guessing, guess, event.subject, network));
    spraying.into_iter().chain(guessing)
}

/// Strangers that were noted of networks.
#[derive(Debug, Default)]
pub(super) struct Strangers(HashSet<(Reference, u32)>);

impl Strangers {
    /// What a check says of its network and its subject. Whoever mistyped a code and has the right one by now was no stranger, as
    /// many are new behind one address on an office's first morning, or behind a carrier's.
    pub(super) fn of_check(&mut self, risk: &Risk, event: &Event, profile: Option<&Profile>) -> Vec<Sighting> {
        if event.outcome != Outcome::Approved {
            if self.0.len() >= MOST {
                self.0.clear();
            }
            let all: Vec<Sighting> = wrong(risk, event, profile).collect();
            let noted = all.iter().filter(|sighting| sighting.pattern == Pattern::Spraying);
            self.0.extend(noted.map(|sighting| (sighting.about, sighting.who)));
            return all;
        }
        let (who, at_ms) = (short(&event.subject.0), event.time_ms);
        let known = event.network.zip(risk.settings.spray).filter(|(about, _)| self.0.remove(&(*about, who)));
        let withdrawn = known.map(|(about, quota)| Sighting {
            pattern: Pattern::Spraying,
            about,
            who,
            at_ms,
            quota,
            withdrawn: true,
        });
        withdrawn.into_iter().collect()
    }
}

/// That many were seen at one network or subject.
pub(super) fn found(sighting: &Sighting, event: &Event) -> Suspicion {
    let Quota { max, window } = sighting.quota;
    let (outcome, network) = match sighting.pattern {
        Pattern::Spraying => (Outcome::Spraying, Some(&sighting.about)),
        Pattern::Guessing => (Outcome::Guessing, None),
    };
    let operation = named(outcome, &sighting.about, sighting.at_ms / millis(window));
    Suspicion { note: note(event, sighting.about, network, outcome, max), operation }
}

/// That one event is suspicious.
pub(super) fn suspicion(event: &Event, outcome: Outcome, count: u32) -> Suspicion {
    let note = note(event, event.subject, event.network.as_ref(), outcome, count);
    let nth = event.epoch << 40 | event.seq;
    Suspicion { operation: named(outcome, &event.subject, nth), note }
}

/// `count` is how many there were, or how many points.
fn note(event: &Event, reference: Reference, network: Option<&Reference>, outcome: Outcome, count: u32) -> Note {
    let subject = if Some(&reference) == network { &NOBODY } else { &reference };
    let context = EventContext {
        request_id: event.request_id.as_deref().unwrap_or_default(),
        tenant: event.tenant.as_deref().unwrap_or_default(),
        network,
        signals: &event.signals,
        ..EventContext::about(subject)
    };
    Note { count, ..Note::new(reference, Kind::Suspicious, outcome, context.packed()) }
}

/// Names an event by what it is about, so that it is noted once.
fn named(pattern: Outcome, about: &Reference, nth: u64) -> [u8; 16] {
    let hash =
        Sha256::new().chain_update(pattern.label()).chain_update(about.0).chain_update(nth.to_be_bytes()).finalize();
    hash.first_chunk().copied().unwrap_or_default()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::Bucket,
        risk::{Limits, Mode, Settings},
        secret::IndexKey,
    };

    #[test]
    fn a_flood_of_others_hides_nobody_to_whom_sends_are_refused() {
        let settings = Settings {
            mode: Mode::Shadow,
            limits: Limits { step_up: 30, min_sign_ins: 5 },
            memory: Duration::from_secs(60),
            spray: None,
            guess: None,
            bombing: Some(Quota { max: 3, window: Duration::from_secs(3600) }),
            allow: Default::default(),
        };
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
