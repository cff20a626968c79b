//! Retention: a segment whose last event is older goes, and its root stays.
//!
//! The root, signed, is on disk before the segment goes, so that a reader knows what went by retention, and that what went
//! otherwise did not.

use std::{fs, io, os::unix::fs::FileExt as _, path::Path};

use super::{
    Trail,
    bytes::Bytes,
    create,
    line::Line,
    lines::Lines,
    segment::{self, Footer, What},
    signed::{self, Root},
};

/// Most segments that go in one step; the next step goes on.
const AT_ONCE: usize = 16;
/// Bytes of a file's end that are looked through for its last line at first.
const TAIL: u64 = 64 << 10;

impl Trail {
    /// Removes the oldest segments whose last event was before `before_ms`, a few at a time; answers how many went. An open
    /// segment stays.
    ///
    /// # Errors
    /// If a root cannot be written, or a segment not be read or removed; the others stay.
    pub fn retain(&mut self, before_ms: u64, now_ms: u64) -> io::Result<usize> {
        let mut count = 0;
        while count < AT_ONCE && self.gone < self.at.segment {
            let number = self.gone + 1;
            if number == self.at.segment && !self.at.closed {
                break;
            }
            let Some(root) = self.root_of(number, before_ms, now_ms)? else { break };
            self.roots.append(&self.keys, &root)?;
            self.gone = number;
            self.say(now_ms)?;
            self.remove(number)?;
            count += 1;
        }
        Ok(count)
    }

    /// What is to stay of a segment; `None` if it is not old enough.
    fn root_of(&self, number: u32, before_ms: u64, now_ms: u64) -> io::Result<Option<Root>> {
        let path = segment::path(&self.dir, number);
        let unsound = || io::Error::new(io::ErrorKind::InvalidData, format!("{} has no sound end", path.display()));
        let text = last_line(&path)?;
        let line = Line::read(&text).ok_or_else(unsound)?;
        let Some(What::Footer(footer)) = What::read(&line.json()) else { return Err(unsound()) };
        let Footer { end, time_ms, events, first_ms, last_ms, ranges, .. } = footer;
        if end != number || (if events > 0 { last_ms } else { time_ms }) >= before_ms {
            return if end == number { Ok(None) } else { Err(unsound()) };
        }
        let mut lines = Lines::open(&path)?;
        let first = lines.next_line()?.and_then(|raw| Line::read(raw.bytes).map(|line| line.n)).ok_or_else(unsound)?;
        let checkpoint = last_line(&segment::checkpoints(&self.dir, number))?;
        let said: signed::Checkpoint = signed::open(self.keys.public(), &checkpoint).ok_or_else(unsound)?;
        Ok(Some(Root {
            root: self.roots.last.number + 1,
            previous: Bytes(self.roots.last.hash),
            trail: self.id.clone(),
            time_ms: now_ms,
            segment: number,
            nonce: Bytes(self.nonce),
            lines: (first, line.n),
            events,
            first_ms,
            last_ms,
            h: Bytes(line.link.hash),
            s: Bytes(line.link.seal),
            checkpoint: said.checkpoint,
            checkpoint_hash: Bytes(signed::hash(&checkpoint)),
            ranges,
        }))
    }

    fn remove(&mut self, number: u32) -> io::Result<()> {
        if number == self.at.segment {
            self.checkpoints = None;
        }
        remove(&segment::checkpoints(&self.dir, number))?;
        remove(&segment::path(&self.dir, number))?;
        create::sync(&self.dir)
    }

    /// Removes segments whose roots were written by a process that ended before it removed them.
    pub(super) fn remove_leftovers(&mut self) {
        for number in segment::all(&self.dir).unwrap_or_default() {
            if number <= self.gone {
                // The next start tries again.
                let _ = self.remove(number);
            }
        }
    }
}

/// Removes a file; one that is not there is no error.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The last line of a file, without its line feed.
pub(super) fn last_line(path: &Path) -> io::Result<Vec<u8>> {
    let file = fs::File::open(path)?;
    let length = file.metadata()?.len();
    let mut window = TAIL;
    loop {
        let start = length.saturating_sub(window);
        let mut bytes = vec![0; usize::try_from(length - start).map_err(io::Error::other)?];
        file.read_exact_at(&mut bytes, start)?;
        let text = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        match text.iter().rposition(|byte| *byte == b'\n') {
            Some(feed) => return Ok(text.get(feed + 1..).unwrap_or_default().to_vec()),
            None if start == 0 => return Ok(text.to_vec()),
            None => window = window.saturating_mul(8),
        }
    }
}
