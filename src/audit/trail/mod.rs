//! A trail on disk: chained lines in segments, and checkpoints, which are signed.
//!
//! `OTP_AUDIT_DIR` has a directory for each sidecar that ran at the same time as another; `deploy/docs/trail-format.md`
//! specifies every byte. The key that signs is not on disk: it follows from the audit key. The order of writes, each on disk
//! before the next: lines, head, and only then are the events deleted from Redis.

pub mod checkpoint;
pub mod create;
pub mod keeper;
pub mod line;
pub mod lines;
pub mod ranges;
pub mod record;
pub mod recover;
pub mod retention;
mod witness;

use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::{collections::BTreeMap, fs, fs::File, io, path::Path, path::PathBuf, sync::Arc};

pub use checkpoint::{Checkpoint, Role};
pub use keeper::{Keeper, Limits, Settings};
pub use line::{Bytes, Draft, Hash, Line};
pub use lines::{Lines, Raw};
pub use ranges::{EventId, Position, Ranges, Span};
pub use record::{Exported, Handover, HandoverLine, Header, MarkLine, Place, Record};
pub use recover::Stop;
pub use retention::Clocks;

use serde_json::value::RawValue;

use crate::{event::Event, files, secret::TrailKeys};

/// Bytes that nearly every event's line fits.
const USUAL_LINE: usize = 768;

/// Where a trail ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct End {
    segment: u32,
    n: u64,
    bytes: u64,
    hash: Hash,
    /// Time of the segment's newest event, ms since 1970; 0 = none.
    newest_ms: u64,
}

impl End {
    /// What is to be signed of it, in a trail of this name.
    fn checkpoint(self, role: Role, trail: &str, keys: &TrailKeys, now_ms: u64) -> Checkpoint {
        let Self { segment, n, bytes, hash: h, newest_ms } = self;
        let (trail, h, key) = (trail.to_owned(), Bytes(h), keys.public().id());
        Checkpoint { trail, role, time_ms: now_ms, segment, n, bytes, h, newest_ms, key }
    }
}

/// What is known of the open segment, as far as it is on disk.
#[derive(Debug)]
struct Open {
    end: End,
    /// When it was begun, ms since 1970.
    begun_ms: u64,
    /// The last event of each bucket, here and in the segments before.
    positions: BTreeMap<u8, Position>,
    /// The last line that was a mark, or that nothing is to be said of.
    marked: u64,
    /// The other trails that the last mark tells of.
    seen: BTreeMap<String, u64>,
}

impl Open {
    /// One that nothing happened in yet: there is nothing to be said of it.
    fn begun(header: Header, end: End) -> Self {
        let Header { time_ms: begun_ms, positions, .. } = header;
        Self { end, begun_ms, positions, marked: end.n, seen: BTreeMap::new() }
    }
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
    open: Open,
    /// Whether the head on disk is of before its last line.
    head_dirty: bool,
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
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The last event of each bucket.
    pub fn positions(&self) -> &BTreeMap<u8, Position> {
        &self.open.positions
    }

    /// Whether the last line is a mark, or as good as one.
    pub fn is_marked(&self) -> bool {
        self.open.end.n <= self.open.marked
    }

    /// Writes events, with a handover before the first of each bucket whose events went elsewhere before, as `exported`
    /// has it; they are on disk, and that is said there, once this returns.
    ///
    /// # Errors
    /// None of them may be deleted from Redis: they are not there, or the head does not tell of them yet.
    pub fn write(&mut self, events: &[Event], exported: &BTreeMap<u8, Exported>, now_ms: u64) -> io::Result<()> {
        // Else the same events would be written each time that the head cannot be.
        self.write_head(now_ms)?;
        let text = Vec::with_capacity(events.len() * USUAL_LINE);
        let mut draft = Draft { text, ..Draft::behind(self.open.end.n, self.open.end.hash) };
        let (mut newest, mut last) = (self.open.end.newest_ms, BTreeMap::new());
        for own in events.chunk_by(|one, next| one.bucket == next.bucket) {
            let Some(Event { bucket, epoch, seq, .. }) = own.last() else { continue };
            if last.insert(*bucket, Position { epoch: *epoch, seq: *seq }).is_none()
                && let Some(before) = self.handover(*bucket, exported)
            {
                draft.push(&HandoverLine { before })?;
            }
            for event in own {
                draft.line(|text| event.put(text));
                newest = newest.max(event.time_ms);
            }
        }
        if last.is_empty() {
            return Ok(());
        }
        self.append(draft)?;
        self.open.end.newest_ms = newest;
        last.into_iter().for_each(|(bucket, at)| ranges::learn(&mut self.open.positions, bucket, at));
        self.write_head(now_ms)
    }

    /// What is to be said before an event of this bucket: `None` where it was we who wrote those before it.
    fn handover(&self, bucket: u8, exported: &BTreeMap<u8, Exported>) -> Option<Handover> {
        let (exported, own) = (exported.get(&bucket)?, self.open.positions.get(&bucket));
        let ours = exported.trail.as_deref() == Some(&self.id) && exported.position.as_ref() <= own;
        let first = exported.position.is_none() && own.is_some();
        (!ours && !first).then(|| Handover { bucket, exported: exported.clone() })
    }

    fn append(&mut self, draft: Draft) -> io::Result<()> {
        let Draft { text, n, hash } = draft;
        let bytes = self.open.end.bytes;
        if let Err(error) = self.file.write_all_at(&text, bytes).and_then(|()| self.file.sync_data()) {
            // Whatever of it is in the file, or in memory only, must not be taken for written.
            self.broken = self.file.set_len(bytes).is_err();
            return Err(error);
        }
        self.still_there().inspect_err(|_| self.broken = true)?;
        self.open.end = End { n, hash, bytes: bytes + text.len() as u64, ..self.open.end };
        self.head_dirty = true;
        match self.written.is_empty() {
            true => self.written = text,
            false => self.written.extend_from_slice(&text),
        }
        Ok(())
    }

    /// Whether the segment is still the file of its name: what is written into one that was removed is lost.
    fn still_there(&self) -> io::Result<()> {
        let (ours, named) = (self.file.metadata()?, record::path(&self.dir, self.open.end.segment).metadata()?);
        let is = (ours.dev(), ours.ino()) == (named.dev(), named.ino());
        if is { Ok(()) } else { Err(io::Error::other("another file is in the segment's place")) }
    }

    /// Says how far it is written, if that is not said yet.
    fn write_head(&mut self, now_ms: u64) -> io::Result<()> {
        if self.head_dirty {
            self.open.end.checkpoint(Role::Head, &self.id, &self.keys, now_ms).write(&self.head, &self.keys)?;
            self.head_dirty = false;
        }
        Ok(())
    }

    /// Writes a mark, if there is something new to say, and answers its statement. `seen` is how far the other trails of
    /// the directory went.
    ///
    /// # Errors
    /// If it cannot be written; it is tried again the next time.
    pub fn mark(&mut self, seen: BTreeMap<String, u64>, now_ms: u64) -> io::Result<Option<Vec<u8>>> {
        self.write_head(now_ms)?;
        if self.is_marked() && seen.keys().eq(self.open.seen.keys()) {
            return Ok(None);
        }
        let statement = self.open.end.checkpoint(Role::Mark, &self.id, &self.keys, now_ms).signed(&self.keys)?;
        let mark = RawValue::from_string(String::from_utf8_lossy(&statement).into_owned());
        let mut draft = Draft::behind(self.open.end.n, self.open.end.hash);
        draft.push(&MarkLine { mark: mark?, seen: seen.clone() })?;
        self.append(draft)?;
        (self.open.marked, self.open.seen) = (self.open.end.n, seen);
        self.write_head(now_ms)?;
        Ok(Some(statement))
    }

    /// Begins the next segment if the open one is full, or old and not empty.
    ///
    /// # Errors
    /// If it cannot be begun; it is tried again the next time.
    pub fn roll(&mut self, limits: &Limits, now_ms: u64) -> io::Result<()> {
        let old = now_ms.saturating_sub(self.open.begun_ms) >= limits.segment_ms && self.open.end.newest_ms > 0;
        if self.open.end.bytes >= limits.segment_bytes || old { self.begin(now_ms) } else { Ok(()) }
    }

    /// Begins the next segment.
    ///
    /// # Errors
    /// If it cannot be begun; the open one goes on.
    pub fn begin(&mut self, now_ms: u64) -> io::Result<()> {
        self.write_head(now_ms)?;
        let Open { end, positions, .. } = &self.open;
        let header = Header::behind(end, &self.id, &self.place, now_ms);
        let header = Header { positions: positions.clone(), ..header };
        let (file, end, text) = make(&self.dir, &header, end)?;
        // A mark of a segment that nothing happened in yet says nothing new.
        let marked = if self.is_marked() { end.n } else { self.open.marked };
        let seen = std::mem::take(&mut self.open.seen);
        (self.file, self.open) = (file, Open { marked, seen, ..Open::begun(header, end) });
        self.written.extend_from_slice(&text);
        self.head_dirty = true;
        self.write_head(now_ms)
    }
}

/// Makes the file of the segment that begins so; answers it, where it ends, and its text, which is on disk.
fn make(dir: &Path, header: &Header, before: &End) -> io::Result<(File, End, Vec<u8>)> {
    let mut draft = Draft::behind(before.n, before.hash);
    draft.push(header)?;
    let Draft { text, n, hash } = draft;
    let path = record::path(dir, header.segment);
    let write = || {
        let file = files::create(&path)?;
        file.write_all_at(&text, 0)?;
        file.sync_all()?;
        files::sync(dir)?;
        Ok(file)
    };
    let file = write().inspect_err(|_: &io::Error| {
        // What is left of it would be taken for the segment's beginning.
        let _ = fs::remove_file(&path);
    })?;
    Ok((file, End { segment: header.segment, n, bytes: text.len() as u64, hash, newest_ms: 0 }, text))
}
