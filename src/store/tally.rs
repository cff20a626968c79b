//! What a batch of one bucket's events adds to the counters: a few numbers for each of them, whatever there was in it, which
//! `lua/acknowledge.lua` adds to them.
//!
//! Layout of the fields ([`super::key`] has the keys):
//!
//! ```text
//! hour   u8 twelfth of the hour, u8 kind, u8 outcome → how many events, each for as many as it stands for
//! day    u8 hour of the day, u8 kind, u8 outcome     → the same
//! live   u8 minute of the hour                       → codes that expire in it and were neither used nor ended
//! ```
//!
//! All times are those of the events, and so Redis's. The minute of a code is the nearest to its end, so that the count of
//! live codes is off by what expires in half a minute.

use std::collections::BTreeMap;

pub use super::key::{DAY, HOUR};
use super::key::{KEPT, OfBucket, OfTime, RECENT, REMEMBERED};
use crate::{
    event::{Bucket, Event, Kind},
    policy::Outcome,
};

const MINUTE: u64 = 60_000;
/// Parts of an hour that are counted apart, ms.
pub const TWELFTH: u64 = 5 * MINUTE;

/// Lines of a batch that are kept for whoever looks, besides lockouts and acts: nobody can follow more. Up to some 2,000
/// events a second all of them are kept.
const LINES: usize = 16;
/// A batch of so many is one of a flood, when a quarter of them must do.
const FULL: usize = 64;

/// See the module.
#[derive(Debug, Default)]
pub struct Tally {
    counts: BTreeMap<(OfTime, u64, [u8; 3]), i64>,
    lines: Vec<Lines>,
}

/// Lines that become one entry of a stream, since each entry costs Redis as much as half a call.
#[derive(Debug)]
struct Lines {
    stream: OfBucket,
    /// When the stream ends, ms since 1970.
    ends: u64,
    /// About how many entries stay.
    entries: usize,
    text: Vec<u8>,
}

impl Tally {
    /// Adds up events, which are a batch of one bucket in its order and were written out.
    pub fn of(events: &[Event]) -> Self {
        let mut tally = Self::default();
        let (mut recent, mut lockouts, mut acts, mut sums) = (Vec::new(), Vec::new(), Vec::new(), BTreeMap::new());
        for event in events {
            let sum: &mut i64 = sums.entry((event.time_ms / TWELFTH, event.kind, event.outcome as u8)).or_default();
            *sum += i64::from(event.count.unwrap_or(1));
            let begun = (event.kind, event.outcome) == (Kind::Send, Outcome::Issued);
            let live = begun.then_some((event.until_ms, 1)).into_iter();
            for (until_ms, by) in live.chain(event.ended.iter().map(|ended| (*ended, -1))) {
                // The nearest minute.
                let minute = (until_ms + MINUTE / 2) / MINUTE;
                tally.count(OfTime::Live, minute / 60, [(minute % 60) as u8, 0, 0], by);
            }
            match event.kind {
                Kind::Lockout | Kind::Disable => lockouts.push(event),
                // Whoever follows the events would else see little but that.
                Kind::AdminEvents => {}
                kind if kind.is_act() => acts.push(event),
                _ => recent.push(event),
            }
        }
        for ((twelfth, kind, outcome), count) in sums {
            let field = |part: u64| [part as u8, kind as u8, outcome];
            tally.count(OfTime::Hour, twelfth / 12, field(twelfth % 12), count);
            tally.count(OfTime::Day, twelfth / 288, field(twelfth / 12 % 24), count);
        }
        recent.drain(..recent.len().saturating_sub(if events.len() < FULL { LINES } else { LINES / 4 }));
        let last = events.iter().map(|event| event.time_ms).max().unwrap_or(0);
        let lines = |events: Vec<&Event>| events.into_iter().map(Event::json).collect::<Vec<_>>();
        // What only shows what goes on is kept for a day.
        tally.show(OfBucket::Recent, last.saturating_add(DAY), RECENT, &lines(recent));
        tally.show(OfBucket::Lockouts, last.saturating_add(KEPT.as_secs() * 1000), REMEMBERED, &lines(lockouts));
        tally.show(OfBucket::Acts, last.saturating_add(KEPT.as_secs() * 1000), REMEMBERED, &lines(acts));
        tally
    }

    /// The arguments of `lua/acknowledge.lua` that add it to the counters and streams of `bucket`, four for each field or stream.
    pub fn arguments(&self, bucket: Bucket) -> Vec<Vec<u8>> {
        let counts = self.counts.iter().filter(|(_, by)| **by != 0).flat_map(|(&(counter, n, field), by)| {
            let field = if counter == OfTime::Live { &field[..1] } else { &field };
            let (ends, by) = (counter.ends(n).to_string(), by.to_string());
            [counter.key(bucket, n).into_bytes(), ends.into_bytes(), field.to_vec(), by.into_bytes()]
        });
        let lines = self.lines.iter().flat_map(|Lines { stream, ends, entries, text }| {
            let [key, ends, entries] =
                [stream.key(bucket), ends.to_string(), entries.to_string()].map(String::into_bytes);
            [key, ends, entries, text.clone()]
        });
        counts.chain(lines).collect()
    }

    /// Adds `by` to a field of a counter in the `n`-th hour or day since 1970; of live codes the field's first byte counts.
    pub fn count(&mut self, counter: OfTime, n: u64, field: [u8; 3], by: i64) {
        *self.counts.entry((counter, n, field)).or_default() += by;
    }

    /// Adds lines to a stream that ends at `ends`, ms since 1970, and of which about the `kept` newest stay.
    pub fn show(&mut self, stream: OfBucket, ends: u64, kept: u16, lines: &[Vec<u8>]) {
        if !lines.is_empty() {
            let (entries, text) = (usize::from(kept).div_ceil(lines.len()), lines.join(&b'\n'));
            self.lines.push(Lines { stream, ends, entries, text });
        }
    }
}
