//! Sets of events, as ranges of their numbers: these have no gaps, so that a set is small however many events it has.

use std::{collections::BTreeMap, fmt, ops::RangeInclusive};

use rangemap::{RangeInclusiveSet, StepLite};
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

/// Notes that the events of a bucket go so far.
pub fn learn(positions: &mut BTreeMap<u8, Position>, bucket: u8, position: Position) {
    let last = positions.entry(bucket).or_default();
    *last = position.max(*last);
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.seq)
    }
}

impl TryFrom<String> for Position {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let parsed = text.split_once('-').and_then(|(epoch, seq)| Some((epoch.parse().ok()?, seq.parse().ok()?)));
        parsed.map(|(epoch, seq)| Self { epoch, seq }).ok_or("not epoch-sequence")
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

impl EventId {
    /// Its bucket, and how often that one's history was cut before.
    pub fn history(self) -> (u8, u64) {
        (self.bucket, self.position.epoch)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.bucket, self.position)
    }
}

impl StepLite for EventId {
    fn add_one(&self) -> Self {
        Self { position: Position { seq: self.position.seq.saturating_add(1), ..self.position }, ..*self }
    }

    fn sub_one(&self) -> Self {
        Self { position: Position { seq: self.position.seq.saturating_sub(1), ..self.position }, ..*self }
    }
}

/// A set of events, as ranges within one epoch of one bucket each.
pub type Ranges = RangeInclusiveSet<EventId>;

/// From one event to another of the same epoch and bucket.
pub type Span = RangeInclusive<EventId>;

/// Adds an event; `false` if it was there.
pub fn insert(ranges: &mut Ranges, event: EventId) -> bool {
    let is_new = !ranges.contains(&event);
    if is_new {
        ranges.insert(event..=event);
    }
    is_new
}

/// What is missing before the last of each history, which begins with 0.
pub fn gaps(ranges: &Ranges) -> Vec<Span> {
    let mut last: Option<EventId> = None;
    let gap = |span: &Span| {
        let begin = EventId { position: Position { seq: 0, ..span.start().position }, ..*span.start() };
        let first = last.filter(|last| last.history() == begin.history()).map_or(begin, |last| last.add_one());
        last = Some(*span.end());
        (first < *span.start()).then(|| first..=span.start().sub_one())
    };
    ranges.iter().filter_map(gap).collect()
}

/// How many events there are in a span.
pub fn count(span: &Span) -> u64 {
    (span.end().position.seq - span.start().position.seq).saturating_add(1)
}
