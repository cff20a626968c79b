//! What lines say: the first of a segment whose it is, marks how far it went, handovers what others wrote before, and all
//! others what happened.

use std::path::{Path, PathBuf};
use std::{collections::BTreeMap, io};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Bytes, End, EventId, Position};

/// Of the form of lines, checkpoints and files. What is not known in lines of this format is passed over.
pub const FORMAT: u8 = 1;

/// Where trails are kept: names what lies side by side.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The machine's name.
    #[serde(default)]
    pub host: String,
    /// `OTP_AUDIT_DIR`.
    #[serde(default)]
    pub dir: String,
}

/// The first line of a segment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Header {
    /// Which of the trail, from 1.
    pub segment: u32,
    /// [`FORMAT`].
    pub format: u8,
    /// The trail's name: 8 hex digits.
    pub trail: String,
    /// When it was begun, by the sidecar's clock, ms since 1970.
    pub time_ms: u64,
    /// Where it was begun.
    #[serde(flatten)]
    pub place: Place,
    /// Hash of the last line of the segment before; zeros = none.
    pub previous: Bytes<32>,
    /// Time of the newest event of the segment before, ms since 1970; 0 = none.
    pub newest_ms: u64,
    /// The last event of each bucket in the segments before.
    pub positions: BTreeMap<u8, Position>,
}

impl Header {
    /// That of the first segment behind a line, without what is known of events before it.
    pub(super) fn behind(end: &End, trail: &str, place: &Place, now_ms: u64) -> Self {
        Self {
            // It has eight digits as a file's name, and never more.
            segment: end.segment.saturating_add(1),
            format: FORMAT,
            trail: trail.to_owned(),
            time_ms: now_ms,
            place: place.clone(),
            previous: Bytes(end.hash),
            newest_ms: end.newest_ms,
            positions: BTreeMap::new(),
        }
    }
}

/// Up to where events of a bucket were written out, and by whom: as the store remembers it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exported {
    /// The trail's name; `None` where it was standard output alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trail: Option<String>,
    /// The last one; `None` where nobody knows of any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// Where it was.
    #[serde(flatten)]
    pub place: Place,
}

/// A line before the first event of a bucket that somebody else wrote before, or nobody.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Handover {
    /// 0–63.
    pub bucket: u8,
    /// Up to where, and by whom.
    #[serde(flatten)]
    pub exported: Exported,
}

/// A handover as it is written.
#[derive(Debug, Serialize, Deserialize)]
pub struct HandoverLine {
    /// See there.
    pub before: Handover,
}

/// A mark as it is written.
#[derive(Debug, Serialize, Deserialize)]
pub struct MarkLine {
    /// A checkpoint of the line before.
    pub mark: Box<RawValue>,
    /// How far the other trails of the directory went.
    pub seen: BTreeMap<String, u64>,
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

impl EventLine {
    /// Which it is.
    pub fn id(&self) -> EventId {
        EventId { bucket: self.bucket, position: Position { epoch: self.epoch, seq: self.seq } }
    }
}

/// What a line may be.
#[derive(Debug)]
pub enum Record {
    /// The first of a segment.
    Header(Header),
    /// How far it went.
    Mark(MarkLine),
    /// What others wrote before.
    Handover(Handover),
    /// What happened.
    Event(EventLine),
    /// What a later version writes.
    Unknown,
}

impl Record {
    /// Reads a line's JSON; `None` if it is none, or does not say what its first field promises.
    pub fn read(json: &[u8]) -> Option<Self> {
        // By the first field behind the number, as each is written.
        let field = json.split(|byte| *byte == b',').nth(1)?.split(|byte| *byte == b':').next()?;
        match field {
            b"\"segment\"" => serde_json::from_slice(json).ok().map(Self::Header),
            b"\"mark\"" => serde_json::from_slice(json).ok().map(Self::Mark),
            b"\"before\"" => serde_json::from_slice(json).ok().map(|line: HandoverLine| Self::Handover(line.before)),
            b"\"bucket\"" => serde_json::from_slice(json).ok().map(Self::Event),
            _ => serde_json::from_slice::<serde::de::IgnoredAny>(json).ok().map(|_| Self::Unknown),
        }
    }
}

/// The file of a segment.
pub fn path(trail: &Path, number: u32) -> PathBuf {
    trail.join(format!("{number:08}.jsonl"))
}

/// The number of the segment whose file is called so.
pub fn number(name: &str) -> Option<u32> {
    let number = name.strip_suffix(".jsonl")?.parse().ok()?;
    (number > 0 && format!("{number:08}.jsonl") == name).then_some(number)
}

/// The numbers of all segments that have a file, in order.
pub fn segments(trail: &Path) -> io::Result<Vec<u32>> {
    let names = std::fs::read_dir(trail)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>()?;
    let mut numbers: Vec<u32> = names.iter().filter_map(|name| number(name.to_str()?)).collect();
    numbers.sort_unstable();
    Ok(numbers)
}
