//! The lines of a trail, followed from one to the next.

use std::{collections::BTreeMap, io, path::Path};

use super::{
    classify,
    finding::{Finding, Kind},
};
use crate::{
    audit::trail::{
        content,
        line::{Line, Link},
        lines::{Lines, Raw},
        ranges::{Identity, Ranges},
        segment::{self, EventLine, Header, VERSION, What},
        signed::{Checkpoint, Head, Last},
    },
    event,
    secret::{PublicKey, SegmentKey, TrailKeys},
};

/// So many repeated events are looked at; that there are more tells nothing new.
const MOST_AGAIN: usize = 100;

/// What is known before the first line is read.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Where the trail is.
    pub dir: &'a Path,
    /// How far it goes.
    pub head: &'a Head,
    /// Verifies signatures.
    pub public: &'a PublicKey,
    /// Seals are checked with these.
    pub keys: Option<&'a TrailKeys>,
    /// Events up to this line are held against other trails'.
    pub until: u64,
}

/// Where we are, and what we have seen.
#[derive(Debug)]
pub struct Walk {
    /// The last line.
    pub n: u64,
    /// Its hash and seal.
    pub link: Link,
    /// The trail's nonce, once it is known.
    pub nonce: Option<[u8; 16]>,
    /// The last checkpoint.
    pub checkpoint: Last,
    /// Lines read.
    pub lines: u64,
    /// Times of the earliest and latest event, ms since 1970.
    pub times: Option<(u64, u64)>,
    /// Identities of events.
    pub ranges: Ranges,
    /// How many events were given up, by the events that say so.
    pub shed: BTreeMap<Identity, u64>,
    /// Events that were there before: where, and what they say. Those of one kind after the first are only counted.
    pub again: Vec<(Identity, Finding, [u8; 16])>,
    /// Bytes of an unfinished write.
    pub unfinished: u64,
    key: Option<SegmentKey>,
    passed: bool,
    /// The last checkpoint that agreed with its line.
    agreed: u64,
}

impl Walk {
    /// Before the line behind this one.
    pub fn behind(n: u64, link: Link, nonce: Option<[u8; 16]>, checkpoint: Last) -> Self {
        Self {
            n,
            link,
            nonce,
            checkpoint,
            lines: 0,
            times: None,
            ranges: Ranges::default(),
            shed: BTreeMap::new(),
            again: Vec::new(),
            unfinished: 0,
            key: None,
            passed: false,
            agreed: n,
        }
    }

    /// Follows the lines of a segment, the newest there is or not.
    pub fn segment(
        &mut self,
        known: &Known<'_>,
        (number, newest): (u32, bool),
        checkpoints: &[Checkpoint],
    ) -> Result<(), Finding> {
        let path = segment::path(known.dir, number);
        let unreadable = |error: io::Error| Finding::unreadable(&path, &error);
        let mut lines = Lines::open(&path).map_err(unreadable)?;
        let mut checkpoints = checkpoints.iter().peekable();
        let (mut first, mut ended) = (true, false);
        while let Some(raw) = lines.next_line().map_err(unreadable)? {
            let at = |kind, what: &str| Finding::in_line(kind, &path, raw.number, what);
            let beyond = newest && (number > known.head.segment || self.passed);
            if !raw.whole && beyond && !ended {
                self.unfinished = raw.end - raw.start;
                break;
            }
            if ended {
                return Err(at(Kind::Altered, "it is behind the segment's end"));
            }
            let expected = self.n.saturating_add(1);
            let line = Line::read(raw.bytes)
                .filter(|line| raw.whole && line.n == expected && line.link.hash == self.link.hash(line.body))
                .ok_or_else(|| classify::broken(known.dir, &path, &raw, (expected, &self.link)))?;
            match (What::read(&line.json()), first) {
                (Some(What::Header(header)), true) => {
                    self.header(known, number, &header).map_err(|what| at(Kind::Altered, what))?
                }
                (Some(What::Event(event)), false) if line.n > known.until => self.timed(&event),
                (Some(What::Event(event)), false) => self.event(&path, &raw, &line, &event),
                (Some(What::Footer(footer)), false) if footer.end == number => ended = true,
                _ => return Err(at(Kind::Altered, "no such line was ever written there")),
            }
            if self.key.as_ref().is_some_and(|key| key.seal(&line.link.hash) != line.link.seal) {
                return Err(at(Kind::WronglySealed, "its seal is not that of the audit key"));
            }
            (self.n, self.link, first) = (line.n, line.link, false);
            self.lines += 1;
            self.agree(known.head, (&path, number), &raw, &mut checkpoints)?;
        }
        self.end(known.head, (&path, number), (newest, ended), checkpoints.next())
    }

    fn header(&mut self, known: &Known<'_>, number: u32, header: &Header) -> Result<(), &'static str> {
        if header.segment != number || header.trail != known.head.head || header.version != VERSION {
            return Err("it is not the beginning of this segment");
        }
        if header.public_key.0 != known.public.0 || header.previous != self.link.bytes() {
            return Err("it does not follow from the segment before");
        }
        if *self.nonce.get_or_insert(header.nonce.0) != header.nonce.0 {
            return Err("it has another nonce than the segment before");
        }
        self.key = match (&self.key, known.keys) {
            (Some(key), _) => Some(key.next()),
            (None, Some(keys)) => Some(keys.segment(&header.trail, &header.nonce.0, number)),
            (None, None) => None,
        };
        Ok(())
    }

    fn event(&mut self, path: &Path, raw: &Raw<'_>, line: &Line<'_>, event: &EventLine) {
        let identity = (event.bucket, event.epoch, event.seq);
        if !self.ranges.insert(identity) && self.again.len() < MOST_AGAIN {
            let what = format!("event {}-{}-{} was in this trail before", event.bucket, event.epoch, event.seq);
            self.again.push((identity, Finding::in_line(Kind::Repeated, path, raw.number, what), content(line.body)));
        }
        self.timed(event);
        if event.kind == event::Kind::Shed.label() {
            self.shed.insert(identity, event.count);
        }
    }

    fn timed(&mut self, event: &EventLine) {
        let (first, last) = self.times.unwrap_or((event.time_ms, event.time_ms));
        self.times = Some((first.min(event.time_ms), last.max(event.time_ms)));
    }

    /// Whether the head and the checkpoints say the same of this line.
    fn agree<'a>(
        &mut self,
        head: &Head,
        (path, number): (&Path, u32),
        raw: &Raw<'_>,
        checkpoints: &mut std::iter::Peekable<impl Iterator<Item = &'a Checkpoint>>,
    ) -> Result<(), Finding> {
        let at = |what: String| Err(Finding::in_line(Kind::Altered, path, raw.number, what));
        while let Some(said) = checkpoints.next_if(|said| said.n == self.n) {
            if (said.link(), said.bytes, said.segment) != (self.link, raw.end, number) {
                return at(format!(
                    "checkpoint {} says otherwise: lines {} to {} of the trail were written anew, or one of them",
                    said.checkpoint,
                    self.agreed.saturating_add(1),
                    self.n
                ));
            }
            self.agreed = self.n;
        }
        if (number, self.n) == (head.segment, head.n) {
            if (head.link(), head.bytes) != (self.link, raw.end) {
                return at(format!(
                    "the head says otherwise: lines from {} on were written anew",
                    self.agreed.saturating_add(1)
                ));
            }
            self.passed = true;
        }
        Ok(())
    }

    fn end(
        &self,
        head: &Head,
        (path, number): (&Path, u32),
        (newest, ended): (bool, bool),
        left: Option<&Checkpoint>,
    ) -> Result<(), Finding> {
        let cut = |what: String| Err(Finding::of(Kind::Cut, path, what));
        let n = self.n;
        if number == head.segment && !self.passed {
            return cut(format!("it ends with line {n} of the trail, and went on to line {}", head.n));
        }
        if let Some(said) = left {
            if said.n <= n {
                let what = format!(
                    "checkpoint {} is of line {} of the trail, which is none of its lines",
                    said.checkpoint, said.n
                );
                return Err(Finding::of(Kind::BadCheckpoint, path, what));
            }
            return cut(format!(
                "it has no line {} of the trail, of which checkpoint {} tells",
                said.n, said.checkpoint
            ));
        }
        if !newest && !ended {
            return cut(format!("it ends with line {n} of the trail, and not as a segment ends"));
        }
        Ok(())
    }
}
