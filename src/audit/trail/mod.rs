//! A trail on disk: chained, sealed lines in segments, and what is signed about them.
//!
//! `OTP_AUDIT_DIR` has a directory for each sidecar that ran at the same time as another, `trail-<8 hex digits>`:
//!
//! | file | |
//! |---|---|
//! | `lock` | empty; locked (flock) by the sidecar that writes this trail |
//! | `00000001.jsonl` … | segments ([`segment`]) of lines ([`mod@line`]) |
//! | `00000001.checkpoints.jsonl` … | signed checkpoints of each ([`signed`]) |
//! | `head` | how far the trail is on disk ([`head`]) |
//! | `roots.jsonl` | what stays of segments that went by retention ([`signed`]) |
//! | `public-key` | verifies all signatures; PEM |
//!
//! No key that seals or signs is on disk: both follow from the audit key. The order of writes, each on disk before the next:
//! lines, head, and only then are the events deleted from Redis. At a segment's end: its last line, head, the closing
//! checkpoint, head, and then the next segment's first line.

pub mod bytes;
mod content;
mod copier;
pub mod create;
mod epochs;
pub mod head;
pub mod keeper;
pub mod line;
pub mod lines;
pub mod ranges;
mod recover;
mod retention;
mod roll;
mod scan;
pub mod segment;
mod series;
pub mod signed;
#[cfg(test)]
pub(crate) mod tests;
mod unacknowledged;

pub use content::content;

use std::{
    fs::File,
    io,
    os::unix::fs::{FileExt as _, MetadataExt as _},
    path::PathBuf,
    sync::Arc,
};

use line::Link;
use segment::Tally;
use series::Series;
use signed::{Head, Last};

use crate::{
    event::Event,
    secret::{SegmentKey, TrailKeys},
};

/// When segments end and checkpoints are made.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// A segment of so many bytes is closed.
    pub segment_bytes: u64,
    /// A segment begun so long ago is closed, ms.
    pub segment_ms: u64,
    /// Between two checkpoints, ms.
    pub checkpoint_ms: u64,
    /// A segment whose last event is older goes, ms.
    pub retention_ms: u64,
    /// Between two looks for such, ms.
    pub retain_ms: u64,
}

impl Limits {
    /// Those that hold, with this retention. 64 MiB is what a tool still opens and a backup copies at once; a day is what
    /// retention counts in.
    pub const fn new(retention_ms: u64) -> Self {
        Self {
            segment_bytes: 64 << 20,
            segment_ms: 86_400_000,
            checkpoint_ms: 60_000,
            retention_ms,
            retain_ms: 3_600_000,
        }
    }
}

/// How far a trail has been written.
#[derive(Debug, Clone, Copy)]
struct Position {
    segment: u32,
    n: u64,
    bytes: u64,
    link: Link,
    closed: bool,
}

/// Why events were not written, or not for good.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// None of them is there.
    #[error("{0}")]
    Nothing(#[from] io::Error),
    /// They are there, but that is not yet said: they must not be deleted before a later write succeeds.
    #[error("{0}")]
    Unsaid(io::Error),
    /// The trail must be opened again.
    #[error("{0}")]
    Broken(io::Error),
}

/// A trail that is being written.
#[derive(Debug)]
pub struct Trail {
    dir: PathBuf,
    id: String,
    keys: Arc<TrailKeys>,
    nonce: [u8; 16],
    _lock: File,
    head: File,
    /// The last line that is on disk.
    at: Position,
    /// Whether the head on disk is of before that.
    unsaid: bool,
    /// The open segment.
    file: Option<File>,
    /// Its key, or that of the last one.
    key: Option<SegmentKey>,
    begun_ms: u64,
    tally: Tally,
    torn: u64,
    /// Of the last segment.
    checkpoints: Option<Series>,
    checkpoint: Last,
    /// The line that the last checkpoint is of.
    checkpointed: u64,
    roots: Series,
    /// The last segment that went.
    gone: u32,
}

impl Trail {
    /// Its name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where it is.
    pub fn dir(&self) -> &std::path::Path {
        &self.dir
    }

    /// Checkpoints made.
    pub fn checkpoints(&self) -> u64 {
        self.checkpoint.number
    }

    /// Whether the last checkpoint is of the last line.
    pub fn is_checkpointed(&self) -> bool {
        self.at.n <= self.checkpointed || self.checkpoints.is_none()
    }

    /// Writes events; they are on disk, and that is said there, once this returns.
    ///
    /// # Errors
    /// [`WriteError`]: none of them may be deleted from Redis.
    pub fn write<'a>(&mut self, events: impl IntoIterator<Item = &'a Event>, now_ms: u64) -> Result<(), WriteError> {
        let mut events = events.into_iter().peekable();
        if events.peek().is_some() {
            if self.at.closed {
                // What may be missing of the end of the one before.
                self.checkpoint(now_ms)?;
                self.begin(now_ms)?;
            }
            self.append(events)?;
            self.unsaid = true;
        }
        self.say_all(now_ms).map_err(WriteError::Unsaid)
    }

    fn append<'a>(&mut self, events: impl Iterator<Item = &'a Event>) -> Result<(), WriteError> {
        let (Some(file), Some(key)) = (&self.file, &self.key) else {
            return Err(io::Error::other("no segment is open").into());
        };
        let (mut lines, mut at, mut seen) = (Vec::new(), self.at, Vec::new());
        for event in events {
            at.link = line::append(&mut lines, (at.n + 1, &at.link), key, event)?;
            at.n += 1;
            seen.push(((event.bucket, event.epoch, event.seq), event.time_ms));
        }
        at.bytes += lines.len() as u64;
        if let Err(error) = file.write_all_at(&lines, self.at.bytes).and_then(|()| file.sync_data()) {
            // Whatever of it is in the file, or in memory only, must not be taken for written.
            return Err(match file.set_len(self.at.bytes) {
                Ok(()) => WriteError::Nothing(error),
                Err(_) => WriteError::Broken(error),
            });
        }
        self.still_there()?;
        self.at = at;
        for (identity, time_ms) in seen {
            self.tally.add(identity, time_ms);
        }
        Ok(())
    }

    /// Whether the segment is still the file of its name: what is written into one that was removed is lost.
    fn still_there(&self) -> Result<(), WriteError> {
        let Some(file) = &self.file else { return Ok(()) };
        let (ours, named) = (file.metadata(), segment::path(&self.dir, self.at.segment).metadata());
        match (ours, named) {
            (Ok(ours), Ok(named)) if (ours.dev(), ours.ino()) == (named.dev(), named.ino()) => Ok(()),
            (Err(error), _) | (_, Err(error)) => Err(WriteError::Broken(error)),
            _ => Err(WriteError::Broken(io::Error::other("another file is in the segment's place"))),
        }
    }

    /// Says how far it is written, if that is not said yet.
    fn say_all(&mut self, now_ms: u64) -> io::Result<()> {
        if self.unsaid { self.say(now_ms) } else { Ok(()) }
    }

    /// Says how far it is written.
    fn say(&mut self, now_ms: u64) -> io::Result<()> {
        let Position { segment, n, bytes, link, closed } = self.at;
        let head = Head {
            head: self.id.clone(),
            time_ms: now_ms,
            segment,
            n,
            bytes,
            h: bytes::Bytes(link.hash),
            s: bytes::Bytes(link.seal),
            closed,
            checkpoints: self.checkpoint.number,
            checkpoint: bytes::Bytes(self.checkpoint.hash),
            roots: self.roots.last.number,
            root: bytes::Bytes(self.roots.last.hash),
        };
        self.unsaid = true;
        head::write(&self.head, &self.keys, &head)?;
        self.unsaid = false;
        Ok(())
    }
}
