//! Segments: files of lines, the first of which says whose it is and the last how it ended.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{bytes::Bytes, ranges::Ranges};

/// Of the form of lines and of what segments, checkpoints and roots say.
pub const VERSION: u8 = 1;

/// The first line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Which of the trail, from 1.
    pub segment: u32,
    /// The trail's name: 8 hex digits.
    pub trail: String,
    /// [`VERSION`].
    pub version: u8,
    /// When it was begun, ms since 1970.
    pub time_ms: u64,
    /// What the first segment's key was derived with; the same in all segments of a trail.
    pub nonce: Bytes<16>,
    /// The key that checkpoints can be verified with.
    pub public_key: Bytes<32>,
    /// Hash and seal of the last line of the segment before; zeros = none.
    pub previous: Bytes<48>,
}

/// The last line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Footer {
    /// The segment's number.
    pub end: u32,
    /// When it was closed, ms since 1970.
    pub time_ms: u64,
    /// Events in it.
    pub events: u64,
    /// Time of its earliest event, ms since 1970; 0 = none.
    pub first_ms: u64,
    /// Time of its latest event, ms since 1970; 0 = none.
    pub last_ms: u64,
    /// Bytes of an unfinished write that were removed, after a crash; 0 = none.
    pub torn: u64,
    /// Identities of its events: bucket, epoch, first and last sequence.
    pub ranges: Ranges,
}

/// What must be known of an event's line; the rest is as in [`crate::event::Event`].
#[derive(Debug, Clone, Deserialize)]
pub struct EventLine {
    /// 0–63.
    pub bucket: u8,
    /// See [`crate::event::Event`].
    pub epoch: u64,
    /// See [`crate::event::Event`].
    pub seq: u64,
    /// Redis's clock, ms since 1970.
    pub time_ms: u64,
    /// What it is about.
    #[serde(rename = "type")]
    pub kind: String,
    /// How many it stands for.
    #[serde(default)]
    pub count: u64,
}

/// What a line may be.
#[derive(Debug, Clone)]
pub enum What {
    /// The first of a segment.
    Header(Header),
    /// The last of a segment.
    Footer(Footer),
    /// All others.
    Event(EventLine),
}

#[derive(Deserialize)]
struct WithNumber<T> {
    #[serde(rename = "n")]
    _n: u64,
    #[serde(flatten)]
    what: T,
}

impl What {
    /// Reads a line's JSON; `None` if it is none of these.
    pub fn read(json: &[u8]) -> Option<Self> {
        fn with_number<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Option<T> {
            serde_json::from_slice::<WithNumber<T>>(json).ok().map(|line| line.what)
        }
        // By the first field behind the number, as each is written.
        let field = json.split(|byte| *byte == b',').nth(1)?;
        if field.starts_with(b"\"segment\":") {
            with_number(json).map(Self::Header)
        } else if field.starts_with(b"\"end\":") {
            with_number(json).map(Self::Footer)
        } else {
            serde_json::from_slice(json).ok().map(Self::Event)
        }
    }
}

/// What is known of a segment's events.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// How many.
    pub events: u64,
    /// Time of the earliest, ms since 1970; 0 = none.
    pub first_ms: u64,
    /// Time of the latest, ms since 1970; 0 = none.
    pub last_ms: u64,
    /// Their identities.
    pub ranges: Ranges,
}

impl Tally {
    /// Counts one; `false` if its identity was there.
    pub fn add(&mut self, (bucket, epoch, seq): (u8, u64, u64), time_ms: u64) -> bool {
        self.first_ms = if self.events == 0 { time_ms } else { self.first_ms.min(time_ms) };
        self.last_ms = self.last_ms.max(time_ms);
        self.events += 1;
        self.ranges.insert((bucket, epoch, seq))
    }
}

/// The file of a segment.
pub fn path(trail: &Path, number: u32) -> PathBuf {
    trail.join(format!("{number:08}.jsonl"))
}

/// The file of its checkpoints.
pub fn checkpoints(trail: &Path, number: u32) -> PathBuf {
    trail.join(format!("{number:08}.checkpoints.jsonl"))
}

/// The numbers of all segments that have a file, in order.
///
/// # Errors
/// If the directory cannot be read.
pub fn all(trail: &Path) -> std::io::Result<Vec<u32>> {
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(trail)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(".jsonl")?.parse::<u32>().ok());
        if let Some(number) = number.filter(|number| path(trail, *number).file_name() == Some(&name)) {
            numbers.push(number);
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}
