//! A trail is opened to go on: after a clean stop, or after a crash in the middle of anything.
//!
//! Whole lines behind the head stay: nothing was deleted from Redis for them, and a line twice is no harm. What is not whole
//! goes. Until it is known that the trail is ours and sound as far as its head says, nothing is written.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions, TryLockError},
    io,
    path::Path,
    sync::Arc,
};

use super::{
    End, Trail,
    checkpoint::{Checkpoint, Role},
    create,
    line::Line,
    lines::{First, Lines},
    ranges::Position,
    record::{self, FORMAT, Header, Place, Record},
};
use crate::{
    files,
    secret::{PublicKey, TrailKeys},
};

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
    match Checkpoint::read(dir, role, public) {
        Ok(Some(said)) if create::id_of(dir) == Some(&said.trail) => Ok(said),
        Ok(Some(_)) => Err(Stop::Foreign("its head is that of another trail")),
        Ok(None) => Err(Stop::Foreign("its head is not signed by this audit key")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Stop::Foreign("it has no head")),
        Err(error) => Err(error.into()),
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
        // Again: its writer may have gone on before it let go.
        let head = signed(dir, Role::Head, keys.public())?;
        let gone = signed(dir, Role::Removed, keys.public())?.segment;
        let path = record::path(dir, head.segment);
        if !path.try_exists()? {
            return Err(Stop::Foreign("its newest segment is missing"));
        }
        let found = scan(&path, &head)?;
        let begun = record::segments(dir)?.into_iter().filter(|number| *number > head.segment).collect::<Vec<_>>();
        for number in &begun {
            // Begun, and not more than that.
            if *number != head.segment + 1
                || found.end.n > head.n
                || has_more_than_a_header(&record::path(dir, *number))?
            {
                return Err(Stop::Foreign("it has segments that its head knows nothing of"));
            }
        }
        begun.iter().try_for_each(|number| remove(&record::path(dir, *number)))?;
        let writable = |name: &Path| files::open(name, OpenOptions::new().read(true).write(true));
        let mut trail = Trail {
            dir: dir.to_owned(),
            place: place.clone(),
            keys: Arc::clone(keys),
            _lock: lock,
            head: writable(&dir.join(Role::Head.file()))?,
            removed: writable(&dir.join(Role::Removed.file()))?,
            file: writable(&path)?,
            end: found.end,
            head_dirty: true,
            begun_ms: found.header.time_ms,
            newest_ms: found.newest_ms,
            positions: found.positions,
            marked: found.marked,
            seen: found.seen,
            gone,
            id: head.trail,
            written: Vec::new(),
            broken: false,
        };
        trail.file.set_len(trail.end.bytes)?;
        trail.file.sync_data()?;
        trail.write_head(now_ms)?;
        trail.remove_leftovers();
        Ok(trail)
    }
}

/// What the newest segment has.
struct Found {
    header: Header,
    end: End,
    newest_ms: u64,
    positions: BTreeMap<u8, Position>,
    marked: u64,
    seen: BTreeMap<String, u64>,
}

fn scan(path: &Path, head: &Checkpoint) -> Result<Found, Stop> {
    const UNSOUND: Stop = Stop::Foreign("its newest segment is not sound as far as its head says");
    let mut lines = Lines::open(path)?;
    let First { header, n, hash, end: bytes } = lines.first()?.ok_or(UNSOUND)?;
    if (header.segment, &header.trail, header.format) != (head.segment, &head.trail, FORMAT) {
        return Err(UNSOUND);
    }
    let end = End { segment: head.segment, n, bytes, hash };
    let mut found = Found {
        end,
        newest_ms: 0,
        positions: header.positions.clone(),
        // Of a segment that nothing happened in yet there is nothing to say.
        marked: end.n,
        seen: BTreeMap::new(),
        header,
    };
    let mut passed = (end.n, end.bytes, &end.hash) == (head.n, head.bytes, head.hash());
    let mut marked_behind = false;
    while let Some(raw) = lines.next_line()? {
        let line = Line::read(raw.bytes).filter(|line| raw.whole && line.n == found.end.n + 1);
        let Some(line) = line.filter(|line| line.follows(&found.end.hash)) else { break };
        // A mark is said by the head before anything else is written.
        if marked_behind {
            return Err(Stop::Foreign("its head is older than one of its marks"));
        }
        match Record::read(&line.json()) {
            Some(Record::Event(event)) => {
                found.newest_ms = found.newest_ms.max(event.time_ms);
                let last = found.positions.entry(event.bucket).or_default();
                *last = event.id().position.max(*last);
            }
            Some(Record::Mark(mark)) => {
                // Nor is it written before the head tells of the lines before it.
                if passed && found.end.n > head.n {
                    return Err(Stop::Foreign("its head is older than one of its marks"));
                }
                marked_behind = passed;
                (found.marked, found.seen) = (line.n, mark.seen);
            }
            Some(Record::Header(_)) | None => return Err(UNSOUND),
            Some(Record::Handover(_) | Record::Unknown) => {}
        }
        found.end = End { n: line.n, bytes: raw.end, hash: line.hash, ..found.end };
        if line.n == head.n {
            passed = (raw.end, &line.hash) == (head.bytes, head.hash());
        }
    }
    if passed { Ok(found) } else { Err(UNSOUND) }
}

fn has_more_than_a_header(path: &Path) -> io::Result<bool> {
    let mut lines = Lines::open(path)?;
    Ok(lines.next_line()?.is_some() && lines.next_line()?.is_some_and(|raw| Line::read(raw.bytes).is_some()))
}

/// Removes a file; one that is not there is no error.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
