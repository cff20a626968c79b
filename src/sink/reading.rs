//! A trail as one sink reads it, and the sink's cursor in it: the file `cursor-<sink>`, locked by whoever ships the trail.
//!
//! A cursor fits a disk's sector and is overwritten in place, as a trail's head is: either the old or the new one stands.

use std::{
    collections::VecDeque,
    fs::{File, OpenOptions, TryLockError},
    io,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    audit::trail::{
        checkpoint::{Checkpoint, Role},
        create,
        line::Line,
        lines::Lines,
        record,
    },
    files,
    secret::PublicKey,
};

/// Bytes of a cursor: its JSON, spaces and a line feed.
const LENGTH: usize = 128;
/// Most lines that are read at once, wanted or not: in a few milliseconds, in which the other sinks wait.
const LINES: usize = 2048;

/// Where reading goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Position {
    /// The number of the last line that was read; 0 = none.
    pub n: u64,
    /// In which segment the next one is.
    pub segment: u32,
    /// Where it begins there.
    pub offset: u64,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Reading {
    dir: PathBuf,
    id: String,
    file: File,
    /// What was read.
    at: Position,
    /// What was handed over for certain, unless it is lost with a receiver's buffers.
    confirmed: Position,
    /// What is in no buffer any more.
    certain: Position,
    /// What stands in the file, if that is a place in the trail.
    written: Option<Position>,
    /// Up to which line those are counted that went by retention.
    counted: u64,
    /// What was handed over behind `certain`.
    in_flight: VecDeque<HandedOver>,
}

/// Something that was handed over.
#[derive(Debug)]
struct HandedOver {
    to: Position,
    /// How many events.
    count: u64,
    /// Time of the oldest, ms since 1970.
    oldest_ms: Option<u64>,
    at: Instant,
    /// Bytes that its receiver was sent by then.
    sent: u64,
}

/// What was read at once.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// The events, with `trail`, `n` and `h`.
    pub events: Vec<Map<String, Value>>,
    /// Lines that went by retention before they were read.
    pub lost: u64,
    /// Whether there may be more.
    pub more: bool,
}

impl Read {
    /// Time of the oldest event, ms since 1970.
    pub fn oldest_ms(&self) -> Option<u64> {
        self.events.iter().filter_map(|event| event.get("time_ms")?.as_u64()).min()
    }
}

/// Whether a sink has a cursor in any trail of a directory.
pub(super) fn is_known(root: &Path, sink: &str) -> bool {
    let has =
        |dir: &PathBuf| files::read_bytes(&dir.join(format!("cursor-{sink}"))).is_ok_and(|bytes| !bytes.is_empty());
    create::all(root).unwrap_or_default().iter().any(has)
}

impl Reading {
    /// Takes a trail that nobody else ships; `None` where somebody does, or this key did not sign it. Where there is no cursor
    /// reading begins with the first line, or only with what is to come.
    ///
    /// # Errors
    /// If it cannot be read, or the cursor not be written.
    pub fn take(dir: &Path, sink: &str, public: &PublicKey, from_first: bool) -> io::Result<Option<Self>> {
        // What it says costs less than a signature to verify, of which there may be hundreds.
        if Checkpoint::unverified(dir, Role::Head).is_some_and(|head| head.key != public.id()) {
            return Ok(None);
        }
        let Some(head) =
            Checkpoint::read(dir, Role::Head, public)?.filter(|head| create::id_of(dir) == Some(&head.trail))
        else {
            return Ok(None);
        };
        let path = dir.join(format!("cursor-{sink}"));
        let file = files::open(&path, OpenOptions::new().create(true).truncate(false).read(true).write(true))?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Ok(None),
            locked => locked.map_err(io::Error::from)?,
        }
        let bytes = files::read_bytes(&path)?;
        let ahead = |at: &Position| at.n > head.n || (at.segment, at.offset) > (head.segment, head.bytes);
        let known = serde_json::from_slice(bytes.trim_ascii()).ok().filter(|at| !ahead(at));
        let is_lost = known.is_none() && !bytes.is_empty();
        if is_lost {
            // Of a trail put back, or torn. Nobody wants to be told anew of what was last year.
            tracing::warn!(sink, file = %path.display(), "a cursor is no place in its trail: begun anew");
        }
        let from_first = if is_lost { sink != "webhook" } else { from_first };
        let at = known.unwrap_or(match from_first {
            true => Position::default(),
            false => Position { n: head.n, segment: head.segment, offset: head.bytes },
        });
        let mut taken = Self {
            dir: dir.to_owned(),
            id: head.trail,
            file,
            at,
            confirmed: at,
            certain: at,
            written: known,
            counted: 0,
            in_flight: VecDeque::new(),
        };
        taken.keep()?;
        Ok(Some(taken))
    }

    /// Reads on, as far as the head tells and until there are `most` events of those that are `wanted`.
    ///
    /// # Errors
    /// If it cannot be read; nothing was read then.
    pub fn read(&mut self, public: &PublicKey, most: usize, wanted: impl Fn(&str) -> bool) -> io::Result<Read> {
        let (mut read, mut at, mut count) = (Read::default(), self.at, 0);
        // Nothing new, as in trails that nobody writes any more: no signature need be verified for that.
        if Checkpoint::unverified(&self.dir, Role::Head).is_some_and(|head| head.n <= at.n) {
            return Ok(read);
        }
        let Some(head) = Checkpoint::read(&self.dir, Role::Head, public)? else { return Ok(read) };
        let open = at.segment..=head.segment;
        for segment in record::segments(&self.dir)?.into_iter().filter(|segment| open.contains(segment)) {
            if segment > at.segment {
                at = Position { segment, offset: 0, ..at };
            }
            // From the file each time: what is behind the head may be written anew.
            let opened = files::there(Lines::open_at(&record::path(&self.dir, segment), at.offset))?;
            let Some(mut lines) = opened else { continue };
            while at.n < head.n {
                read.more = read.events.len() >= most || count >= LINES;
                let next = if read.more { None } else { lines.next_line()?.filter(|raw| raw.whole) };
                let Some(raw) = next else { break };
                (at.offset, count) = (raw.end, count + 1);
                // What has not the form of a line is no event: `audit verify` tells of it.
                let Some(line) = Line::read(raw.bytes).filter(|line| line.n > at.n) else { continue };
                if at.n > 0 && line.n > at.n + 1 && line.n > self.counted {
                    read.lost += line.n - at.n - 1;
                    self.counted = line.n;
                }
                at.n = line.n;
                read.events.extend(self.event(&line, raw.bytes, &wanted));
            }
            if read.more {
                break;
            }
        }
        self.at = at;
        Ok(read)
    }

    /// The event that a line is, if it is one and wanted.
    fn event(&self, line: &Line<'_>, text: &[u8], wanted: impl Fn(&str) -> bool) -> Option<Map<String, Value>> {
        // As each is written, so that nothing else need be read as JSON.
        line.body.splitn(3, |byte| *byte == b',').nth(1)?.strip_prefix(b"\"bucket\":")?;
        let mut event: Map<String, Value> = serde_json::from_slice(text).ok()?;
        wanted(event.get("type")?.as_str()?).then(|| {
            event.insert("trail".into(), self.id.as_str().into());
            event
        })
    }

    /// Notes that all was handed over that was read, for certain unless its receiver was `sent` so many bytes by then.
    pub fn handed_over(&mut self, count: u64, oldest_ms: Option<u64>, sent: Option<u64>) {
        let to = self.at;
        let waits = self.waits();
        match (sent, self.in_flight.back_mut()) {
            (Some(sent), _) if count > 0 => {
                let at = Instant::now();
                return self.in_flight.push_back(HandedOver { to, count, oldest_ms, at, sent });
            }
            (_, Some(last)) => last.to = to,
            (_, None) => self.certain = to,
        }
        if !waits {
            self.confirmed = to;
        }
    }

    /// Confirms what was handed over so long ago, and forgets what was among so many bytes, which were read; answers whether
    /// anything was confirmed.
    pub fn confirm(&mut self, behind: Duration, read: u64) -> bool {
        let stood = |one: &&HandedOver| one.at.elapsed() >= behind;
        let before = self.confirmed;
        self.confirmed = self.in_flight.iter().take_while(stood).last().map_or(before, |last| before.max(last.to));
        while let Some(first) = self.in_flight.front().filter(|one| one.to <= self.confirmed && one.sent <= read) {
            self.certain = first.to;
            self.in_flight.pop_front();
        }
        self.confirmed > before
    }

    /// Whether anything is not there for certain.
    pub fn waits(&self) -> bool {
        self.in_flight.back().is_some_and(|last| last.to > self.confirmed)
    }

    /// Time of the oldest event that is not, ms since 1970.
    pub fn oldest_ms(&self) -> Option<u64> {
        self.in_flight.iter().filter(|one| one.to > self.confirmed).find_map(|one| one.oldest_ms)
    }

    /// Has all of it read again that is not confirmed, or where the end was `abrupt` all that buffers may have had, by whoever
    /// reads next, even after a restart; answers how many events that are.
    pub fn go_back(&mut self, abrupt: bool) -> u64 {
        self.certain = if abrupt { self.certain } else { self.confirmed };
        (self.at, self.confirmed) = (self.certain, self.certain);
        self.in_flight.drain(..).filter(|one| one.to > self.certain).map(|one| one.count).sum()
    }

    /// Keeps the cursor, if it moved; on disk once this returns.
    ///
    /// # Errors
    /// The one before stands.
    pub fn keep(&mut self) -> io::Result<()> {
        if self.written == Some(self.confirmed) {
            return Ok(());
        }
        let text = serde_json::to_string(&self.confirmed)?;
        self.file.write_all_at(format!("{text:<0$}\n", LENGTH - 1).as_bytes(), 0)?;
        self.file.sync_data()?;
        self.written = Some(self.confirmed);
        Ok(())
    }
}
