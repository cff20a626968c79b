//! Keys, counters and positions.

use otp_sidecar::{
    event::Bucket,
    secret::Reference,
    store::{
        key::{KEPT, OfBucket, OfReference, OfTime},
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
fn it_is_packed_as_the_scripts_say() {
    let mut tally = Tally::default();
    tally.count(OfTime::Live, 258, [7, 0, 0], -1);
    tally.count(OfTime::Hour, 1, *b"abc", 2);
    tally.count(OfTime::Day, 1, *b"abc", 0);
    let hour = [1, 0, 0, 0, 1, 3, b'a', b'b', b'c', 0, 0, 0, 2];
    assert_eq!(tally.counts(), [&hour[..], &[3, 0, 0, 1, 2, 1, 7, 255, 255, 255, 255]].concat());
    tally.show(OfBucket::Recent, 1, 200, &[b"x".to_vec(), b"yz".to_vec()]);
    assert_eq!(tally.lines()[0].1, [0, 0, 0, 0, 0, 1, 0, 100, b'x', b'\n', b'y', b'z']);
}

#[test]
fn the_scripts_have_the_same_names_in_the_same_order_and_keep_them_as_long() {
    let lua = include_str!("../../../lua/lib/tally.lua");
    let (_, table) = lua.split_once("TALLY_COUNTERS = {").unwrap();
    let names: Vec<_> = table.split('\'').skip(1).step_by(2).take(3).collect();
    let bucket = Bucket::all().next().unwrap();
    for (n, (counter, name)) in [OfTime::Hour, OfTime::Day, OfTime::Live].into_iter().zip(names).enumerate() {
        assert!(counter.key(bucket, 0).contains(&format!(":{name}:")), "{name}");
        let mut tally = Tally::default();
        tally.count(counter, 0, [0; 3], 1);
        assert_eq!(usize::from(tally.counts()[0]), n + 1);
    }
    assert!(lua.contains(&format!("TALLY_KEPT_MS = 3600000, 86400000, {}\n", KEPT.as_millis())));
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
