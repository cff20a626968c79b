//! A file of numbered, signed lines, as it is written: checkpoints of a segment, roots of a trail.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::FileExt as _,
    path::Path,
};

use serde::Serialize;

use super::{
    lines::Lines,
    signed::{self, Last, Numbered},
};
use crate::{
    files,
    secret::{PublicKey, TrailKeys},
};

/// See the module.
#[derive(Debug)]
pub struct Series {
    file: File,
    bytes: u64,
    /// The last one, in this file or, where it has none yet, in the one before.
    pub last: Last,
}

impl Series {
    /// Opens or makes the file, whose lines must go on from `last`, which is on disk there or in a file before it. Whole
    /// lines behind that are taken, and what is left of an unfinished write is removed. With it comes what its last line
    /// says. `None` if `last` is not there any more as it was.
    ///
    /// # Errors
    /// If the file cannot be read or written.
    pub fn open<T: Numbered>(path: &Path, public: &PublicKey, last: Last) -> io::Result<Option<(Self, Option<T>)>> {
        let file = files::open(path, OpenOptions::new().create(true).truncate(false).read(true).write(true))?;
        let Some((bytes, last, said)) = end::<T>(path, public, last)? else { return Ok(None) };
        if bytes < file.metadata()?.len() {
            file.set_len(bytes)?;
        }
        file.sync_data()?;
        Ok(Some((Self { file, bytes, last }, said)))
    }

    /// Adds a line; on disk once this returns.
    ///
    /// # Errors
    /// It is then not there, as far as can be helped: the next one takes its place.
    pub fn append(&mut self, keys: &TrailKeys, what: &impl Serialize) -> io::Result<()> {
        let mut line = signed::sign(keys, what)?;
        let hash = signed::hash(&line);
        line.push(b'\n');
        let written = self.file.write_all_at(&line, self.bytes).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // Best effort: whatever is left there is overwritten or, after a crash, removed.
            let _ = self.file.set_len(self.bytes);
            return Err(error);
        }
        self.bytes += line.len() as u64;
        self.last = Last { number: self.last.number + 1, hash };
        Ok(())
    }
}

/// Where the sound lines end, the last of them, and what it says.
fn end<T: Numbered>(path: &Path, public: &PublicKey, known: Last) -> io::Result<Option<(u64, Last, Option<T>)>> {
    let mut lines = Lines::open(path)?;
    let (mut bytes, mut last, mut says) = (0, known, None);
    let mut found = false;
    while let Some(raw) = lines.next_line()? {
        let Some(said) = signed::open::<T>(public, raw.bytes).filter(|_| raw.whole) else { break };
        if said.number() == known.number {
            found = signed::hash(raw.bytes) == known.hash;
            if !found {
                return Ok(None);
            }
        } else if said.number() > known.number {
            if !last.is_before(&said) {
                break;
            }
            last = Last { number: said.number(), hash: signed::hash(raw.bytes) };
        }
        (bytes, says) = (raw.end, Some(said));
    }
    // Only lines from before the known one: it was cut off.
    let cut = bytes > 0 && !found && last == known;
    Ok((!cut).then_some((bytes, last, says)))
}
