//! A trail is opened to go on: after a clean stop, or after a crash in the middle of anything.
//!
//! Whole lines behind the head stay: nothing was deleted from Redis for them, and a line twice is no harm. What is not whole
//! goes. Until it is known that the trail is ours and sound as far as its head says, nothing is written.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::{io, path::Path, sync::Arc};

use super::record::{self, FORMAT};
use super::{Checkpoint, End, Header, Line, Lines, Open, Place, Record, Role, Trail, create, ranges};
use crate::files::{self, there};
use crate::secret::{PublicKey, TrailKeys};

/// Why a trail cannot be gone on with.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// Another sidecar writes it.
    #[error("another sidecar writes it")]
    Busy,
    /// It is another key's, or not as it was left.
    #[error("{0}")]
    Foreign(&'static str),
    /// It cannot be read or written.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// The checkpoint of this role, if it is this trail's.
pub(super) fn signed(dir: &Path, role: Role, public: &PublicKey) -> Result<Checkpoint, Stop> {
    files::real_directory(dir)?;
    match there(Checkpoint::read(dir, role, public))? {
        Some(Some(said)) if create::id_of(dir) == Some(&said.trail) => Ok(said),
        Some(Some(_)) => Err(Stop::Foreign("its head is that of another trail")),
        Some(None) => Err(Stop::Foreign("its head is not signed by this audit key")),
        None => Err(Stop::Foreign("it has no head")),
    }
}

impl Trail {
    /// Opens the trail in `dir`, which goes on at `place`. What an unfinished write left behind is removed.
    ///
    /// # Errors
    /// [`Stop`]: nothing was written there but an empty lock, unless it is the disk.
    pub fn open(dir: &Path, place: &Place, keys: &Arc<TrailKeys>, now_ms: u64) -> Result<Self, Stop> {
        signed(dir, Role::Head, keys.public())?;
        let lock = files::open(&dir.join("lock"), OpenOptions::new().create(true).truncate(false).write(true))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => Stop::Busy,
            TryLockError::Error(error) => error.into(),
        })?;
        Self::open_locked(dir, place, keys, lock, now_ms)
    }

    /// The same of one whose lock is held.
    pub(super) fn open_locked(
        dir: &Path,
        place: &Place,
        keys: &Arc<TrailKeys>,
        lock: File,
        now_ms: u64,
    ) -> Result<Self, Stop> {
        // Read again: its writer may have gone on before it let go.
        let head = signed(dir, Role::Head, keys.public())?;
        let gone = signed(dir, Role::Removed, keys.public())?.segment;
        let path = record::path(dir, head.segment);
        if !path.try_exists()? {
            return Err(Stop::Foreign("its newest segment is missing"));
        }
        let open = scan(&path, &head)?;
        let all = record::segments(dir)?;
        let newest = all.last().copied().unwrap_or_default();
        if newest > head.segment {
            if newest > head.segment + 1 || open.end.n > head.n || !is_merely_begun(dir, &head)? {
                return Err(Stop::Foreign("it has segments that its head knows nothing of"));
            }
            there(fs::remove_file(record::path(dir, newest)))?;
        }
        let writable = |name: &Path| files::open(name, OpenOptions::new().read(true).write(true));
        let mut trail = Trail {
            dir: dir.to_owned(),
            id: head.trail,
            place: place.clone(),
            keys: Arc::clone(keys),
            _lock: lock,
            head: writable(&dir.join(Role::Head.file()))?,
            removed: writable(&dir.join(Role::Removed.file()))?,
            file: writable(&path)?,
            open,
            head_dirty: true,
            gone,
            written: Vec::new(),
            broken: false,
        };
        trail.file.set_len(trail.open.end.bytes)?;
        trail.file.sync_data()?;
        trail.write_head(now_ms)?;
        // They were said to be gone by a process that ended before they were; the next start tries again.
        all.iter().filter(|number| **number <= gone).for_each(|number| _ = fs::remove_file(record::path(dir, *number)));
        Ok(trail)
    }
}

fn scan(path: &Path, head: &Checkpoint) -> Result<Open, Stop> {
    const UNSOUND: Stop = Stop::Foreign("its newest segment is not sound as far as its head says");
    const OLD_HEAD: Stop = Stop::Foreign("its head is older than one of its marks");
    let mut lines = Lines::open(path)?;
    let (header, end) = lines.first()?.ok_or(UNSOUND)?;
    if (header.segment, &header.trail, header.format) != (head.segment, &head.trail, FORMAT) {
        return Err(UNSOUND);
    }
    let mut open = Open::begun(header, end);
    let is_head = |end: &End| (end.n, end.bytes, &end.hash) == (head.n, head.bytes, head.hash());
    let (mut passed, mut marked_behind) = (is_head(&open.end), false);
    while let Some(raw) = lines.next_line()? {
        let line = Line::read(raw.bytes).filter(|line| raw.whole && line.n == open.end.n + 1);
        let Some(line) = line.filter(|line| line.follows(&open.end.hash)) else { break };
        // A mark is said by the head before anything else is written.
        if marked_behind {
            return Err(OLD_HEAD);
        }
        match Record::read(&line.json()) {
            Some(Record::Event(event)) => {
                open.end.newest_ms = open.end.newest_ms.max(event.time_ms);
                ranges::learn(&mut open.positions, event.bucket, event.id().position);
            }
            // Nor is it written before the head tells of the lines before it.
            Some(Record::Mark(_)) if passed && open.end.n > head.n => return Err(OLD_HEAD),
            Some(Record::Mark(mark)) => {
                marked_behind = passed;
                (open.marked, open.seen) = (line.n, mark.seen);
            }
            Some(Record::Header(_)) | None => return Err(UNSOUND),
            Some(Record::Handover(_) | Record::Unknown) => {}
        }
        open.end = End { n: line.n, bytes: raw.end, hash: line.hash, ..open.end };
        passed |= is_head(&open.end);
    }
    if passed { Ok(open) } else { Err(UNSOUND) }
}

/// Whether the segment behind that of the head is what a crash leaves of one: half a first line, or all of it and no more.
fn is_merely_begun(dir: &Path, head: &Checkpoint) -> io::Result<bool> {
    let path = record::path(dir, head.segment + 1);
    if !Lines::open(&path)?.next_line()?.is_some_and(|raw| raw.whole) {
        return Ok(true);
    }
    let mut lines = Lines::open(&path)?;
    let ours = |(header, end): (Header, End)| end.n == head.n + 1 && header.previous == head.h;
    Ok(lines.first()?.is_some_and(ours) && lines.next_line()?.is_none())
}
