//! Trails put together: what is missing between them, what lies elsewhere, what was written twice.

use std::collections::{BTreeMap, BTreeSet};

use rangemap::StepLite as _;

use super::{
    Report,
    checked::{Before, Checked},
    conflict,
    finding::{Finding, Kind, Spot},
};
use crate::audit::trail::{
    ranges::{EventId, Position, Ranges, Span, count, gaps},
    record::Exported,
};

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
    let asked = store.into_iter().flatten().map(|(bucket, exported)| Before {
        spot: Spot::whole("the store"),
        bucket: *bucket,
        exported: exported.clone(),
        next: None,
    });
    for before in asked.chain(trails.iter().flat_map(|trail| trail.content.handovers.clone())) {
        match known.written(&before) {
            Ok(Some(trail)) => drop(report.elsewhere.insert(trail, before.exported.place.host)),
            Ok(None) => {}
            Err(finding) if report.findings.is_empty() => report.findings.push(finding),
            Err(_) => {}
        }
    }
    if report.findings.is_empty() {
        report.findings.extend(known.gaps(&all, &shed));
    }
    if !twice.is_empty() {
        conflict::compare(trails, &twice, report);
    }
    report.forks = forks(&all);
}

/// How many epochs the buckets have that have more than one.
fn forks(all: &Ranges) -> BTreeMap<u8, usize> {
    let mut epochs: BTreeMap<u8, BTreeSet<u64>> = BTreeMap::new();
    for (bucket, epoch) in all.iter().map(|span| span.start().history()) {
        epochs.entry(bucket).or_default().insert(epoch);
    }
    epochs.into_iter().map(|(bucket, epochs)| (bucket, epochs.len())).filter(|(_, epochs)| *epochs > 1).collect()
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
        let all = self.trails.iter().flat_map(|trail| &trail.content.seen);
        let mut found = all.filter_map(|(id, beside)| match self.trail(id) {
            Some(trail) if trail.content.n < beside.n => {
                let what =
                    format!("trail-{id} went to line {} by then, and ends with line {} now", beside.n, trail.content.n);
                Some(Finding::at(Kind::CutOff, beside.spot.clone(), what))
            }
            None if self.whole => {
                let what = format!("trail-{id} lay beside it by then, and is not there");
                Some(Finding::at(Kind::Missing, beside.spot.clone(), what))
            }
            _ => None,
        });
        found.next()
    }

    /// Whether what others wrote is there; the trail's name where it lies elsewhere.
    fn written(&self, before: &Before) -> Result<Option<String>, Finding> {
        let Exported { trail: Some(id), position: Some(position), place } = &before.exported else { return Ok(None) };
        let event = EventId { bucket: before.bucket, position: *position };
        let finding = |kind, what| Err(Finding::at(kind, before.spot.clone(), what));
        match self.trail(id) {
            Some(trail) if trail.content.last.get(&event.bucket) >= Some(position) => Ok(None),
            Some(_) => finding(Kind::CutOff, format!("trail-{id} has event {event}, it says, and does not go as far")),
            None if self.whole
                && (self.was_here(id) || self.trails.iter().any(|trail| trail.content.place == *place)) =>
            {
                finding(Kind::Missing, format!("trail-{id} has event {event}, it says, and is not there"))
            }
            None => Ok(Some(id.clone())),
        }
    }

    fn was_here(&self, id: &str) -> bool {
        self.trails.iter().any(|trail| trail.content.seen.contains_key(id))
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
            Some(Finding::at(Kind::Missing, conflict::find(self.trails, first.end().add_one()), what))
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
            let at_its_end = |before: &&Before| before.bucket == last.bucket && before.next == Some(behind.position);
            for before in trail.content.handovers.iter().filter(at_its_end) {
                let Exported { trail, position, .. } = &before.exported;
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
