//! Sets of events, as ranges of their numbers: these have no gaps, so that a set is small however many events it has.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Where an event stands in its bucket's history.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Position {
    /// How often the history was cut.
    pub epoch: u64,
    /// Which since then, from 0.
    pub seq: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.seq)
    }
}

impl FromStr for Position {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = text.split_once('-').and_then(|(epoch, seq)| Some((epoch.parse().ok()?, seq.parse().ok()?)));
        parsed.map(|(epoch, seq)| Self { epoch, seq }).ok_or("not epoch-sequence")
    }
}

impl TryFrom<String> for Position {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Position> for String {
    fn from(position: Position) -> Self {
        position.to_string()
    }
}

/// Which event: as `bucket-epoch-sequence` it is one in all trails of one store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventId {
    /// 0–63.
    pub bucket: u8,
    /// Where there.
    pub position: Position,
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.bucket, self.position)
    }
}

/// One epoch of one bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct History {
    /// 0–63.
    pub bucket: u8,
    /// How often the bucket's history was cut before.
    pub epoch: u64,
}

/// From one event to another without a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Of which history.
    pub of: History,
    /// The first sequence.
    pub first: u64,
    /// The last one.
    pub last: u64,
}

/// A set of events: first and last of each span.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ranges(BTreeMap<History, BTreeMap<u64, u64>>);

impl Ranges {
    /// Adds one; `false` if it was there.
    pub fn insert(&mut self, event: EventId) -> bool {
        let Position { epoch, seq } = event.position;
        let own = self.0.entry(History { bucket: event.bucket, epoch }).or_default();
        let below = own.range(..=seq).next_back().map(|(first, last)| (*first, *last));
        if below.is_some_and(|(_, last)| seq <= last) {
            return false;
        }
        let end = seq.checked_add(1).and_then(|next| own.remove(&next)).unwrap_or(seq);
        match below {
            Some((first, last)) if seq - last == 1 => own.insert(first, end),
            _ => own.insert(seq, end),
        };
        true
    }

    /// Whether it is there.
    pub fn contains(&self, event: EventId) -> bool {
        let Position { epoch, seq } = event.position;
        let own = self.0.get(&History { bucket: event.bucket, epoch });
        own.and_then(|own| own.range(..=seq).next_back()).is_some_and(|(_, last)| seq <= *last)
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: &Self) {
        for span in other.iter() {
            let own = self.0.entry(span.of).or_default();
            let (mut first, mut last) = (span.first, span.last);
            // Whatever overlaps or touches becomes one.
            while let Some((&f, &l)) = own.range(..=last.saturating_add(1)).next_back() {
                if l.saturating_add(1) < first {
                    break;
                }
                (first, last) = (first.min(f), last.max(l));
                own.remove(&f);
            }
            own.insert(first, last);
        }
    }

    /// What both have.
    pub fn common(&self, other: &Self) -> Self {
        let mut common = Self::default();
        for span in self.iter() {
            let Some(others) = other.0.get(&span.of) else { continue };
            let before = others.range(..span.first).next_back().filter(|(_, end)| **end >= span.first);
            for (&first, &last) in before.into_iter().chain(others.range(span.first..=span.last)) {
                common.0.entry(span.of).or_default().insert(span.first.max(first), span.last.min(last));
            }
        }
        common
    }

    /// What is missing before the last of each history, which begins with 0.
    pub fn gaps(&self) -> Vec<Span> {
        let mut gaps = Vec::new();
        for (&of, spans) in &self.0 {
            let mut next = 0;
            for (&first, &last) in spans {
                if first > next {
                    gaps.push(Span { of, first: next, last: first - 1 });
                }
                next = last.saturating_add(1);
            }
        }
        gaps
    }

    /// All spans, in order.
    pub fn iter(&self) -> impl Iterator<Item = Span> {
        self.0.iter().flat_map(|(of, own)| own.iter().map(|(first, last)| Span { of: *of, first: *first, last: *last }))
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.iter().fold(0, |sum: u64, span| sum.saturating_add((span.last - span.first).saturating_add(1)))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn event(bucket: u8, epoch: u64, seq: u64) -> EventId {
        EventId { bucket, position: Position { epoch, seq } }
    }

    fn set(seqs: &BTreeSet<u64>) -> Ranges {
        let mut ranges = Ranges::default();
        seqs.iter().rev().for_each(|&seq| assert!(ranges.insert(event(1, 1, seq))));
        ranges
    }

    fn seqs(spans: impl Iterator<Item = Span>) -> BTreeSet<u64> {
        spans.flat_map(|span| span.first..=span.last).collect()
    }

    proptest! {
        #[test]
        fn it_is_a_set(a: BTreeSet<u8>, b: BTreeSet<u8>) {
            let (a, b): (BTreeSet<u64>, BTreeSet<u64>) =
                (a.into_iter().map(u64::from).collect(), b.into_iter().map(u64::from).collect());
            let (mut ra, rb) = (set(&a), set(&b));
            prop_assert_eq!(&seqs(ra.iter()), &a);
            prop_assert_eq!(ra.len(), a.len() as u64);
            prop_assert_eq!(seqs(ra.common(&rb).iter()), &a & &b);
            prop_assert!((0..=255).all(|seq| ra.contains(event(1, 1, seq)) == a.contains(&seq)));
            prop_assert!(a.iter().all(|&seq| !ra.insert(event(1, 1, seq))));
            let gaps = a.last().map_or(BTreeSet::new(), |&last| (0..=last).filter(|seq| !a.contains(seq)).collect());
            prop_assert_eq!(seqs(ra.gaps().into_iter()), gaps);
            ra.merge(&rb);
            prop_assert_eq!(seqs(ra.iter()), &a | &b);
            // As few spans as can be.
            prop_assert!(ra.gaps().len() + 1 >= ra.iter().count());
        }
    }

    #[test]
    fn buckets_and_epochs_are_apart_and_positions_read_back() {
        let mut ranges = Ranges::default();
        assert!(ranges.insert(event(1, 1, u64::MAX)) && ranges.insert(event(1, 2, 0)) && ranges.insert(event(2, 1, 0)));
        assert!(!ranges.contains(event(1, 1, 0)) && ranges.gaps().len() == 1);
        assert_eq!("7-12".parse(), Ok(Position { epoch: 7, seq: 12 }));
        assert!(["", "7", "7-", "-7", "a-1"].iter().all(|text| text.parse::<Position>().is_err()));
    }
}
