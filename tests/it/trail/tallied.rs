//! What a batch adds to the counters.

use otp_sidecar::{
    event::{Bucket, Event, EventContext, Kind},
    policy::Outcome,
    secret::Reference,
    store::{
        key::{OfBucket, OfTime},
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
    let subject = Reference([7; 16]);
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

/// What is added to keys that begin so: the rest of the key, the field or how many stay, and by how much or what.
fn added(tally: &Tally, head: &str) -> Vec<(String, Vec<u8>, String)> {
    let text = |word: &[u8]| String::from_utf8(word.to_vec()).unwrap();
    let all = tally.arguments(Bucket::all().next().unwrap());
    let each = all.chunks(4).map(|of| (text(&of[0]), of[2].clone(), text(&of[3])));
    each.filter_map(|(key, what, value)| Some((key.strip_prefix(head)?.to_owned(), what, value))).collect()
}

/// The entries of one counter: hour or day, field, and by how much.
fn of(tally: &Tally, counter: OfTime) -> Vec<(u64, Vec<u8>, i64)> {
    let head = counter.key(Bucket::all().next().unwrap(), 0);
    let entries = added(tally, head.trim_end_matches('0')).into_iter();
    entries.map(|(n, field, by)| (n.parse().unwrap(), field, by.parse().unwrap())).collect()
}

fn lines(tally: &Tally, stream: OfBucket) -> usize {
    let entries = added(tally, &stream.key(Bucket::all().next().unwrap())).into_iter();
    entries.map(|(_, _, text)| text.matches("\"bucket\"").count()).sum()
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
    let part = ((AT / TWELFTH) % 12) as u8;
    let counted = |kind, outcome, by| (AT / HOUR, vec![part, kind, outcome], by);
    assert_eq!(of(&tally, OfTime::Hour), [counted(1, 10, 2), counted(1, 25, 40), counted(2, 11, 1)]);
    assert_eq!(of(&tally, OfTime::Day).len(), 3);
    let minute = (AT + 330_000) / 60_000;
    assert_eq!(of(&tally, OfTime::Live), [(minute / 60, vec![(minute % 60) as u8], 1)]);
    assert_eq!((lines(&tally, OfBucket::Recent), lines(&tally, OfBucket::Acts)), (4, 0));
}

/// The function reads what is packed by these numbers.
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
