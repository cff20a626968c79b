//! Whether events that were written more than once say the same each time.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{
    Report,
    checked::Checked,
    finding::{Finding, Kind, Spot},
};
use crate::audit::trail::{
    line::Line,
    lines::{self, Raw},
    ranges::{EventId, Ranges},
    record::{self, Record},
};

/// What may differ: the line's number, and what depends on what is held of the person when it is written.
const MAY_DIFFER: [&str; 3] = ["n", "device_ref", "sealed"];

/// Compares the events that are there `twice`, counts them, and reports the first that says something else.
pub fn compare(trails: &[Checked], twice: &Ranges, report: &mut Report) {
    let mut first: BTreeMap<EventId, [u8; 32]> = BTreeMap::new();
    let concerned =
        trails.iter().filter(|trail| trail.content.ranges.intersection(twice).next().is_some()).collect::<Vec<_>>();
    each_event(&concerned, |id, line, spot| {
        if twice.contains(&id) {
            let content = content(line);
            match first.insert(id, content) {
                None => {}
                Some(known) if known == content => report.repeats += 1,
                Some(_) if report.findings.is_empty() => {
                    let what = format!("event {id} says something else in another line");
                    report.findings.push(Finding::at(Kind::Conflicting, spot(), what));
                }
                Some(_) => {}
            }
        }
        false
    });
}

/// Where an event first is.
pub fn find(trails: &[Checked], wanted: EventId) -> Spot {
    let mut found = Spot::default();
    each_event(&trails.iter().collect::<Vec<_>>(), |id, _, spot| {
        if id == wanted {
            found = spot();
        }
        id == wanted
    });
    found
}

/// A hash of what a line says.
fn content(line: &Line<'_>) -> [u8; 32] {
    let mut fields = serde_json::from_slice::<BTreeMap<String, Value>>(&line.json()).unwrap_or_default();
    fields.retain(|name, _| !MAY_DIFFER.contains(&name.as_str()));
    Sha256::digest(serde_json::to_vec(&fields).unwrap_or_default()).into()
}

/// Goes through all events of trails, as far as their heads tell of them, until `enough` says so.
fn each_event(trails: &[&Checked], mut enough: impl FnMut(EventId, &Line<'_>, &dyn Fn() -> Spot) -> bool) {
    for trail in trails {
        let each = |segment: u32, raw: &Raw<'_>, line: &Line<'_>| match Record::read(&line.json()) {
            Some(Record::Event(event)) if line.n <= trail.content.n => {
                enough(event.id(), line, &|| Spot::line(record::path(&trail.path, segment), raw.number))
            }
            _ => false,
        };
        // It was read a moment ago; what cannot be read now has nothing to say.
        let _ = lines::each(&trail.path, each);
    }
}
