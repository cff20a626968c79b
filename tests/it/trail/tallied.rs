//! What a batch adds to the counters.

use otp_sidecar::{
    event::{Bucket, Event, EventContext, Kind},
    policy::Outcome,
    secret::Reference,
    store::{
        key::{KEPT, OfBucket, OfTime},
        tally::{HOUR, TWELFTH, Tally},
    },
};

/// Lines of a batch that are kept for whoever looks.
const LINES: usize = 16;

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
        signals: &[],
        verification: &[],
    };
    Event::unpack(Bucket::all().next().unwrap(), "1-1", &[head, context.packed()].concat()).unwrap()
}

/// The entries of one counter, each without its number.
fn of(tally: &Tally, counter: u8) -> Vec<Vec<u8>> {
    let (packed, mut found) = (tally.counts(), Vec::new());
    let mut counts = &packed[..];
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
    let tally = Tally::of(&events);
    let number = |n: u64| u32::try_from(n).unwrap().to_be_bytes();
    let part = ((AT / TWELFTH) % 12) as u8;
    let counted = |kind, outcome, by| [&number(AT / HOUR)[..], &[part, kind, outcome, 0, 0, 0, by]].concat();
    assert_eq!(of(&tally, 1), [counted(1, 10, 2), counted(1, 25, 40), counted(2, 11, 1)]);
    assert_eq!(of(&tally, 2).len(), 3);
    let minute = (AT + 330_000) / 60_000;
    assert_eq!(of(&tally, 3), [[&number(minute / 60)[..], &[(minute % 60) as u8, 0, 0, 0, 1]].concat()]);
    assert_eq!((lines(&tally, OfBucket::Recent), lines(&tally, OfBucket::Acts)), (4, 0));
}

/// The function reads what is packed by these numbers.
#[test]
fn the_function_has_the_same_names_in_the_same_order_and_keeps_them_as_long() {
    let lua = include_str!("../../../lua/lib/tally.lua");
    let (_, table) = lua.split_once("TALLY_COUNTERS = {").unwrap();
    let names: Vec<_> = table.split('\'').skip(1).step_by(2).take(3).collect();
    let bucket = Bucket::all().next().unwrap();
    for (n, (counter, name)) in (1..).zip([OfTime::Hour, OfTime::Day, OfTime::Live].into_iter().zip(names)) {
        assert!(counter.key(bucket, 0).contains(&format!(":{name}:")), "{name}");
        let mut tally = Tally::default();
        tally.count(counter, 258, [7, 0, 0], -1);
        let field = if n == 3 { &[1, 7][..] } else { &[3, 7, 0, 0] };
        assert_eq!(tally.counts(), [&[n, 0, 0, 1, 2], field, &[255; 4]].concat());
    }
    assert!(lua.contains(&format!("TALLY_KEPT_MS = 3600000, 86400000, {}\n", KEPT.as_millis())));
    let mut tally = Tally::default();
    tally.count(OfTime::Day, 1, *b"abc", 0);
    tally.show(OfBucket::Recent, 1, 200, &[b"x".to_vec(), b"yz".to_vec()]);
    assert_eq!((tally.counts().len(), &tally.lines()[0].1[..]), (0, &b"\0\0\0\0\0\x01\0\x64x\nyz"[..]));
}

#[test]
fn acts_and_lockouts_have_places_of_their_own() {
    let wrong = |n| event(Kind::Check, Outcome::WrongCode, AT + n, 0, Some(Reference([n as u8; 16])));
    let mut events: Vec<_> = (0..40).map(wrong).collect();
    events.push(event(Kind::Lockout, Outcome::SubjectLocked, AT, AT, None));
    events.push(event(Kind::AdminUnlock, Outcome::Recorded, AT, 0, None));
    events.push(event(Kind::AdminEvents, Outcome::Recorded, AT, 0, None));
    let few = Tally::of(&events);
    assert_eq!(lines(&few, OfBucket::Recent), LINES);
    assert_eq!((lines(&few, OfBucket::Lockouts), lines(&few, OfBucket::Acts)), (1, 1));
    events.extend((38..78).map(wrong));
    let many = Tally::of(&events);
    assert_eq!((lines(&many, OfBucket::Recent), lines(&many, OfBucket::Acts)), (LINES / 4, 1), "acts are all kept");
}

#[test]
fn hexadecimal_is_read_and_nothing_else() {
    assert_eq!(Reference::read(&"0f".repeat(16)), Some(Reference([15; 16])));
    for wrong in ["", "0f", &"0g".repeat(16), &"+f".repeat(16), &"é".repeat(16)] {
        assert_eq!(Reference::read(wrong), None, "{wrong}");
    }
}
