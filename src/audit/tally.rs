//! What a batch of one bucket's events adds to the counters: a few numbers for each of them, whatever there was in it.
//!
//! Layout of the fields ([`crate::store::key`] has the keys):
//!
//! ```text
//! hour   u8 twelfth of the hour, u8 kind, u8 outcome → how many events, each for as many as it stands for
//! day    u8 hour of the day, u8 kind, u8 outcome     → the same
//! live   u8 minute of the hour                       → codes that expire in it and were neither used nor ended
//! nets   reference of the network (16 bytes)         → refusals and failed checks
//! looks  actor, u8 0, u8 kind                        → how often
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
/// Networks of a batch that are counted, the busiest: who is busy is among them in most batches.
const NETWORKS: usize = 16;
/// A batch of so many is one of a flood, when a quarter of both must do, and only those networks that are in it twice.
const FULL: usize = 64;

/// What one batch adds up to.
#[derive(Debug, Default)]
struct Sums<'a> {
    counts: BTreeMap<(u64, Kind, &'static str), i64>,
    live: BTreeMap<u64, i64>,
    networks: BTreeMap<(u64, [u8; 16]), i64>,
    looks: BTreeMap<(u64, &'a str, Kind), i64>,
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
        let day = event.time_ms / DAY;
        self.last = self.last.max(event.time_ms);
        self.seen += 1;
        *self.counts.entry((event.time_ms / TWELFTH, event.kind, event.outcome)).or_default() += count;
        if event.kind == Kind::Send && event.outcome == Outcome::Issued.label() {
            *self.live.entry(nearest_minute(event.until_ms)).or_default() += 1;
        }
        for ended in &event.ended {
            *self.live.entry(nearest_minute(*ended)).or_default() -= 1;
        }
        if let Some(network) = event.ip_ref.as_deref().and_then(unhex).filter(|_| counts_against_network(event)) {
            *self.networks.entry((day, network)).or_default() += count;
        }
        match event.kind {
            Kind::Lockout | Kind::Disable => self.lockouts.push(event),
            Kind::AdminLocks | Kind::AdminEvents | Kind::AdminReport => {
                let actor = event.actor.as_deref().unwrap_or_default();
                *self.looks.entry((day, actor, event.kind)).or_default() += count;
                // Whoever follows the events would else see little but that.
                if event.kind != Kind::AdminEvents {
                    self.recent.push(event);
                }
            }
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
        for ((day, actor, kind), count) in self.looks {
            tally.count(OfTime::Looks, day, &[actor.as_bytes(), &[0, kind as u8]].concat(), count);
        }
        let (most_lines, most_networks, busy) =
            if self.seen < FULL { (LINES, NETWORKS, 1) } else { (LINES / 4, NETWORKS / 4, 2) };
        let mut networks: Vec<_> = self.networks.into_iter().filter(|(_, count)| *count >= busy).collect();
        networks.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        for ((day, network), count) in networks.into_iter().take(most_networks) {
            tally.count(OfTime::Networks, day, &network, count);
        }
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

/// A refusal, or a check that let nobody in: what a busy network is known by.
fn counts_against_network(event: &Event) -> bool {
    let asked = matches!(event.kind, Kind::Send | Kind::Check | Kind::Request | Kind::Failure);
    asked
        && Outcome::from_label(event.outcome).is_some_and(|outcome| match outcome as u8 {
            20..=29 => true,
            1..=6 | 12..=14 => event.kind != Kind::Send,
            _ => false,
        })
}

/// Minutes since 1970.
fn nearest_minute(ms: u64) -> u64 {
    (ms + MINUTE / 2) / MINUTE
}

/// The 16 bytes that 32 hexadecimal digits stand for.
pub fn unhex(text: &str) -> Option<[u8; 16]> {
    let mut bytes = [0; 16];
    let digits = text.as_bytes();
    if digits.len() != 32 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.bytes().all(|b| b.is_ascii_hexdigit()))?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::{Bucket, EventContext},
        secret::Reference,
    };

    const AT: u64 = 1_767_261_900_000;

    fn event(kind: Kind, outcome: Outcome, time: u64, until: u64, network: Option<Reference>) -> Event {
        let [_, _, time @ ..] = time.to_be_bytes();
        let [_, _, until @ ..] = until.to_be_bytes();
        let head = [&[1, kind as u8, outcome as u8][..], &time, &[0, 0, 0], &until].concat();
        let subject = &Reference([7; 16]);
        let context = EventContext {
            subject,
            request_id: "r",
            tenant: "",
            purpose: "",
            network: network.as_ref(),
            device: None,
            who: &[],
            actor: "ops",
            channel: "",
            test: false,
        };
        Event::unpack(Bucket::all().next().unwrap(), "1-1", &[head, context.packed()].concat()).unwrap()
    }

    /// The entries of one counter, each without its number.
    fn of(tally: &Tally, counter: u8) -> Vec<Vec<u8>> {
        let (mut counts, mut found) = (tally.counts(), Vec::new());
        while let Some((head, rest)) = counts.split_at_checked(6) {
            let (entry, rest) = rest.split_at(usize::from(head[5]) + 4);
            if head[0] == counter {
                found.push([&head[1..5], entry].concat());
            }
            counts = rest;
        }
        found
    }

    fn lines(tally: &Tally, stream: OfBucket) -> usize {
        let packed = tally.lines().iter().find(|(other, _)| *other == stream);
        packed.map_or(0, |(_, packed)| String::from_utf8_lossy(packed).matches("\"bucket\"").count())
    }

    #[test]
    fn a_batch_becomes_a_few_numbers() {
        let mut used = event(Kind::Check, Outcome::Approved, AT + 2, 0, None);
        used.ended = vec![AT + 300_000];
        let mut gathered = event(Kind::Send, Outcome::QuotaIp, AT + 3, 0, Some(Reference([9; 16])));
        gathered.count = Some(40);
        let events = [
            event(Kind::Send, Outcome::Issued, AT, AT + 300_000, None),
            event(Kind::Send, Outcome::Issued, AT + 1, AT + 300_001, None),
            used,
            gathered,
        ];
        let tally = tally(&events);
        let number = |n: u64| u32::try_from(n).unwrap().to_be_bytes();
        let part = ((AT / TWELFTH) % 12) as u8;
        let counted = |kind, outcome, by| [&number(AT / HOUR)[..], &[part, kind, outcome, 0, 0, 0, by]].concat();
        assert_eq!(of(&tally, 1), [counted(1, 10, 2), counted(1, 25, 40), counted(2, 11, 1)]);
        assert_eq!(of(&tally, 2).len(), 3);
        let minute = (AT + 330_000) / 60_000;
        assert_eq!(of(&tally, 3), [[&number(minute / 60)[..], &[(minute % 60) as u8, 0, 0, 0, 1]].concat()]);
        assert_eq!(of(&tally, 4), [[&number(AT / DAY)[..], &[9; 16], &[0, 0, 0, 40]].concat()]);
        assert_eq!((lines(&tally, OfBucket::Recent), lines(&tally, OfBucket::Acts)), (4, 0));
    }

    #[test]
    fn acts_and_lockouts_have_places_of_their_own_and_looks_are_counted() {
        let wrong = |n| event(Kind::Check, Outcome::WrongCode, AT + n, 0, Some(Reference([n as u8; 16])));
        let mut events: Vec<_> = (0..40).map(wrong).collect();
        events.push(event(Kind::Lockout, Outcome::SubjectLocked, AT, AT, None));
        events.push(event(Kind::AdminUnlock, Outcome::Recorded, AT, 0, None));
        events.push(event(Kind::AdminEvents, Outcome::Recorded, AT, 0, None));
        events.push(event(Kind::AdminEvents, Outcome::Recorded, AT, 0, None));
        let few = tally(&events);
        assert_eq!((lines(&few, OfBucket::Recent), of(&few, 4).len()), (LINES, NETWORKS));
        assert_eq!((lines(&few, OfBucket::Lockouts), lines(&few, OfBucket::Acts)), (1, 1));
        assert_eq!(of(&few, 5)[0][4..], *b"ops\0\x11\0\0\0\x02");
        events.extend((38..78).map(wrong));
        let many = tally(&events);
        assert_eq!((lines(&many, OfBucket::Recent), of(&many, 4).len()), (LINES / 4, 2));
        assert_eq!(lines(&many, OfBucket::Acts), 1, "acts are all kept");
    }

    #[test]
    fn hexadecimal_is_read_and_nothing_else() {
        assert_eq!(unhex(&"0f".repeat(16)), Some([15; 16]));
        for wrong in ["", "0f", &"0g".repeat(16), &"+f".repeat(16), &"é".repeat(16)] {
            assert_eq!(unhex(wrong), None, "{wrong}");
        }
    }
}
