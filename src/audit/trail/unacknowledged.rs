//! Events that are in the trail and perhaps still in Redis: when they come again they are not written again.
//!
//! Known by identity and content, so that an event is never taken for another one that Redis, having lost its data, gave the
//! same number.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    io,
    path::Path,
};

use super::{
    content,
    line::Line,
    lines::Lines,
    ranges::Identity,
    segment::{self, What},
};
use crate::event::Event;

/// So many of the last lines may be of events that are still in Redis: more than one write has.
const LAST: usize = 4096;
/// Bytes of a segment's end that have as many, even where each has the longest fields that the interface takes.
const TAIL: u64 = 16 << 20;

/// See the module.
#[derive(Debug, Default)]
pub struct Unacknowledged(BTreeMap<Identity, [u8; 16]>);

impl Unacknowledged {
    /// Those of a trail that was written by a process that has ended.
    ///
    /// # Errors
    /// If its last segments cannot be read.
    pub fn of(trail: &Path) -> io::Result<Self> {
        let mut last: VecDeque<(Identity, [u8; 16])> = VecDeque::new();
        let segments = segment::all(trail)?;
        for number in segments.iter().skip(segments.len().saturating_sub(2)) {
            let path = segment::path(trail, *number);
            let mut lines = Lines::open(&path)?;
            let start = path.metadata()?.len().saturating_sub(TAIL);
            lines.seek(start)?;
            if start > 0 {
                lines.next_line()?;
            }
            while let Some(raw) = lines.next_line()? {
                let Some(line) = Line::read(raw.bytes) else { continue };
                let Some(What::Event(event)) = What::read(&line.json()) else { continue };
                last.push_back(((event.bucket, event.epoch, event.seq), content(line.body)));
                if last.len() > LAST {
                    last.pop_front();
                }
            }
        }
        Ok(Self(last.into_iter().collect()))
    }

    /// Whether the event is in the trail already.
    pub fn has(&self, event: &Event) -> bool {
        !self.0.is_empty() && self.0.get(&identity(event)).is_some_and(|known| Some(*known) == content_of(event))
    }

    /// These were written and not deleted.
    pub fn add<'a>(&mut self, events: impl IntoIterator<Item = &'a Event>) {
        for event in events {
            if let Some(content) = content_of(event) {
                self.0.insert(identity(event), content);
            }
        }
    }

    /// All of these buckets' oldest events were deleted, and with them whatever was written before.
    pub fn remove(&mut self, buckets: &BTreeSet<u8>) {
        if !self.0.is_empty() {
            self.0.retain(|(bucket, _, _), _| !buckets.contains(bucket));
        }
    }
}

fn identity(event: &Event) -> Identity {
    (event.bucket, event.epoch, event.seq)
}

fn content_of(event: &Event) -> Option<[u8; 16]> {
    // An event can always be written as JSON; if not it would not have been written either.
    let json = serde_json::to_vec(event).ok()?;
    Some(content(json.strip_suffix(b"}")?))
}
