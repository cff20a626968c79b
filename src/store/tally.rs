//! What a batch of one bucket's events adds to the counters: a few numbers for each of them, whatever there was in it, packed
//! as `lua/acknowledge.lua` and `lua/lib/tally.lua` read it.
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

use super::key::{KEPT, OfBucket, OfTime, RECENT, REMEMBERED};
use crate::{
    event::{Event, Kind},
    policy::Outcome,
};

const MINUTE: u64 = 60_000;
/// Parts of an hour that are counted apart, ms.
pub const TWELFTH: u64 = 5 * MINUTE;
/// ms.
pub const HOUR: u64 = 60 * MINUTE;
/// ms.
pub const DAY: u64 = 24 * HOUR;

/// Lines of a batch that are kept for whoever looks, besides lockouts and acts: nobody can follow more. Up to some 2,000
/// events a second all of them are kept.
const LINES: usize = 16;
/// A batch of so many is one of a flood, when a quarter of them must do.
const FULL: usize = 64;

/// See the module.
#[derive(Debug, Default)]
pub struct Tally {
    counts: BTreeMap<(u8, u32, [u8; 3]), i32>,
    lines: Vec<(OfBucket, Vec<u8>)>,
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

    /// What is for counters.
    pub fn counts(&self) -> Vec<u8> {
        let mut packed = Vec::with_capacity(13 * self.counts.len());
        for ((counter, n, field), by) in self.counts.iter().filter(|(_, by)| **by != 0) {
            packed.push(*counter);
            packed.extend_from_slice(&n.to_be_bytes());
            let length = if *counter == OfTime::Live as u8 { 1 } else { 3 };
            packed.push(length);
            packed.extend(field.iter().take(usize::from(length)));
            packed.extend_from_slice(&by.to_be_bytes());
        }
        packed
    }

    /// What is for streams of lines.
    pub fn lines(&self) -> &[(OfBucket, Vec<u8>)] {
        &self.lines
    }

    /// Adds `by` to a field of a counter in the `n`-th hour or day since 1970; of live codes the field's first byte counts.
    pub fn count(&mut self, counter: OfTime, n: u64, field: [u8; 3], by: i64) {
        // The hours reach 32 bits in the year 491,936, and no batch's sum is greater.
        let Ok(n) = u32::try_from(n) else { return };
        let sum = self.counts.entry((counter as u8, n, field)).or_default();
        *sum = sum.saturating_add(i32::try_from(by).unwrap_or(if by < 0 { i32::MIN } else { i32::MAX }));
    }

    /// Adds lines to a stream that ends at `ends`, ms since 1970, and of which about the `kept` newest stay. They become one
    /// entry, since each costs Redis as much as half a call.
    pub fn show(&mut self, stream: OfBucket, ends: u64, kept: u16, lines: &[Vec<u8>]) {
        if lines.is_empty() {
            return;
        }
        let [_, _, ends @ ..] = ends.to_be_bytes();
        let entries = u16::try_from(usize::from(kept).div_ceil(lines.len())).unwrap_or(kept);
        let packed = [&ends[..], &entries.to_be_bytes(), &lines.join(&b'\n')].concat();
        self.lines.push((stream, packed));
    }
}
