//! What a batch of one bucket's events adds to the counters: a few numbers for each of them, whatever there was in it.
//!
//! Layout of the fields ([`crate::store::key`] has the keys):
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

use crate::{
    event::{Event, Kind},
    policy::Outcome,
    store::{
        key::{KEPT, OfBucket, OfTime, RECENT, REMEMBERED},
        tally::Tally,
    },
};

const MINUTE: u64 = 60_000;
/// Parts of an hour that are counted apart, ms.
pub const TWELFTH: u64 = 5 * MINUTE;
/// ms.
pub const HOUR: u64 = 60 * MINUTE;
/// ms.
pub const DAY: u64 = 24 * HOUR;
/// How long lines that only show what goes on are kept, ms.
pub const SHOWN: u64 = DAY;

/// Lines of a batch that are kept for whoever looks, besides lockouts and acts: nobody can follow more. Up to some 2,000
/// events a second all of them are kept.
const LINES: usize = 16;
/// A batch of so many is one of a flood, when a quarter of them must do.
const FULL: usize = 64;

/// What one batch adds up to.
#[derive(Debug, Default)]
struct Sums<'a> {
    counts: BTreeMap<(u64, Kind, &'static str), i64>,
    live: BTreeMap<u64, i64>,
    recent: Vec<&'a Event>,
    lockouts: Vec<&'a Event>,
    acts: Vec<&'a Event>,
    last: u64,
    seen: usize,
}

/// Adds up `events`, which are a batch of one bucket in its order and were written out.
pub fn tally<'a>(events: impl IntoIterator<Item = &'a Event>) -> Tally {
    let mut sums = Sums::default();
    for event in events {
        sums.add(event);
    }
    sums.into_tally()
}

impl<'a> Sums<'a> {
    fn add(&mut self, event: &'a Event) {
        let count = i64::from(event.count.unwrap_or(1));
        self.last = self.last.max(event.time_ms);
        self.seen += 1;
        *self.counts.entry((event.time_ms / TWELFTH, event.kind, event.outcome)).or_default() += count;
        if event.kind == Kind::Send && event.outcome == Outcome::Issued.label() {
            *self.live.entry(nearest_minute(event.until_ms)).or_default() += 1;
        }
        for ended in &event.ended {
            *self.live.entry(nearest_minute(*ended)).or_default() -= 1;
        }
        match event.kind {
            Kind::Lockout | Kind::Disable => self.lockouts.push(event),
            // Whoever follows the events would else see little but that.
            Kind::AdminEvents => {}
            kind if is_act(kind) => self.acts.push(event),
            _ => self.recent.push(event),
        }
    }

    fn into_tally(self) -> Tally {
        let mut tally = Tally::default();
        for ((twelfth, kind, outcome), count) in self.counts {
            let Some(outcome) = Outcome::from_label(outcome) else { continue };
            let field = |part: u64| [u8::try_from(part).unwrap_or(u8::MAX), kind as u8, outcome as u8];
            let hour = twelfth / 12;
            tally.count(OfTime::Hour, hour, &field(twelfth % 12), count);
            tally.count(OfTime::Day, hour / 24, &field(hour % 24), count);
        }
        for (minute, count) in self.live.into_iter().filter(|(_, count)| *count != 0) {
            tally.count(OfTime::Live, minute / 60, &[u8::try_from(minute % 60).unwrap_or(0)], count);
        }
        let most_lines = if self.seen < FULL { LINES } else { LINES / 4 };
        let kept = u64::try_from(KEPT.as_millis()).unwrap_or(u64::MAX);
        let newest = self.recent.len().saturating_sub(most_lines);
        let streams = [
            (OfBucket::Recent, self.recent.get(newest..).unwrap_or_default(), (SHOWN, RECENT)),
            (OfBucket::Lockouts, &self.lockouts, (kept, REMEMBERED)),
            (OfBucket::Acts, &self.acts, (kept, REMEMBERED)),
        ];
        for (stream, events, (ends, kept)) in streams.into_iter().filter(|(_, events, _)| !events.is_empty()) {
            // An event is written as JSON to the trail in the same way: it cannot fail.
            let lines: Vec<_> = events.iter().filter_map(|event| serde_json::to_vec(event).ok()).collect();
            tally.show(stream, (self.last.saturating_add(ends), kept), &lines);
        }
        tally
    }
}

/// Whether it is one of the acts that a review lists one by one.
pub fn is_act(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::AdminUnlock
            | Kind::AdminLock
            | Kind::AdminErase
            | Kind::AdminExport
            | Kind::AdminInspect
            | Kind::Start
            | Kind::Stop
            | Kind::Shed
            | Kind::Rollback
            | Kind::Unreadable
    )
}

/// Minutes since 1970.
fn nearest_minute(ms: u64) -> u64 {
    (ms + MINUTE / 2) / MINUTE
}

/// The 16 bytes that 32 hexadecimal digits stand for.
pub fn unhex(text: &str) -> Option<[u8; 16]> {
    let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    u128::from_str_radix(text, 16).ok().filter(|_| is_hex).map(u128::to_be_bytes)
}
