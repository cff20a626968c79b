//! A trail is opened to go on: after a clean stop, or after a crash in the middle of anything.
//!
//! What is behind the head goes: nothing was deleted from Redis for it, and it comes again.

use std::{
    fs::{self, OpenOptions, TryLockError},
    io,
    path::Path,
    sync::Arc,
};

use super::{
    Position, Trail, create, head,
    lines::Lines,
    retention, scan,
    segment::{self, Tally},
    series::Series,
    signed::{self, Checkpoint, Head, Last, Root},
};
use crate::{
    files,
    secret::{SegmentKey, TrailKeys},
};

/// What opening led to.
#[derive(Debug)]
pub enum Opened {
    /// It goes on.
    Trail(Box<Trail>),
    /// Another sidecar writes it.
    Busy,
    /// It cannot go on, for this reason: another key's, or not as it was left.
    Foreign(&'static str),
}

/// What stands in the way of going on: the trail, or the disk.
enum Stop {
    Foreign(&'static str),
    Io(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Trail {
    /// Opens the trail in `dir`. What an unfinished write left behind is removed, and a segment that has no end gets one.
    ///
    /// # Errors
    /// If it cannot be read or written.
    pub fn open(dir: &Path, keys: &Arc<TrailKeys>, now_ms: u64) -> io::Result<Opened> {
        files::real_directory(dir)?;
        let path = dir.join("lock");
        let lock = files::open(&path, OpenOptions::new().create(true).truncate(false).write(true))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Opened::Busy),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        match go_on(dir, lock, keys) {
            Ok(mut trail) => {
                trail.close(now_ms)?;
                trail.remove_leftovers();
                Ok(Opened::Trail(Box::new(trail)))
            }
            Err(Stop::Foreign(why)) => Ok(Opened::Foreign(why)),
            Err(Stop::Io(error)) => Err(error),
        }
    }
}

fn go_on(dir: &Path, lock: fs::File, keys: &Arc<TrailKeys>) -> Result<Trail, Stop> {
    let head = match head::read(dir, keys.public()) {
        Ok(Some(head)) if create::id_of(dir) == Some(&head.head) => head,
        Ok(_) => return Err(Stop::Foreign("its head is not signed by this audit key")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Stop::Foreign("it has no head")),
        Err(error) => return Err(error.into()),
    };
    let last = Last { number: head.roots, hash: head.root.0 };
    let Some((roots, root)) = Series::open::<Root>(&dir.join("roots.jsonl"), keys.public(), last)? else {
        return Err(Stop::Foreign("its roots are not those of its head"));
    };
    let newest = newest(dir, &head, root.as_ref(), keys)?;
    let last = Last { number: head.checkpoints, hash: head.checkpoint.0 };
    let (mut checkpoints, mut checkpoint) = (None, None);
    if newest.is_there {
        let path = segment::checkpoints(dir, head.segment);
        let Some((series, said)) = Series::open::<Checkpoint>(&path, keys.public(), last)? else {
            return Err(Stop::Foreign("its checkpoints are not those of its head"));
        };
        if said.as_ref().is_some_and(|said| said.n > head.n) {
            return Err(Stop::Foreign("its checkpoints go beyond its head: an older one is in its place"));
        }
        (checkpoints, checkpoint) = (Some(series), said);
    }
    let Head { head: id, segment, n, bytes, h, s, closed, .. } = head;
    Ok(Trail {
        dir: dir.to_owned(),
        keys: Arc::clone(keys),
        nonce: newest.nonce,
        _lock: lock,
        head: files::open(&head::path(dir), OpenOptions::new().write(true))?,
        key: newest.key,
        at: Position { segment, n, bytes, link: super::line::Link { hash: h.0, seal: s.0 }, closed },
        unsaid: true,
        file: newest.file,
        begun_ms: 0,
        tally: newest.tally,
        torn: newest.torn,
        checkpoint: checkpoints.as_ref().map_or(last, |series| series.last),
        checkpoints,
        checkpointed: checkpoint.filter(|said| said.segment == segment).map_or(0, |said| said.n),
        gone: root.map_or(0, |root| root.segment),
        roots,
        id,
    })
}

/// The newest segment.
struct Newest {
    nonce: [u8; 16],
    key: Option<SegmentKey>,
    is_there: bool,
    /// Where it is open.
    file: Option<fs::File>,
    tally: Tally,
    torn: u64,
}

fn newest(dir: &Path, head: &Head, root: Option<&Root>, keys: &TrailKeys) -> Result<Newest, Stop> {
    let (id, segment) = (head.head.as_str(), head.segment);
    let path = segment::path(dir, segment);
    let gone = root.filter(|root| root.segment == segment && root.link() == head.link());
    for number in segment::all(dir)? {
        match number.checked_sub(segment) {
            // Begun, and not more than that.
            Some(1) if head.closed && !is_checkpointed(dir, number, keys)? => remove(dir, number)?,
            Some(1..) => return Err(Stop::Foreign("it has segments that its head knows nothing of")),
            _ => {}
        }
    }
    let mut newest =
        Newest { nonce: [0; 16], key: None, is_there: false, file: None, tally: Tally::default(), torn: 0 };
    if segment == 0 {
        // Nothing has been sealed yet, so that any nonce will do.
        newest.nonce = rand::random();
        return Ok(newest);
    }
    if let Some(root) = gone {
        newest.nonce = root.nonce.0;
        newest.key = Some(keys.segment(id, &newest.nonce, segment));
        return Ok(newest);
    }
    if !path.try_exists()? {
        return Err(Stop::Foreign("its newest segment is missing"));
    }
    let Some(header) = scan::header(dir, (id, segment), keys)? else {
        return Err(Stop::Foreign("its newest segment is not sealed by this audit key"));
    };
    newest.nonce = header.nonce.0;
    newest.is_there = true;
    let key = keys.segment(id, &newest.nonce, segment);
    let length = path.metadata()?.len();
    if head.closed {
        if length != head.bytes {
            return Err(Stop::Foreign("its newest segment does not end as its head says"));
        }
    } else {
        let link = head.link();
        let end = Position { segment, n: head.n, bytes: head.bytes, link, closed: false };
        let Some(tally) = scan::events(dir, &header, &key, &end)? else {
            return Err(Stop::Foreign("its newest segment is not sound as far as its head says"));
        };
        let file = files::open(&path, OpenOptions::new().read(true).write(true))?;
        file.set_len(end.bytes)?;
        (newest.file, newest.tally, newest.torn) = (Some(file), tally, length.saturating_sub(end.bytes));
    }
    newest.key = Some(key);
    Ok(newest)
}

/// Whether a checkpoint was made of a segment: then the head knew of it.
fn is_checkpointed(dir: &Path, number: u32, keys: &TrailKeys) -> io::Result<bool> {
    let mut lines = match Lines::open(&segment::checkpoints(dir, number)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        lines => lines?,
    };
    while let Some(raw) = lines.next_line()? {
        if signed::open::<Checkpoint>(keys.public(), raw.bytes).is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn remove(dir: &Path, number: u32) -> io::Result<()> {
    for path in [segment::path(dir, number), segment::checkpoints(dir, number)] {
        retention::remove(&path)?;
    }
    Ok(())
}
