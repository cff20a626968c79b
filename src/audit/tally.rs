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

/// Lines of a batch that are kept for whoever looks, besides lockouts and acts: nobody can follow more. Up to some 2,000
/// events a second all of them are kept.
const LINES: usize = 16;
/// A batch of so many is one of a flood, when a quarter of them must do.
const FULL: usize = 64;

/// Adds up `events`, which are a batch of one bucket in its order and were written out.
pub fn tally<'a>(events: impl IntoIterator<Item = &'a Event>) -> Tally {
    let mut tally = Tally::default();
    let (mut recent, mut lockouts, mut acts) = (Vec::new(), Vec::new(), Vec::new());
    let (mut last, mut seen) = (0, 0);
    for event in events {
        (last, seen) = (event.time_ms.max(last), seen + 1);
        let (count, twelfth) = (i64::from(event.count.unwrap_or(1)), event.time_ms / TWELFTH);
        let field = |part: u64| [part as u8, event.kind as u8, event.outcome as u8];
        tally.count(OfTime::Hour, twelfth / 12, field(twelfth % 12), count);
        tally.count(OfTime::Day, twelfth / 288, field(twelfth / 12 % 24), count);
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
            kind if is_act(kind) => acts.push(event),
            _ => recent.push(event),
        }
    }
    recent.drain(..recent.len().saturating_sub(if seen < FULL { LINES } else { LINES / 4 }));
    let kept = u64::try_from(KEPT.as_millis()).unwrap_or(u64::MAX);
    let streams = [
        // What only shows what goes on is kept for a day.
        (OfBucket::Recent, recent, (DAY, RECENT)),
        (OfBucket::Lockouts, lockouts, (kept, REMEMBERED)),
        (OfBucket::Acts, acts, (kept, REMEMBERED)),
    ];
    for (stream, events, (ends, kept)) in streams.into_iter().filter(|(_, events, _)| !events.is_empty()) {
        // An event is written as JSON to the trail in the same way: it cannot fail.
        let lines: Vec<_> = events.iter().filter_map(|event| serde_json::to_vec(event).ok()).collect();
        tally.show(stream, last.saturating_add(ends), kept, &lines);
    }
    tally
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

/// The 16 bytes that 32 hexadecimal digits stand for.
pub fn unhex(text: &str) -> Option<[u8; 16]> {
    let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    u128::from_str_radix(text, 16).ok().filter(|_| is_hex).map(u128::to_be_bytes)
}
