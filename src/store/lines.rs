//! Lines of events that were exported and are kept for a while, for whoever looks: read out of all buckets' streams.
//!
//! An entry holds the lines of one batch. Their ids are Redis's clock when they were written out, so that what lies before
//! a moment that has passed never grows: a reader that takes everything before now, and goes on from there, misses nothing
//! and reads nothing twice.

use std::{cmp::Ordering, collections::HashMap};

use redis::Cmd;

use super::{Store, StoreError, call::Command, connection::Lane, key::OfBucket};
use crate::event::Bucket;

/// The label in metrics.
const NAME: &str = "lines";
/// Streams that are read in one round trip: with 200 lines of half a kilobyte each, 200 KB. Redis does nothing else meanwhile,
/// and users wait for it.
const AT_ONCE: usize = 2;
/// Entries of each stream that are read behind a mark in one command for all of them: there are seldom more after two seconds,
/// and in a flood each has four lines.
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
    /// The `most` newest lines, and perhaps some more, from `from` on and before `until`, ms since 1970, of each of these
    /// streams, in no order.
    pub async fn newest_lines(
        &self,
        streams: &[(Bucket, OfBucket)],
        from: u64,
        until: u64,
        most: usize,
    ) -> Result<Vec<Line>, StoreError> {
        let ask = |_, key: String| {
            let mut cmd = redis::cmd("XREVRANGE");
            cmd.arg(key).arg(format!("({until}-0")).arg(from).arg("COUNT").arg(most);
            cmd
        };
        self.lines(streams, ask).await
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
        let (mut lines, rest) = match self.few_lines(streams, mark).await {
            Some(few) => few,
            None => (Vec::new(), streams.to_vec()),
        };
        // One entry more, for that of the mark.
        lines.extend(self.lines(&rest, ask).await?);
        lines.retain(|line| line.mark > mark && line.mark.at < until);
        Ok(lines)
    }

    /// The lines behind `mark` of those streams that have few, and the streams that have more. `None` where one command
    /// cannot read them all: in a cluster, or where one of them is no stream.
    async fn few_lines(
        &self,
        streams: &[(Bucket, OfBucket)],
        mark: Mark,
    ) -> Option<(Vec<Line>, Vec<(Bucket, OfBucket)>)> {
        let (bucket, _) = *streams.first().filter(|_| !self.topology.clustered())?;
        let keys: Vec<_> = streams.iter().map(|(bucket, kind)| kind.key(*bucket)).collect();
        let before = streams.iter().map(|(bucket, kind)| match mark.first_of(place(*bucket, *kind)) {
            (at, 0) => format!("{}-{}", at.saturating_sub(1), u64::MAX),
            (at, n) => format!("{at}-{}", n - 1),
        });
        let mut cmd = redis::cmd("XREAD");
        cmd.arg("COUNT").arg(FEW).arg("STREAMS").arg(&keys).arg(before.collect::<Vec<_>>());
        let found =
            self.commands::<Option<Vec<(String, Entries)>>>(Lane::Operators, NAME, vec![Command { bucket, cmd }]);
        let found = found.await.pop()?.ok()?.unwrap_or_default();
        let named: HashMap<String, (Bucket, OfBucket)> = keys.into_iter().zip(streams.iter().copied()).collect();
        let (mut lines, mut rest) = (Vec::new(), Vec::new());
        for (key, entries) in found {
            let stream @ (bucket, kind) = *named.get(&key)?;
            if entries.len() < FEW {
                let place = place(bucket, kind);
                lines.extend(entries.into_iter().flat_map(|(id, fields)| of_entry(place, &id, fields)));
            } else {
                rest.push(stream);
            }
        }
        Some((lines, rest))
    }

    async fn lines(
        &self,
        streams: &[(Bucket, OfBucket)],
        ask: impl Fn((u8, u8), String) -> Cmd,
    ) -> Result<Vec<Line>, StoreError> {
        self.usable(NAME)?;
        let mut lines = Vec::new();
        for some in streams.chunks(AT_ONCE) {
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
                let stream = place(*bucket, *kind);
                lines.extend(entries.into_iter().flat_map(|(id, fields)| of_entry(stream, &id, fields)));
            }
        }
        Ok(lines)
    }
}

fn place(bucket: Bucket, kind: OfBucket) -> (u8, u8) {
    let which = STREAMS.iter().zip(0u8..).find(|(stream, _)| **stream == kind);
    (bucket.number(), which.map_or(u8::MAX, |(_, which)| which))
}

fn of_entry(stream: (u8, u8), id: &str, fields: Vec<Vec<u8>>) -> Vec<Line> {
    let numbers = id.split_once('-').and_then(|(at, n)| Some((at.parse().ok()?, n.parse().ok()?)));
    let (Some((at, n)), Some(text)) = (numbers, fields.into_iter().nth(1)) else { return Vec::new() };
    let lines = text.split(|byte| *byte == b'\n').zip(0..);
    lines.map(|(text, line)| Line { mark: Mark { at, stream, n, line }, text: text.to_vec() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_has_its_lines_in_order() {
        let lines = of_entry((5, 0), "17-3", vec![b"e".to_vec(), b"{}\n{\"a\":1}".to_vec()]);
        let marks: Vec<_> = lines.iter().map(|line| (line.mark.at, line.mark.n, line.mark.line)).collect();
        assert_eq!((marks, &lines[1].text[..]), (vec![(17, 3, 0), (17, 3, 1)], &b"{\"a\":1}"[..]));
        assert!(of_entry((5, 0), "odd", vec![]).is_empty());
    }
}
