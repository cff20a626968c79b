//! Trails put together: what is missing between them, what lies elsewhere, what was written twice.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Report, conflict,
    finding::{Finding, Kind, Spot},
    trail::{Before, Checked},
};
use crate::audit::trail::{
    ranges::{EventId, History, Position, Ranges, Span},
    record::Exported,
};

/// Puts trails together, each sound in itself, and held against what the `store` remembers. `whole` if all that lie side by
/// side were given.
pub fn put(trails: &[Checked], store: Option<&BTreeMap<u8, Exported>>, whole: bool, report: &mut Report) {
    let (mut all, mut twice) = (Ranges::default(), Ranges::default());
    for trail in trails {
        twice.merge(&trail.twice);
        twice.merge(&all.common(&trail.ranges));
        all.merge(&trail.ranges);
    }
    report.events = all.len();
    let shed: BTreeMap<EventId, u64> = trails.iter().flat_map(|trail| trail.shed.clone()).collect();
    report.shed = shed.values().fold(0, |sum: u64, count| sum.saturating_add(*count));
    let known = Known { trails, whole };
    report.findings.extend(known.beside());
    let asked = store.into_iter().flatten().map(|(bucket, exported)| Before {
        spot: Spot::whole("the store"),
        bucket: *bucket,
        exported: exported.clone(),
        next: None,
    });
    for before in asked.chain(trails.iter().flat_map(|trail| trail.handovers.clone())) {
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
    for Span { of: History { bucket, epoch }, .. } in all.iter() {
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
        let all = self.trails.iter().flat_map(|trail| &trail.seen);
        let mut found = all.filter_map(|(id, beside)| match self.trail(id) {
            Some(trail) if trail.n < beside.n => {
                let what = format!("trail-{id} went to line {} by then, and ends with line {} now", beside.n, trail.n);
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
            Some(trail) if trail.last.get(&event.bucket) >= Some(position) => Ok(None),
            Some(_) => finding(Kind::CutOff, format!("trail-{id} has event {event}, it says, and does not go as far")),
            None if self.whole && (self.was_here(id) || self.trails.iter().any(|trail| trail.place == *place)) => {
                finding(Kind::Missing, format!("trail-{id} has event {event}, it says, and is not there"))
            }
            None => Ok(Some(id.clone())),
        }
    }

    fn was_here(&self, id: &str) -> bool {
        self.trails.iter().any(|trail| trail.seen.contains_key(id))
    }

    /// The first gap that is explained neither by retention, nor by trails elsewhere, nor by events that say that others
    /// were given up.
    fn gaps(&self, all: &Ranges, shed: &BTreeMap<EventId, u64>) -> Option<Finding> {
        let mut gaps: BTreeMap<History, Vec<Span>> = BTreeMap::new();
        for gap in all.gaps() {
            if let Some(left) = self.unexplained(gap) {
                gaps.entry(gap.of).or_default().push(left);
            }
        }
        gaps.into_iter().find_map(|(of, gaps)| {
            let count = |gap: &Span| (gap.last - gap.first).saturating_add(1);
            let missing = gaps.iter().map(count).fold(0, u64::saturating_add);
            let of_history = |id: &EventId| (id.bucket, id.position.epoch) == (of.bucket, of.epoch);
            let given_up = shed.iter().filter(|(id, _)| of_history(id)).map(|(_, count)| *count);
            let first = gaps.first().filter(|_| missing > given_up.fold(0, u64::saturating_add))?;
            let id = |seq| EventId { bucket: of.bucket, position: Position { epoch: of.epoch, seq } };
            let events = match first.first == first.last {
                true => format!("event {} is", id(first.first)),
                false => format!("events {} to {} are", id(first.first), id(first.last)),
            };
            let what = format!("before this event: {events} in none of the trails given");
            Some(Finding::at(Kind::Missing, conflict::find(self.trails, id(first.last.saturating_add(1))), what))
        })
    }

    /// What is left of a gap.
    fn unexplained(&self, gap: Span) -> Option<Span> {
        let Span { of, mut first, last } = gap;
        // Up to here it is known what became of them.
        let mut explained = |position: Position| match position.epoch.cmp(&of.epoch) {
            std::cmp::Ordering::Greater => first = last.saturating_add(1),
            std::cmp::Ordering::Equal => first = first.max(position.seq.saturating_add(1)),
            std::cmp::Ordering::Less => {}
        };
        for trail in self.trails {
            trail.gone.get(&of.bucket).copied().into_iter().for_each(&mut explained);
            let behind = Position { epoch: of.epoch, seq: last.saturating_add(1) };
            let at_its_end = |before: &&Before| before.bucket == of.bucket && before.next == Some(behind);
            for before in trail.handovers.iter().filter(at_its_end) {
                let Exported { trail, position, .. } = &before.exported;
                match (trail, position) {
                    (Some(id), Some(_)) if self.trail(id).is_some() => {}
                    // By whom is not known, or that nobody knows of any: so it was with standard output alone.
                    (_, None) => explained(behind),
                    (_, Some(position)) => explained(*position),
                }
            }
        }
        (first <= last).then_some(Span { of, first, last })
    }
}
