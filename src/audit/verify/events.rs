//! Events over all trails: what was written twice after a crash, what is missing, what is there with different contents.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{
    finding::{Finding, Kind},
    trail::Checked,
};
use crate::audit::trail::{
    content,
    line::Line,
    lines::Lines,
    ranges::{Identity, Ranges},
    segment::{self, What},
};

/// What was found over all.
#[derive(Debug, Default)]
pub struct Merged {
    /// Different events.
    pub events: u64,
    /// How often an event was there again, with the same content, in another trail.
    pub repeats: u64,
    /// Events that were given up, as the trails say themselves.
    pub shed: u64,
    /// Buckets of which there is more than one epoch.
    pub forks: Vec<(u8, usize)>,
    /// What is wrong, the first of each kind.
    pub findings: Vec<Finding>,
}

/// Puts trails together, each sound in itself.
pub fn merge(trails: &[Checked]) -> Merged {
    let (mut all, mut twice) = (Ranges::default(), Ranges::default());
    for trail in trails {
        twice.merge(&all.common(&trail.ranges));
        all.merge(&trail.ranges);
    }
    let mut merged = Merged { events: all.len(), ..Merged::default() };
    if !twice.is_empty() {
        compare(trails, &twice, &mut merged);
    }
    let shed: BTreeMap<Identity, u64> = trails.iter().flat_map(|trail| trail.shed.clone()).collect();
    merged.shed = shed.values().fold(0, |sum: u64, count| sum.saturating_add(*count));
    for trail in trails {
        all.merge(&trail.gone);
    }
    merged.findings.extend(missing(trails, &all, &shed));
    let mut epochs: BTreeMap<u8, Vec<u64>> = BTreeMap::new();
    for (bucket, epoch, _, _) in all.iter() {
        epochs.entry(bucket).or_default().push(epoch);
    }
    for (bucket, mut epochs) in epochs {
        epochs.dedup();
        if epochs.len() > 1 {
            merged.forks.push((bucket, epochs.len()));
        }
    }
    merged
}

/// The first gap that is explained neither by retention nor by events that say that others were given up.
fn missing(trails: &[Checked], all: &Ranges, shed: &BTreeMap<Identity, u64>) -> Option<Finding> {
    let mut gaps: BTreeMap<(u8, u64), Vec<(u64, u64)>> = BTreeMap::new();
    for (bucket, epoch, first, last) in all.gaps().iter() {
        gaps.entry((bucket, epoch)).or_default().push((first, last));
    }
    gaps.into_iter().find_map(|((bucket, epoch), gaps)| {
        let missing = gaps.iter().fold(0u64, |sum, (first, last)| sum.saturating_add(last - first).saturating_add(1));
        let told: u64 = shed
            .iter()
            .filter(|((b, e, _), _)| (*b, *e) == (bucket, epoch))
            .fold(0u64, |sum, (_, count)| sum.saturating_add(*count));
        let (first, last) = gaps.first().filter(|_| missing > told)?;
        let events = match first == last {
            true => format!("event {bucket}-{epoch}-{first} is"),
            false => format!("events {bucket}-{epoch}-{first} to {bucket}-{epoch}-{last} are"),
        };
        let what = format!("{events} in none of the trails given, and {missing} of this bucket in all");
        let next = (bucket, epoch, last + 1);
        let behind = trails.iter().find_map(|trail| find_event(&trail.path, next));
        Some(match behind {
            Some(((path, line), _)) => Finding::in_line(Kind::Missing, path, line, format!("before this line: {what}")),
            None => {
                Finding::of(Kind::Missing, trails.first().map(|trail| trail.path.clone()).unwrap_or_default(), what)
            }
        })
    })
}

/// Whether events that are in several trails say the same in all.
fn compare(trails: &[Checked], twice: &Ranges, merged: &mut Merged) {
    let mut first: BTreeMap<Identity, [u8; 16]> = BTreeMap::new();
    for trail in trails.iter().filter(|trail| !trail.ranges.common(twice).is_empty()) {
        each_event(&trail.path, |place, identity, content| {
            if !twice.contains(identity) {
                return false;
            }
            match first.get(&identity) {
                None => drop(first.insert(identity, content)),
                Some(known) if *known == content => merged.repeats += 1,
                Some(_) if merged.findings.is_empty() => {
                    let (bucket, epoch, seq) = identity;
                    let what = format!("event {bucket}-{epoch}-{seq} says something else in another trail");
                    merged.findings.push(Finding::in_line(Kind::Conflicting, place.0, place.1, what));
                }
                Some(_) => {}
            }
            false
        });
    }
}

/// Where an event first is in a trail, and what it says.
pub fn find_event(dir: &Path, wanted: Identity) -> Option<((PathBuf, u64), [u8; 16])> {
    let mut found = None;
    each_event(dir, |place, identity, content| {
        let is = identity == wanted;
        if is {
            found = Some(((place.0.to_owned(), place.1), content));
        }
        is
    });
    found
}

/// Goes through all events of a trail until `enough` says so.
fn each_event(dir: &Path, mut enough: impl FnMut((&Path, u64), Identity, [u8; 16]) -> bool) {
    for number in segment::all(dir).unwrap_or_default() {
        let path = segment::path(dir, number);
        let Ok(mut lines) = Lines::open(&path) else { continue };
        while let Ok(Some(raw)) = lines.next_line() {
            let Some(line) = Line::read(raw.bytes) else { continue };
            let Some(What::Event(event)) = What::read(&line.json()) else { continue };
            if enough((&path, raw.number), (event.bucket, event.epoch, event.seq), content(line.body)) {
                return;
            }
        }
    }
}
