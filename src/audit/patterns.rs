//! Patterns over several calls: strangers who fail from one network, networks that fail at one subject, refused sends to one.

use std::{collections::HashMap, time::Duration};

use sha2::{Digest as _, Sha256};

use crate::{
    event::{Event, EventContext, Kind, NOBODY},
    policy::{Outcome, Quota},
    risk::{
        Risk, Signals,
        level::Level,
        profile::Profile,
        signals::{ALLOWED, short},
        state::{network_flag, subject_flag},
    },
    secret::Reference,
    store::{key::OfReference, note::Note, risk::Sighting},
};

/// Strangers noted of a network, and networks of a subject.
const STRANGERS: u32 = 64;
const GUESSERS: u32 = 16;
/// An operator that hands out new addresses so often tells nobody's network from a stranger's.
const CHURNS: usize = 2;
/// Subjects whose refused sends are counted at once; with more all begin anew.
const BOMBED: usize = 10_000;

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
        if self.0.len() >= BOMBED {
            self.0.clear();
        }
        let counted = self.0.entry(event.subject).or_default();
        if counted.0 != window {
            *counted = (window, 0);
        }
        let before = counted.1;
        counted.1 = before.saturating_add(event.count.unwrap_or(1));
        (before < max && counted.1 >= max).then(|| {
            let note = note(event, event.subject, None, Outcome::Bombing, counted.1);
            Suspicion { operation: named("bombing", &event.subject, window), note }
        })
    }
}

/// What an event says of a client.
pub(super) fn signals(event: &Event) -> Signals {
    let device = event.device_ref.as_deref().and_then(Reference::read);
    Signals::unpack(&event.signals).unwrap_or_default().with(event.network.as_ref(), device.as_ref())
}

/// A wrong code: of a stranger at a network, and of a network at a subject.
pub(super) fn wrong(risk: &Risk, event: &Event, profile: Option<&Profile>) -> Vec<(Sighting, Suspicion)> {
    let (signals, mut found) = (signals(event), Vec::new());
    let Some(network) = event.network.filter(|_| signals.flags & ALLOWED == 0) else { return found };
    let is_new = |level: Level| {
        let value = signals.value(level);
        !profile.is_some_and(|profile| value.is_some_and(|value| profile.values(level).any(|seen| seen == value)))
    };
    let table = risk.table(event.tenant.as_deref().unwrap_or_default());
    let churns = table.is_some_and(|table| signals.operator != 0 && table.churn(signals.operator) >= CHURNS);
    let has_profile = profile.is_some_and(|profile| profile.sign_ins > 0);
    let stranger = !has_profile || is_new(Level::Network) && (is_new(Level::Operator) || !churns);
    let at = event.time_ms;
    if let Some(Quota { max, window }) = risk.settings.spray.filter(|_| stranger) {
        let (nth, kept) = (at / millis(window), window * 2);
        let sighting = Sighting {
            about: network,
            set: OfReference::Strangers,
            window: Some(nth),
            who: short(&event.subject.0),
            many: max,
            most: STRANGERS.max(max),
            kept,
            flag: network_flag(&network),
            until_ms: at + millis(kept),
        };
        let note = note(event, network, Some(&network), Outcome::Spraying, max);
        found.push((sighting, Suspicion { note, operation: named("spraying", &network, nth) }));
    }
    if let Some(Quota { max, window }) = risk.settings.guess {
        let sighting = Sighting {
            about: event.subject,
            set: OfReference::Guessers,
            window: None,
            who: short(&network.0),
            many: max,
            most: GUESSERS.max(max),
            kept: window,
            flag: subject_flag(&event.subject),
            until_ms: at + millis(window),
        };
        let note = note(event, event.subject, None, Outcome::Guessing, max);
        found.push((sighting, Suspicion { note, operation: named("guessing", &event.subject, at / millis(window)) }));
    }
    found
}

/// That one event is suspicious.
pub(super) fn suspicion(event: &Event, outcome: Outcome, count: u32) -> Suspicion {
    let note = note(event, event.subject, event.network.as_ref(), outcome, count);
    let nth = event.epoch << 40 | event.seq;
    Suspicion { operation: named(outcome.label(), &event.subject, nth), note }
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
    let context = context.packed();
    Note { count, ..Note::new(reference, Kind::Suspicious, outcome, context) }
}

/// Names an event by what it is about, so that it is noted once.
fn named(pattern: &str, about: &Reference, nth: u64) -> [u8; 16] {
    let hash = Sha256::new().chain_update(pattern).chain_update(about.0).chain_update(nth.to_be_bytes()).finalize();
    hash.first_chunk().copied().unwrap_or_default()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1)
}
