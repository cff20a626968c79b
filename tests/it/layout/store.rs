//! Keys, counters and positions.

use otp_sidecar::{
    event::Bucket,
    secret::Reference,
    store::{
        key::{KEPT, OfBucket, OfReference, OfTime},
        locks::Place,
        positions::{Position, Positions},
        tally::Tally,
    },
};

#[test]
fn every_key_of_a_reference_carries_its_buckets_tag() {
    let reference = Reference([65; 16]);
    assert_eq!(OfReference::Subject.key(&reference), b"otp:{k1g}:s:AAAAAAAAAAAAAAAA");
    assert_eq!(OfBucket::Epoch.key(Bucket::of(&reference)), "otp:{k1g}:epoch");
    assert_eq!(OfTime::Day.key(Bucket::of(&reference), 20_454), "otp:{k1g}:day:20454");
}

#[test]
fn a_tally_becomes_arguments() {
    let (mut tally, bucket) = (Tally::default(), Bucket::of(&Reference([65; 16])));
    tally.count(OfTime::Live, 258, [7, 0, 0], -1);
    tally.count(OfTime::Hour, 1, *b"abc", 2);
    tally.count(OfTime::Day, 1, *b"abc", 0);
    tally.show(OfBucket::Recent, 1, 199, &[b"x".to_vec(), b"yz".to_vec()]);
    let words = |tally: &Tally| -> Vec<String> {
        let each = tally.arguments(bucket);
        each.chunks(4).map(|of| of.join(&b' ').escape_ascii().to_string()).collect()
    };
    assert_eq!(
        words(&tally),
        ["otp:{k1g}:hour:1 18000000 abc 2", "otp:{k1g}:live:258 932400000 \\x07 -1", "otp:{k1g}:recent 1 100 x\\nyz",]
    );
    tally.count(OfTime::Day, 0, *b"abc", 1);
    let kept = 86_400_000 + KEPT.as_millis();
    assert!(words(&tally).contains(&format!("otp:{{k1g}}:day:0 {kept} abc 1")));
}

#[test]
fn positions_only_grow_and_read_back() {
    let (positions, bucket) = (Positions::default(), Bucket::of_number(7).unwrap());
    let at = |epoch, events| Position { epoch, events };
    assert_eq!(positions.of(bucket), None);
    for (learnt, known) in [(at(5, 3), at(5, 3)), (at(5, 2), at(5, 3)), (at(4, 9), at(5, 3)), (at(6, 0), at(6, 0))] {
        positions.learn(bucket, learnt);
        assert_eq!(positions.of(bucket).unwrap().position, known);
    }
    assert_eq!(positions.of(Bucket::of_number(8).unwrap()), None);
    assert_eq!((Position::behind("7-12"), "7-13".parse()), (Some(at(7, 13)), Ok(at(7, 13))));
    assert_eq!(at(7, 13).to_string(), "7-13");
    assert!(["", "7", "7-", "-7", "a-1", "18446744073709551616-1"].iter().all(|id| Position::behind(id).is_none()));
}

#[test]
fn a_place_reads_back_and_nothing_else_does() {
    let bytes = [&[63, 1, 128, 0, 0, 0, 0, 0][..], &[9; 16]].concat();
    assert_eq!(Place::read(&bytes).unwrap().bytes(), bytes);
    assert_eq!(Place::read(&bytes[1..]), None);
    for wrong in [[64, 0], [0, 2]] {
        assert_eq!(Place::read(&[&wrong, &bytes[2..]].concat()), None);
    }
}
