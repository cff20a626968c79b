//! Lines of events that were exported and are kept for a while, for whoever looks: read out of all buckets' streams.
//!
//! An entry holds the lines of one batch. Their ids are Redis's clock when they were written out, so that what lies before
//! a moment that has passed never grows: a reader that takes everything before now, and goes on from there, misses nothing
//! and reads nothing twice.

use std::{
    cmp::{Ordering, Reverse},
    collections::{BTreeMap, HashMap},
};

use redis::Cmd;

use super::{Store, StoreError, call::Command, connection::Lane, key::OfBucket};
use crate::event::Bucket;

/// The label in metrics.
const NAME: &str = "lines";
/// Streams that are read to their end in one round trip: with 200 lines of half a kilobyte each, 200 KB. Redis does nothing else meanwhile,
/// and users wait for it.
const AT_ONCE: usize = 2;
/// Entries of each stream that are read of all of them in one round: there are seldom more after two seconds, and in a flood
/// each has four lines.
const FEW: usize = 3;

/// Entries by their ids, each of one field.
type Entries = Vec<(String, Vec<Vec<u8>>)>;

/// Where a line stands among all: by when it was written out, then by bucket, stream and its number in that millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// Redis's clock, ms since 1970.
    pub at: u64,
    /// The bucket, then which of the streams.
    pub stream: (u8, u8),
    /// Which entry in this millisecond.
    pub n: u64,
    /// Which line of this entry.
    pub line: u16,
}

impl Mark {
    /// The one behind all that was written out by the end of this millisecond since 1970.
    pub fn end_of(at: u64) -> Self {
        Self { at, stream: (u8::MAX, u8::MAX), n: u64::MAX, line: u16::MAX }
    }

    /// Time and number of the first entry of a stream that may have lines behind it.
    fn first_of(&self, stream: (u8, u8)) -> (u64, u64) {
        match stream.cmp(&self.stream) {
            Ordering::Less => (self.at.saturating_add(1), 0),
            // An entry may have more lines than the one that is marked.
            Ordering::Equal => (self.at, self.n),
            Ordering::Greater => (self.at, 0),
        }
    }
}

/// A line and where it stands.
#[derive(Debug)]
pub struct Line {
    /// Where it stands.
    pub mark: Mark,
    /// One JSON object.
    pub text: Vec<u8>,
}

/// The streams that lines are kept in, each by its place in [`Mark::stream`].
pub const STREAMS: [OfBucket; 3] = [OfBucket::Recent, OfBucket::Lockouts, OfBucket::Acts];

impl Store {
    /// The `most` newest lines, and perhaps some more, before `until`, ms since 1970, of each of these streams, in no order.
    pub async fn newest_lines(
        &self,
        streams: &[(Bucket, OfBucket)],
        until: u64,
        most: usize,
    ) -> Result<Vec<Line>, StoreError> {
        self.lines(streams, AT_ONCE, |_, key| newest(key, until, most)).await
    }

    /// The `most` newest lines, and perhaps some more, before `until`, ms since 1970, of these streams together, in no order:
    /// a few of each, in one round, and then the rest of those that may have more among them.
    pub async fn newest_of_all(
        &self,
        streams: &[(Bucket, OfBucket)],
        until: u64,
        most: usize,
    ) -> Result<Vec<Line>, StoreError> {
        let mut lines = self.lines(streams, streams.len(), |_, key| newest(key, until, FEW)).await?;
        lines.sort_unstable_by_key(|line| Reverse(line.mark));
        let oldest = most.checked_sub(1).and_then(|last| lines.get(last)).map_or(0, |line| line.mark.at);
        let mut entries: BTreeMap<(u8, u8), (usize, u64)> = BTreeMap::new();
        for Mark { stream, at, .. } in lines.iter().map(|line| line.mark).filter(|mark| mark.line == 0) {
            let (count, first) = entries.entry(stream).or_default();
            (*count, *first) = (*count + 1, at);
        }
        let has_more =
            |stream: &(u8, u8)| entries.get(stream).is_some_and(|&(count, first)| count >= FEW && first >= oldest);
        let rest: Vec<_> = streams.iter().copied().filter(|(bucket, kind)| has_more(&place(*bucket, *kind))).collect();
        lines.retain(|line| !has_more(&line.mark.stream));
        lines.extend(self.newest_lines(&rest, until, most).await?);
        Ok(lines)
    }

    /// The `most` next lines, and perhaps some more, behind `mark` and before `until`, ms since 1970, of each of these
    /// streams, in no order.
    pub async fn lines_behind(
        &self,
        streams: &[(Bucket, OfBucket)],
        mark: Mark,
        until: u64,
        most: usize,
    ) -> Result<Vec<Line>, StoreError> {
        let ask = |stream: (u8, u8), key: String| {
            let (at, n) = mark.first_of(stream);
            let mut cmd = redis::cmd("XRANGE");
            cmd.arg(key).arg(format!("{at}-{n}")).arg(format!("({until}-0")).arg("COUNT").arg(most + 1);
            cmd
        };
        self.usable(NAME)?;
        let (mut lines, rest) = self.few_lines(streams, mark, FEW).await;
        // Those that have more are asked once more, for as many in all.
        let more = (FEW * streams.len()).div_ceil(rest.len().max(1));
        let (others, rest) = self.few_lines(&rest, mark, more).await;
        lines.extend(others);
        // One entry more, for that of the mark.
        lines.extend(self.lines(&rest, AT_ONCE, ask).await?);
        lines.retain(|line| line.mark > mark && line.mark.at < until);
        Ok(lines)
    }

    /// The lines behind `mark` of those streams that have fewer than `few` entries there, and the streams that have more or
    /// cannot be read so: by one command, or in a cluster by one for each bucket, all in one round.
    async fn few_lines(
        &self,
        streams: &[(Bucket, OfBucket)],
        mark: Mark,
        few: usize,
    ) -> (Vec<Line>, Vec<(Bucket, OfBucket)>) {
        let one = !self.topology.clustered();
        let groups: Vec<_> = streams.chunk_by(|(one_of, _), (next, _)| one || one_of == next).collect();
        let asking = groups.iter().filter_map(|group| {
            let mut cmd = redis::cmd("XREAD");
            cmd.arg("COUNT")
                .arg(few)
                .arg("STREAMS")
                .arg(group.iter().map(|(bucket, kind)| kind.key(*bucket)).collect::<Vec<_>>());
            for (bucket, kind) in *group {
                cmd.arg(match mark.first_of(place(*bucket, *kind)) {
                    (at, 0) => format!("{}-{}", at.saturating_sub(1), u64::MAX),
                    (at, n) => format!("{at}-{}", n - 1),
                });
            }
            Some(Command { bucket: group.first()?.0, cmd })
        });
        let found = self.commands::<Option<Vec<(String, Entries)>>>(Lane::Operators, NAME, asking.collect()).await;
        let (mut lines, mut rest) = (Vec::new(), Vec::new());
        for (group, found) in groups.into_iter().zip(found) {
            let Ok(found) = found else {
                rest.extend_from_slice(group);
                continue;
            };
            let mut found: HashMap<_, _> = found.unwrap_or_default().into_iter().collect();
            for &(bucket, kind) in group {
                match found.remove(&kind.key(bucket)) {
                    Some(entries) if entries.len() >= few => rest.push((bucket, kind)),
                    entries => lines.extend(of_entries(place(bucket, kind), entries.unwrap_or_default())),
                }
            }
        }
        (lines, rest)
    }

    async fn lines(
        &self,
        streams: &[(Bucket, OfBucket)],
        at_once: usize,
        ask: impl Fn((u8, u8), String) -> Cmd,
    ) -> Result<Vec<Line>, StoreError> {
        self.usable(NAME)?;
        let mut lines = Vec::new();
        for some in streams.chunks(at_once.max(1)) {
            let asking = some.iter().map(|(bucket, kind)| {
                let cmd = ask(place(*bucket, *kind), kind.key(*bucket));
                Command { bucket: *bucket, cmd }
            });
            let found = self.commands::<Entries>(Lane::Operators, NAME, asking.collect()).await;
            for ((bucket, kind), entries) in some.iter().zip(found) {
                let entries = match entries {
                    // A stream that is none has no lines.
                    Err(error) if error.is_unreadable() => continue,
                    entries => entries?,
                };
                lines.extend(of_entries(place(*bucket, *kind), entries));
            }
        }
        Ok(lines)
    }
}

fn place(bucket: Bucket, kind: OfBucket) -> (u8, u8) {
    let which = STREAMS.iter().zip(0u8..).find(|(stream, _)| **stream == kind);
    (bucket.number(), which.map_or(u8::MAX, |(_, which)| which))
}

fn newest(key: String, until: u64, most: usize) -> Cmd {
    let mut cmd = redis::cmd("XREVRANGE");
    cmd.arg(key).arg(format!("({until}-0")).arg("-").arg("COUNT").arg(most);
    cmd
}

fn of_entries(stream: (u8, u8), entries: Entries) -> impl Iterator<Item = Line> {
    entries.into_iter().flat_map(move |(id, fields)| of_entry(stream, &id, fields))
}

fn of_entry(stream: (u8, u8), id: &str, fields: Vec<Vec<u8>>) -> Vec<Line> {
    let numbers = id.split_once('-').and_then(|(at, n)| Some((at.parse().ok()?, n.parse().ok()?)));
    let (Some((at, n)), Some(text)) = (numbers, fields.into_iter().nth(1)) else { return Vec::new() };
    let lines = text.split(|byte| *byte == b'\n').zip(0..);
    lines.map(|(text, line)| Line { mark: Mark { at, stream, n, line }, text: text.to_vec() }).collect()
}
