//! I6: a change and its event are written together; what the trail says is what callers were told. I9: by Redis's clock
//! alone, which never goes back for a subject.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Broken, is};
use crate::simulation::history::{Call, Effect, History, SLACK, Told, What};

/// An event of the trail, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    pub bucket: u64,
    pub epoch: u64,
    pub seq: u64,
    /// ms.
    pub time: u64,
    pub kind: String,
    pub outcome: String,
    /// Of the call that caused it.
    pub request: String,
    pub subject: String,
}

impl Event {
    /// Reads a line of a trail.
    pub fn read(line: &Value) -> Self {
        let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        let number = |name: &str| line[name].as_u64().unwrap_or_default();
        Self {
            bucket: number("bucket"),
            epoch: number("epoch"),
            seq: number("seq"),
            time: number("time_ms"),
            kind: text("type"),
            outcome: text("outcome"),
            request: text("request_id"),
            subject: text("subject_ref"),
        }
    }
}

/// Holds the trails of all sidecars against what was told.
pub fn trail(history: &History, events: &[Event]) -> Vec<Broken> {
    let mut of: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    for event in events {
        of.entry(&event.request).or_default().push(event);
    }
    let mut broken: Vec<Broken> = history.calls.iter().filter_map(|call| missing(history, call, &of)).collect();
    broken.extend(history.calls.iter().filter_map(|call| too_much(history, call, &of)));
    broken.extend(history.calls.iter().filter_map(|call| untimely(history, call, &of)));
    broken.extend(backwards(events));
    broken
}

/// The calls that were one, by their key.
fn same<'a>(history: &'a History, call: &'a Call) -> impl Iterator<Item = &'a Call> {
    history
        .calls
        .iter()
        .filter(move |other| other.n == call.n || (call.asked.key.is_some() && other.asked.key == call.asked.key))
}

fn missing(history: &History, call: &Call, of: &BTreeMap<&str, Vec<&Event>>) -> Option<Broken> {
    let (kind, outcomes) = expected(history, call)?;
    let there = same(history, call).any(|call| {
        of.get(&*request(call))
            .is_some_and(|events| events.iter().any(|event| event.kind == kind && outcomes.contains(&&*event.outcome)))
    });
    let durable = matches!(call.told, Told::Approved(_) | Told::Wrong(Some(_)) | Told::Locked(_) | Told::Unlocked);
    let lost = !durable
        && history.effects().any(|effect| match effect {
            Effect::Failover { from, to, .. } => call.end >= *from && history.done_from(call) <= *to,
            Effect::Outage { .. } => false,
        });
    (!there && !lost).then(|| Broken::new("I6", format!("no event {kind} {outcomes:?}"), &[call]))
}

/// The event that a call must have left, by what was told.
fn expected(history: &History, call: &Call) -> Option<(&'static str, &'static [&'static str])> {
    Some(match (call.asked.what, &call.told) {
        (_, Told::Issued { .. }) => ("send", &["issued"]),
        (_, Told::Requested) => ("request", &["recorded"]),
        (_, Told::Approved(_)) => ("check", &["approved"]),
        (What::Failure, Told::Wrong(None)) => ("failure", &["wrong_code"]),
        (What::Failure, Told::Wrong(Some(_))) => ("failure", &["wrong_code_locks"]),
        (_, Told::Wrong(None)) => ("check", &["wrong_code"]),
        (_, Told::Wrong(Some(_))) => ("check", &["wrong_code_locks"]),
        (_, Told::Cleared) => ("success", &["approved"]),
        // One that finds it cancelled says so and changes nothing.
        (What::Cancel, Told::Canceled) => {
            let other = |other: &&Call| {
                other.n != call.n
                    && other.asked.id == call.asked.id
                    && (is(other, What::Cancel) || is(other, What::Report))
            };
            if history.calls.iter().any(|call| other(&call)) {
                return None;
            }
            ("cancel", &["canceled"])
        }
        (_, Told::Locked(_)) => ("admin.lock", &["recorded"]),
        (_, Told::Unlocked) => ("admin.unlock", &["recorded", "not_found"]),
        _ => return None,
    })
}

/// A code that was issued or approved by an event, and not by what its caller heard.
fn too_much(history: &History, call: &Call, of: &BTreeMap<&str, Vec<&Event>>) -> Option<Broken> {
    let events = of.get(&*request(call))?;
    let told =
        |is: fn(&Told) -> bool| same(history, call).any(|call| is(&call.told) || matches!(call.told, Told::Unknown(_)));
    let found = events.iter().find(|event| match (&*event.kind, &*event.outcome) {
        ("send", "issued") => !told(|told| matches!(told, Told::Issued { .. })),
        ("check", "approved") => !told(|told| matches!(told, Told::Approved(_))),
        ("check", "wrong_code") => !told(|told| matches!(told, Told::Wrong(None))),
        ("check", "wrong_code_locks") => !told(|told| matches!(told, Told::Wrong(Some(_)))),
        _ => false,
    })?;
    Some(Broken::new("I6", format!("an event of what its caller was not told: {found:?}"), &[call]))
}

/// An event that was written while its call was not under way.
fn untimely(history: &History, call: &Call, of: &BTreeMap<&str, Vec<&Event>>) -> Option<Broken> {
    let events = of.get(&*request(call))?;
    let (from, to) = (call.start.saturating_sub(SLACK), history.done_by(call) + SLACK);
    // Refusals are gathered, and written when they are.
    let done = ["issued", "recorded", "approved", "wrong_code", "wrong_code_locks", "canceled", "reported"];
    let mut changes = events.iter().filter(|event| done.contains(&&*event.outcome));
    let found = changes.find(|event| !(from..=to).contains(&(event.time * 1000)))?;
    Some(Broken::new("I9", format!("an event at another time than its call: {found:?}"), &[call]))
}

fn backwards(events: &[Event]) -> Vec<Broken> {
    let mut last: BTreeMap<(u64, &str), &Event> = BTreeMap::new();
    let mut broken = Vec::new();
    let all: BTreeSet<&Event> = events.iter().filter(|event| !event.subject.is_empty()).collect();
    for event in all {
        let before = last.insert((event.bucket, &event.subject), event);
        if let Some(before) = before.filter(|before| before.time > event.time && before.epoch == event.epoch) {
            broken.push(Broken::new("I9", format!("time went back: {before:?} {event:?}"), &[]));
        }
    }
    broken
}

fn request(call: &Call) -> String {
    format!("sim-{}", call.n)
}
