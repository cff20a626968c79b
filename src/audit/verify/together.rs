//! Trails put together: what is missing between them, what lies elsewhere, what was written twice.

use std::collections::{BTreeMap, BTreeSet};

use rangemap::StepLite as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::finding::{Finding, Kind, Spot};
use super::{Before, Beside, Checked, Report};
use crate::audit::trail::ranges::{count, gaps};
use crate::audit::trail::{EventId, Exported, Handover, Line, Position, Ranges, Raw, Record, Span, lines, record};

/// What may differ: the line's number, and what depends on what is held of the person when it is written.
const MAY_DIFFER: [&str; 3] = ["n", "device_ref", "sealed"];

/// Puts trails together, each sound in itself, and held against what the `store` remembers. `whole` if all that lie side by
/// side were given.
pub fn put(trails: &[Checked], store: Option<&BTreeMap<u8, Exported>>, whole: bool, report: &mut Report) {
    let (mut all, mut twice) = (Ranges::default(), Ranges::default());
    for trail in trails {
        twice.extend(trail.content.twice.iter().cloned());
        twice.extend(all.intersection(&trail.content.ranges).collect::<Vec<_>>());
        all.extend(trail.content.ranges.iter().cloned());
    }
    report.events = all.iter().map(count).fold(0, u64::saturating_add);
    let shed: BTreeMap<EventId, u64> = trails.iter().flat_map(|trail| trail.content.shed.clone()).collect();
    report.shed = shed.values().fold(0, |sum: u64, count| sum.saturating_add(*count));
    let known = Known { trails, whole };
    report.findings.extend(known.beside());
    let asked = store.into_iter().flatten().map(|(bucket, exported)| {
        let told = Handover { bucket: *bucket, exported: exported.clone() };
        Before { spot: Spot { path: "the store".into(), line: None }, told, next: None }
    });
    for before in asked.chain(trails.iter().flat_map(|trail| trail.content.handovers.clone())) {
        match known.written(&before) {
            Ok(elsewhere) => report.elsewhere.extend(elsewhere.map(|trail| (trail, before.told.exported.place.host))),
            Err(finding) if report.findings.is_empty() => report.findings.push(finding),
            Err(_) => {}
        }
    }
    if report.findings.is_empty() {
        report.findings.extend(known.gaps(&all, &shed));
    }
    if !twice.is_empty() {
        compare(trails, &twice, report);
    }
    let mut epochs: BTreeMap<u8, BTreeSet<u64>> = BTreeMap::new();
    for (bucket, epoch) in all.iter().map(|span| span.start().history()) {
        epochs.entry(bucket).or_default().insert(epoch);
    }
    report.forks =
        epochs.into_iter().map(|(bucket, of)| (bucket, of.len())).filter(|(_, epochs)| *epochs > 1).collect();
}

struct Known<'a> {
    trails: &'a [Checked],
    whole: bool,
}

impl Known<'_> {
    fn trail(&self, id: &str) -> Option<&Checked> {
        self.trails.iter().find(|trail| trail.trail == id)
    }

    /// The first trail that lay beside another and is not there, or not as far as it went.
    fn beside(&self) -> Option<Finding> {
        let mut all = self.trails.iter().flat_map(|trail| &trail.content.seen);
        all.find_map(|(id, Beside { n, spot })| {
            let (kind, what) = match self.trail(id).map(|trail| trail.content.n) {
                Some(now) if now < *n => {
                    (Kind::CutOff, format!("trail-{id} went to line {n} by then, and ends with line {now} now"))
                }
                None if self.whole => (Kind::Missing, format!("trail-{id} lay beside it by then, and is not there")),
                _ => return None,
            };
            Some(Finding::at(kind, spot.clone(), what))
        })
    }

    /// Whether what others wrote is there; the trail's name where it lies elsewhere.
    fn written(&self, before: &Before) -> Result<Option<String>, Finding> {
        let Exported { trail: Some(id), position: Some(position), place } = &before.told.exported else {
            return Ok(None);
        };
        let event = EventId { bucket: before.told.bucket, position: *position };
        let finding = |kind, what: &str| {
            Err(Finding::at(kind, before.spot.clone(), format!("trail-{id} has event {event}, it says, and {what}")))
        };
        let was_here = |trail: &Checked| trail.content.seen.contains_key(id) || trail.content.place == *place;
        match self.trail(id) {
            Some(trail) if trail.content.last.get(&event.bucket) >= Some(position) => Ok(None),
            Some(_) => finding(Kind::CutOff, "does not go as far"),
            None if self.whole && self.trails.iter().any(was_here) => finding(Kind::Missing, "is not there"),
            None => Ok(Some(id.clone())),
        }
    }

    /// The first gap that is explained neither by retention, nor by trails elsewhere, nor by events that say that others
    /// were given up.
    fn gaps(&self, all: &Ranges, shed: &BTreeMap<EventId, u64>) -> Option<Finding> {
        let mut left: BTreeMap<(u8, u64), Vec<Span>> = BTreeMap::new();
        for gap in gaps(all).into_iter().filter_map(|gap| self.unexplained(gap)) {
            left.entry(gap.start().history()).or_default().push(gap);
        }
        left.into_iter().find_map(|(of, gaps)| {
            let missing = gaps.iter().map(count).fold(0, u64::saturating_add);
            let given_up = shed.iter().filter(|(id, _)| id.history() == of).map(|(_, count)| *count);
            let first = gaps.first().filter(|_| missing > given_up.fold(0, u64::saturating_add))?;
            let events = match first.start() == first.end() {
                true => format!("event {} is", first.start()),
                false => format!("events {} to {} are", first.start(), first.end()),
            };
            let what = format!("before this event: {events} in none of the trails given");
            Some(Finding::at(Kind::Missing, find(self.trails, first.end().add_one()), what))
        })
    }

    /// What is left of a gap.
    fn unexplained(&self, gap: Span) -> Option<Span> {
        let (mut first, last, behind) = (*gap.start(), *gap.end(), gap.end().add_one());
        // Up to here it is known what became of them.
        let mut explained = |position: Position| {
            if position >= first.position {
                first.position = Position { seq: position.seq.saturating_add(1), ..position };
            }
        };
        for trail in self.trails {
            trail.content.gone.get(&last.bucket).copied().into_iter().for_each(&mut explained);
            let at_its_end =
                |before: &&Before| before.told.bucket == last.bucket && before.next == Some(behind.position);
            for before in trail.content.handovers.iter().filter(at_its_end) {
                let Exported { trail, position, .. } = &before.told.exported;
                match (trail, position) {
                    (Some(id), Some(_)) if self.trail(id).is_some() => {}
                    // By whom is not known, or that nobody knows of any: so it was with standard output alone.
                    _ => explained(position.unwrap_or(behind.position)),
                }
            }
        }
        (first <= last).then_some(first..=last)
    }
}

/// Compares the events that are there `twice`, counts them, and reports the first that says something else.
fn compare(trails: &[Checked], twice: &Ranges, report: &mut Report) {
    let mut first: BTreeMap<EventId, [u8; 32]> = BTreeMap::new();
    let concerned = trails.iter().filter(|trail| trail.content.ranges.intersection(twice).next().is_some());
    each_event(concerned, |id, line, spot| {
        if twice.contains(&id) {
            let content = content(line);
            match first.insert(id, content) {
                Some(known) if known == content => report.repeats += 1,
                Some(_) if report.findings.is_empty() => {
                    let what = format!("event {id} says something else in another line");
                    report.findings.push(Finding::at(Kind::Conflicting, spot(), what));
                }
                _ => {}
            }
        }
        false
    });
}

/// Where an event first is.
fn find(trails: &[Checked], wanted: EventId) -> Spot {
    let mut found = Spot::default();
    each_event(trails, |id, _, spot| {
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
fn each_event<'a>(
    trails: impl IntoIterator<Item = &'a Checked>,
    mut enough: impl FnMut(EventId, &Line<'_>, &dyn Fn() -> Spot) -> bool,
) {
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
