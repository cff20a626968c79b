//! A file read line by line, with where each begins, and without trusting it to have any.

use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _};
use std::{fs::File, fs::OpenOptions, path::Path};

use super::{End, Header, Line, Record, record};
use crate::files;

/// No line of ours is longer: that of a segment's beginning has 64 positions, and an event's some fields.
const LONGEST: u64 = 16 << 20;

/// See the module.
#[derive(Debug)]
pub struct Lines {
    reader: BufReader<File>,
    buffer: Vec<u8>,
    next: u64,
    number: u64,
}

/// One line.
#[derive(Debug, Clone, Copy)]
pub struct Raw<'a> {
    /// Its bytes, without the line feed.
    pub bytes: &'a [u8],
    /// Which of the file, from 1.
    pub number: u64,
    /// Where it begins.
    pub start: u64,
    /// Where the next one begins.
    pub end: u64,
    /// Whether it ends with a line feed.
    pub whole: bool,
}

impl Lines {
    /// Reads a regular file, which is no link, from the beginning.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::open_at(path, 0)
    }

    /// Reads from a byte on, with which a line begins.
    ///
    /// # Errors
    /// If the file cannot be opened.
    pub fn open_at(path: &Path, start: u64) -> io::Result<Self> {
        let mut file = files::open(path, OpenOptions::new().read(true))?;
        file.seek(io::SeekFrom::Start(start))?;
        Ok(Self { reader: BufReader::with_capacity(1 << 16, file), buffer: Vec::new(), next: start, number: 0 })
    }

    /// The next line, `None` at the end.
    pub fn next_line(&mut self) -> io::Result<Option<Raw<'_>>> {
        self.buffer.clear();
        let read = self.reader.by_ref().take(LONGEST).read_until(b'\n', &mut self.buffer)?;
        if read == 0 {
            return Ok(None);
        }
        let start = self.next;
        self.next += read as u64;
        self.number += 1;
        let whole = self.buffer.last() == Some(&b'\n');
        let bytes = self.buffer.strip_suffix(b"\n").unwrap_or(&self.buffer);
        Ok(Some(Raw { bytes, number: self.number, start, end: self.next, whole }))
    }

    /// The first line, if it is a segment's beginning that follows what it says that it follows, and where it ends.
    pub(super) fn first(&mut self) -> io::Result<Option<(Header, End)>> {
        let Some(raw) = self.next_line()?.filter(|raw| raw.whole) else { return Ok(None) };
        let Some(line) = Line::read(raw.bytes) else { return Ok(None) };
        let Some(Record::Header(header)) = Record::read(&line.json()) else { return Ok(None) };
        let end = End { segment: header.segment, n: line.n, bytes: raw.end, hash: line.hash, newest_ms: 0 };
        Ok(line.follows(&header.previous.0).then_some((header, end)))
    }
}

/// Goes through the lines of a trail that have the form of one, with the number of their segment, until `enough` says so. A
/// segment that retention removes meanwhile is passed over.
pub fn each(trail: &Path, mut enough: impl FnMut(u32, &Raw<'_>, &Line<'_>) -> bool) -> io::Result<()> {
    for number in record::segments(trail)? {
        let Some(mut lines) = files::there(Lines::open(&record::path(trail, number)))? else { continue };
        while let Some(raw) = lines.next_line()? {
            if Line::read(raw.bytes).is_some_and(|line| enough(number, &raw, &line)) {
                return Ok(());
            }
        }
    }
    Ok(())
}
