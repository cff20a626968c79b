//! A trail on disk: chained lines in segments, and checkpoints, which are signed.
//!
//! `OTP_AUDIT_DIR` has a directory for each sidecar that ran at the same time as another, `trail-<8 hex digits>`:
//!
//! | file | |
//! |---|---|
//! | `lock` | empty; locked (flock) by the sidecar that writes this trail |
//! | `00000001.jsonl` … | segments of lines ([`mod@line`], [`record`]) |
//! | `head` | how far the trail is on disk ([`checkpoint`]) |
//! | `removed` | where the last segment ended that went by retention ([`checkpoint`]) |
//! | `public-key` | verifies the checkpoints; PEM |
//!
//! `deploy/docs/trail-format.md` specifies every byte. The key that signs is not on disk: it follows from the audit key. The
//! order of writes, each on disk before the next: lines, head, and only then are the events deleted from Redis.

pub mod bytes;
pub mod checkpoint;
pub mod create;
pub mod keeper;
pub mod line;
pub mod lines;
pub mod ranges;
pub mod record;
pub mod recover;
pub mod retention;
mod segment;
pub mod settings;
mod witness;

use std::{
    collections::BTreeMap,
    fs::File,
    io,
    os::unix::fs::{FileExt as _, MetadataExt as _},
    path::PathBuf,
    sync::Arc,
};

use bytes::Bytes;
use checkpoint::{Checkpoint, Role};
use line::{Draft, Hash};
use ranges::Position;
use record::{Exported, Handover, HandoverLine, Place};

use crate::{event::Event, secret::TrailKeys};

/// Where a trail ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct End {
    segment: u32,
    n: u64,
    bytes: u64,
    hash: Hash,
}

/// A trail that is being written.
#[derive(Debug)]
pub struct Trail {
    dir: PathBuf,
    id: String,
    place: Place,
    keys: Arc<TrailKeys>,
    _lock: File,
    head: File,
    removed: File,
    /// The open segment.
    file: File,
    /// The last line that is on disk.
    end: End,
    /// Whether the head on disk is of before that.
    head_dirty: bool,
    /// When the segment was begun, ms since 1970.
    begun_ms: u64,
    /// Time of its newest event, ms since 1970; 0 = none.
    newest_ms: u64,
    /// The last event of each bucket, here and in the segments before.
    positions: BTreeMap<u8, Position>,
    /// The last line that was a mark, or that nothing is to be said of.
    marked: u64,
    /// The other trails that the last mark tells of.
    seen: BTreeMap<String, u64>,
    /// The last segment that retention removed.
    gone: u32,
    /// What was written since it was last taken, for whoever wants the same lines elsewhere.
    written: Vec<u8>,
    /// Whether it must be opened again before more is written.
    broken: bool,
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

    /// The last event of each bucket.
    pub fn positions(&self) -> &BTreeMap<u8, Position> {
        &self.positions
    }

    /// Whether the last line is a mark, or as good as one.
    pub fn is_marked(&self) -> bool {
        self.end.n <= self.marked
    }

    /// Writes events, with a handover before the first of each bucket whose events went elsewhere before, as `exported`
    /// has it; they are on disk, and that is said there, once this returns.
    ///
    /// # Errors
    /// None of them may be deleted from Redis: they are not there, or the head does not tell of them yet.
    pub fn write(&mut self, events: &[Event], exported: &BTreeMap<u8, Exported>, now_ms: u64) -> io::Result<()> {
        // Else the same events would be written each time that the head cannot be.
        self.write_head_if_dirty(now_ms)?;
        let mut draft = Draft::behind(self.end.n, self.end.hash);
        let (mut newest, mut last) = (self.newest_ms, BTreeMap::new());
        for own in events.chunk_by(|one, next| one.bucket == next.bucket) {
            let Some(Event { bucket, epoch, seq, .. }) = own.last() else { continue };
            if last.insert(*bucket, Position { epoch: *epoch, seq: *seq }).is_none()
                && let Some(before) = self.handover(*bucket, exported)
            {
                draft.push(&HandoverLine { before })?;
            }
            for event in own {
                draft.push(event)?;
                newest = newest.max(event.time_ms);
            }
        }
        if last.is_empty() {
            return Ok(());
        }
        self.append(draft)?;
        self.newest_ms = newest;
        for (bucket, position) in last {
            let own = self.positions.entry(bucket).or_default();
            *own = position.max(*own);
        }
        self.write_head(now_ms)
    }

    /// What is to be said before an event of this bucket: `None` where it was we who wrote those before it.
    fn handover(&self, bucket: u8, exported: &BTreeMap<u8, Exported>) -> Option<Handover> {
        let exported = exported.get(&bucket)?;
        let ours =
            exported.trail.as_deref() == Some(&self.id) && exported.position <= self.positions.get(&bucket).copied();
        let first = exported.position.is_none() && self.positions.contains_key(&bucket);
        (!ours && !first).then(|| Handover { bucket, exported: exported.clone() })
    }

    fn append(&mut self, draft: Draft) -> io::Result<()> {
        let Draft { text, n, hash } = draft;
        if let Err(error) = self.file.write_all_at(&text, self.end.bytes).and_then(|()| self.file.sync_data()) {
            // Whatever of it is in the file, or in memory only, must not be taken for written.
            self.broken = self.file.set_len(self.end.bytes).is_err();
            return Err(error);
        }
        if let Err(error) = self.still_there() {
            self.broken = true;
            return Err(error);
        }
        self.end = End { n, hash, bytes: self.end.bytes + text.len() as u64, ..self.end };
        self.head_dirty = true;
        match self.written.is_empty() {
            true => self.written = text,
            false => self.written.extend_from_slice(&text),
        }
        Ok(())
    }

    /// Whether the segment is still the file of its name: what is written into one that was removed is lost.
    fn still_there(&self) -> io::Result<()> {
        let (ours, named) = (self.file.metadata()?, record::path(&self.dir, self.end.segment).metadata()?);
        let is = (ours.dev(), ours.ino()) == (named.dev(), named.ino());
        if is { Ok(()) } else { Err(io::Error::other("another file is in the segment's place")) }
    }

    /// Says how far it is written, if that is not said yet.
    fn write_head_if_dirty(&mut self, now_ms: u64) -> io::Result<()> {
        if self.head_dirty { self.write_head(now_ms) } else { Ok(()) }
    }

    /// Says how far it is written.
    fn write_head(&mut self, now_ms: u64) -> io::Result<()> {
        self.head_dirty = true;
        self.checkpoint(Role::Head, now_ms).write(&self.head, &self.keys)?;
        self.head_dirty = false;
        Ok(())
    }

    /// What is true of the last line.
    fn checkpoint(&self, role: Role, now_ms: u64) -> Checkpoint {
        let End { segment, n, bytes, hash } = self.end;
        Checkpoint {
            trail: self.id.clone(),
            role,
            time_ms: now_ms,
            segment,
            n,
            bytes,
            h: Bytes(hash),
            newest_ms: self.newest_ms,
            key: self.keys.public().id(),
        }
    }
}
