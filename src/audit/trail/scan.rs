//! A segment read from its beginning to where it is known to be on disk.

use std::{io, path::Path};

use super::{
    Position,
    line::{Line, Link},
    lines::Lines,
    segment::{self, Header, Tally, What},
};
use crate::secret::{SegmentKey, TrailKeys};

/// What the first line of the segment of this number says; `None` if it is not sound.
///
/// # Errors
/// If it cannot be read.
pub fn header(dir: &Path, (id, number): (&str, u32), keys: &TrailKeys) -> io::Result<Option<Header>> {
    let mut lines = Lines::open(&segment::path(dir, number))?;
    let Some(raw) = lines.next_line()? else { return Ok(None) };
    let Some(line) = Line::read(raw.bytes).filter(|_| raw.whole) else { return Ok(None) };
    let Some(What::Header(header)) = What::read(&line.json()) else { return Ok(None) };
    let key = keys.segment(id, &header.nonce.0, number);
    let sealed = follows(&link(&header), &line, &key);
    Ok((sealed && header.segment == number && header.trail == id).then_some(header))
}

/// The events of an open segment up to `end`; `None` if it is not sound up to there, or ends before.
///
/// # Errors
/// If it cannot be read.
pub fn events(dir: &Path, header: &Header, key: &SegmentKey, end: &Position) -> io::Result<Option<Tally>> {
    let mut lines = Lines::open(&segment::path(dir, end.segment))?;
    let (mut tally, mut last) = (Tally::default(), link(header));
    let mut n = None;
    while let Some(raw) = lines.next_line()? {
        let Some(line) = Line::read(raw.bytes).filter(|_| raw.whole) else { return Ok(None) };
        if !follows(&last, &line, key) || n.is_some_and(|n| line.n != n + 1) {
            return Ok(None);
        }
        match What::read(&line.json()) {
            Some(What::Event(event)) => drop(tally.add((event.bucket, event.epoch, event.seq), event.time_ms)),
            Some(What::Header(_)) if n.is_none() => {}
            _ => return Ok(None),
        }
        (n, last) = (Some(line.n), line.link);
        if raw.end >= end.bytes {
            let there = (raw.end, line.n, last) == (end.bytes, end.n, end.link);
            return Ok(there.then_some(tally));
        }
    }
    Ok(None)
}

fn follows(before: &Link, line: &Line<'_>, key: &SegmentKey) -> bool {
    let hash = before.hash(line.body);
    line.link == Link { hash, seal: key.seal(&hash) }
}

fn link(header: &Header) -> Link {
    let (hash, seal) = header.previous.0.split_at(32);
    let mut link = Link::NONE;
    link.hash.iter_mut().zip(hash).for_each(|(to, from)| *to = *from);
    link.seal.iter_mut().zip(seal).for_each(|(to, from)| *to = *from);
    link
}
