//! What a batch of one bucket's events adds to the counters: a few numbers for each of them, whatever there was in it, as commands
//! that `lua/acknowledge.lua` carries out.
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

use redis::Cmd;

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
        // It is written as JSON to the trail in the same way: it cannot fail.
        let line = |event: &Event| serde_json::to_vec(event).ok();
        let lines = |events: Vec<&Event>| events.into_iter().filter_map(line).collect::<Vec<_>>();
        // What only shows what goes on is kept for a day.
        tally.show(OfBucket::Recent, last.saturating_add(DAY), RECENT, &lines(recent));
        tally.show(OfBucket::Lockouts, last.saturating_add(KEPT.as_secs() * 1000), REMEMBERED, &lines(lockouts));
        tally.show(OfBucket::Acts, last.saturating_add(KEPT.as_secs() * 1000), REMEMBERED, &lines(acts));
        tally
    }

    /// What adds it to the counters and streams of `bucket`.
    pub fn commands(&self, bucket: Bucket) -> Vec<Cmd> {
        let (mut commands, mut ends) = (Vec::new(), BTreeMap::new());
        for (&(counter, n, field), by) in self.counts.iter().filter(|(_, by)| **by != 0) {
            let field = if counter == OfTime::Live { &field[..1] } else { &field };
            commands.push(redis::cmd("HINCRBY").arg(counter.key(bucket, n)).arg(field).arg(by).to_owned());
            ends.insert(counter.key(bucket, n), counter.ends(n));
        }
        for Lines { stream, ends: at, entries, text } in &self.lines {
            let mut adding = redis::cmd("XADD");
            adding.arg(stream.key(bucket)).arg("MAXLEN").arg("~").arg(entries).arg("*").arg("e").arg(text);
            commands.push(adding);
            ends.insert(stream.key(bucket), *at);
        }
        commands.extend(ends.iter().map(|(key, at)| redis::cmd("PEXPIREAT").arg(key).arg(at).to_owned()));
        commands
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
