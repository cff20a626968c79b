//! What was found in one trail.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Serialize;

use super::finding::{Finding, Spot};
use crate::audit::trail::{
    ranges::{EventId, Position, Ranges},
    record::{Exported, Place},
};

/// What was found in one trail.
#[derive(Debug, Default, Serialize)]
pub struct Checked {
    /// Where it is.
    pub path: PathBuf,
    /// Its name.
    pub trail: String,
    /// Segments read.
    pub segments: u32,
    /// Lines read.
    pub lines: u64,
    /// Different events in them.
    pub events: u64,
    /// Times of the earliest and latest event, ms since 1970.
    pub times: Option<(u64, u64)>,
    /// Marks read.
    pub marks: u64,
    /// Segments that went by retention.
    pub removed: u32,
    /// Bytes behind the last line: a write that is under way, or was when the sidecar was killed.
    pub unfinished: u64,
    /// Whether the trail's own public key was believed.
    pub believed: bool,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
    /// What is held against the others.
    #[serde(skip)]
    pub content: Content,
}

/// What one trail has.
#[derive(Debug, Default)]
pub struct Content {
    /// How far its head says that it goes.
    pub n: u64,
    /// Where it was kept, by the first line of its last segment.
    pub place: Place,
    /// Its events, and those that it has more than once.
    pub ranges: Ranges,
    /// See above.
    pub twice: Ranges,
    /// How many events were given up, by the events that say so.
    pub shed: BTreeMap<EventId, u64>,
    /// The last event of each bucket that it had, those that went by retention among them.
    pub last: BTreeMap<u8, Position>,
    /// The last event of each bucket that went by retention.
    pub gone: BTreeMap<u8, Position>,
    /// What others wrote before its events.
    pub handovers: Vec<Before>,
    /// How far other trails went that lay beside it, and where it says so.
    pub seen: BTreeMap<String, Beside>,
}

/// A handover, and what it stands before.
#[derive(Debug, Clone)]
pub struct Before {
    /// Where.
    pub spot: Spot,
    /// Of which bucket, up to where, and by whom.
    pub bucket: u8,
    /// See above.
    pub exported: Exported,
    /// The event behind it.
    pub next: Option<Position>,
}

/// A trail that lay beside another.
#[derive(Debug, Clone)]
pub struct Beside {
    /// How far it went.
    pub n: u64,
    /// Where that is said.
    pub spot: Spot,
}
