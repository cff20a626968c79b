//! Lines, checkpoints, positions, sets of events.

use std::{collections::BTreeSet, fs, path::Path, sync::Arc};

use otp_sidecar::{
    audit::{
        positions::PositionsFile,
        search,
        trail::{
            checkpoint::{Checkpoint, Role},
            line::{Bytes, Draft, Line, NONE},
            ranges::{EventId, Position, Ranges, Span, count, gaps, insert},
        },
    },
    event::Bucket,
    secret::Reference,
    store::positions::{Known, Position as StorePosition, Positions},
};
use proptest::prelude::*;
use serde::Serialize;

#[test]
fn what_one_wrote_another_knows_if_it_is_about_the_same_data() {
    let dir = tempfile::tempdir().unwrap();
    let (root, bucket) = (dir.path().join("new"), Bucket::of_number(3).unwrap());
    let about = |owner: &[u8]| {
        let positions = Arc::new(Positions::default());
        positions.belongs_to(owner);
        let file = PositionsFile::open(root.clone(), Arc::clone(&positions), 1000).unwrap();
        (file, positions)
    };
    let known = Known { position: StorePosition { epoch: 7, events: 5 }, since_ms: 99 };
    let (mut file, positions) = about(b"one");
    positions.learn_since(bucket, known);
    file.tick(Some("0a1b2c3d"), 1000 + 60_000 - 1).unwrap();
    assert_eq!(about(b"one").1.of(bucket), None, "not yet");
    file.tick(Some("0a1b2c3d"), 1000 + 60_000).unwrap();
    assert_eq!((about(b"one").1.of(bucket), about(b"other").1.of(bucket)), (Some(known), None));
    // Two that share a file lose nothing of each other's.
    let (less, positions) = about(b"one");
    let more = Known { position: StorePosition { epoch: 7, events: 9 }, since_ms: 100 };
    positions.learn_since(Bucket::of_number(4).unwrap(), more);
    less.write(None).unwrap();
    file.write(None).unwrap();
    assert_eq!(about(b"one").1.of(Bucket::of_number(4).unwrap()), Some(more));
    fs::write(root.join("positions-stdout"), "6f6e65\nx\n").unwrap();
    assert_eq!(about(b"one").1.of(bucket), Some(known));
}

#[test]
fn what_is_signed_reads_back_and_nothing_else_does() {
    let keys = super::sample::keys();
    let said = Checkpoint {
        trail: "0a1b2c3d".into(),
        role: Role::Mark,
        time_ms: u64::MAX,
        segment: u32::MAX,
        n: u64::MAX,
        bytes: u64::MAX,
        h: Bytes([1; 32]),
        newest_ms: u64::MAX,
        key: keys.public().id(),
    };
    let line = said.signed(&keys).unwrap();
    assert!(line.len() < 512, "the longest fits");
    let read = Checkpoint::open(keys.public(), &line).unwrap();
    assert_eq!((read.role, read.n, *read.hash()), (Role::Mark, u64::MAX, [1; 32]));
    let inside = [b"{\"n\":18,\"mark\":", &line[..], b",\"seen\":{},\"h\":\"\"}"].concat();
    assert_eq!(Checkpoint::find(&inside), Some(&line[..]));
    for at in 0..line.len() {
        let mut other = line.clone();
        other[at] ^= 1;
        assert!(Checkpoint::open(keys.public(), &other).is_none(), "{at}");
    }
}

#[derive(Serialize)]
struct What {
    word: &'static str,
}

#[test]
fn a_line_reads_back_and_no_byte_of_it_can_be_another() {
    let mut draft = Draft::behind(16, NONE);
    draft.push(&What { word: "a\",\"h\":\"b" }).unwrap();
    let text = draft.text.strip_suffix(b"\n").unwrap();
    let line = Line::read(text).unwrap();
    assert_eq!((line.n, line.hash, &line.body[..12]), (17, draft.hash, &b"{\"n\":17,\"wor"[..]));
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&line.json()).unwrap()["word"], "a\",\"h\":\"b");
    for at in 0..text.len() {
        let mut other = text.to_vec();
        other[at] ^= 1;
        assert!(!Line::read(&other).is_some_and(|line| line.follows(&NONE)), "{at}");
    }
}

#[test]
fn what_is_no_object_leaves_nothing_behind() {
    let mut draft = Draft::behind(0, NONE);
    assert!(draft.push(&"text").is_err() && draft.text.is_empty() && draft.n == 0);
    let hash = format!(",\"h\":\"{}\"}}", Bytes([0; 32]).text());
    let reads = |body: &str| Line::read(format!("{body}{hash}").as_bytes()).is_some();
    assert!(reads("{\"n\":1,\"a\":1") && !reads("{\"n\":01,\"a\":1") && !reads("{\"n\":1"));
}

fn event(bucket: u8, epoch: u64, seq: u64) -> EventId {
    EventId { bucket, position: Position { epoch, seq } }
}

fn seqs<'a>(spans: impl Iterator<Item = &'a Span>) -> BTreeSet<u64> {
    spans.flat_map(|span| span.start().position.seq..=span.end().position.seq).collect()
}

proptest! {
    #[test]
    fn ranges_are_a_set(all: BTreeSet<u8>) {
        let all: BTreeSet<u64> = all.into_iter().map(u64::from).collect();
        let mut ranges = Ranges::new();
        prop_assert!(all.iter().rev().all(|&seq| insert(&mut ranges, event(1, 1, seq))));
        prop_assert!(all.iter().all(|&seq| !insert(&mut ranges, event(1, 1, seq))));
        prop_assert_eq!(&seqs(ranges.iter()), &all);
        prop_assert_eq!(ranges.iter().map(count).sum::<u64>(), all.len() as u64);
        let missing = all.last().map_or(BTreeSet::new(), |&last| (0..=last).filter(|seq| !all.contains(seq)).collect());
        prop_assert_eq!(seqs(gaps(&ranges).iter()), missing);
    }
}

#[test]
fn buckets_and_epochs_are_apart_and_positions_read_back() {
    let mut ranges = Ranges::new();
    for event in [event(1, 1, u64::MAX), event(1, 2, 0), event(2, 1, 0), event(2, 2, 3)] {
        assert!(insert(&mut ranges, event) && !insert(&mut ranges, event));
    }
    assert!(!ranges.contains(&event(1, 1, 0)));
    assert_eq!(gaps(&ranges), [event(1, 1, 0)..=event(1, 1, u64::MAX - 1), event(2, 2, 0)..=event(2, 2, 2)]);
    assert_eq!(Position::try_from("7-12".to_owned()), Ok(Position { epoch: 7, seq: 12 }));
    assert!(["", "7", "7-", "-7", "a-1"].iter().all(|text| Position::try_from((*text).to_owned()).is_err()));
}

#[test]
fn where_there_is_no_trail_there_is_nothing() {
    let found = search::find(Path::new("/nowhere/at/all"), &Reference([1; 16]), 9).unwrap();
    assert!(found.places.is_empty() && !found.more);
}
