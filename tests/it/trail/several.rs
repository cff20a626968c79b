//! Trails of several sidecars over one Redis.

use std::{collections::BTreeMap, fs};

use super::sample::{Sample, Write, event, events, place};
use otp_sidecar::{
    audit::{
        trail::{
            Trail,
            ranges::Position,
            record::{Exported, Place},
        },
        verify::{
            Given,
            finding::{Finding, Kind},
            verify,
        },
    },
    event::{Event, Kind as Type},
};

fn written(trail: &Trail, seq: u64) -> Exported {
    Exported { trail: Some(trail.id().into()), position: Some(Position { epoch: 1, seq }), place: place() }
}

/// Writes events of bucket 7 that another trail wrote up to then.
fn take_over(trail: &mut Trail, before: Exported, events: &[Event]) {
    trail.write(events, &BTreeMap::from([(7, before)]), 2000).unwrap();
}

/// One sidecar was killed between writing and deleting; another took its buckets over.
#[test]
fn an_event_in_two_trails_is_counted_and_no_mistake_unless_it_says_something_else() {
    let sample = Sample::new();
    let (mut one, mut other) = (sample.begin(), sample.begin());
    one.put(&events(7, 0, 5));
    let mut again = events(7, 4, 9);
    again[0].sealed = None;
    take_over(&mut other, written(&one, 3), &again);
    let report = sample.is_sound();
    assert_eq!((report.events, report.repeats), (10, 2));
    let mut changed = event(7, 3);
    changed.failures = 9;
    other.put(&[changed]);
    let report = sample.verify();
    assert_eq!(report.findings.iter().map(|found| found.kind).collect::<Vec<_>>(), [Kind::Conflicting]);
    assert!(report.findings[0].spot.line.is_some());
}

#[test]
fn a_gap_over_all_trails_is_named() {
    let sample = Sample::new();
    let (mut one, mut other) = (sample.begin(), sample.begin());
    one.put(&events(7, 0, 14));
    take_over(&mut other, written(&one, 14), &events(7, 18, 20));
    other.put(&events(8, 0, 0));
    let report = sample.verify();
    let Finding { kind, spot, what } = &report.findings[0];
    assert_eq!((*kind, spot.line), (Kind::Missing, Some(3)), "{what}");
    assert!(spot.path.starts_with(other.dir()) && what.contains("7-1-15 to 7-1-17"), "{what}");
    one.put(&events(7, 15, 17));
    sample.is_sound();
    // What was before the first is missing, too, unless nobody knew of it.
    one.put(&events(9, 1, 1));
    assert_eq!(sample.verify().findings[0].kind, Kind::Missing);
}

/// Whoever takes a trail away as a whole is found by what others say of it; and a trail on another machine is none.
#[test]
fn a_trail_that_was_taken_away_is_missing_and_one_that_was_never_here_is_elsewhere() {
    let elsewhere = Place { host: "there".into(), ..place() };
    // Who says of it: what the next one took over, or a mark beside it; where it was; and what is found.
    for (handed, marked, place, kind) in [
        (true, false, place(), Some(Kind::Missing)),
        (false, true, place(), Some(Kind::Missing)),
        (true, true, elsewhere.clone(), Some(Kind::Missing)),
        (true, false, elsewhere, None),
    ] {
        let sample = Sample::new();
        let (mut gone, mut other) = (sample.begin(), sample.begin());
        gone.put(&events(7, 0, 9));
        if handed {
            take_over(&mut other, Exported { place, ..written(&gone, 9) }, &events(7, 10, 12));
        } else {
            other.put(&events(8, 0, 3));
        }
        if marked {
            assert!(other.mark(BTreeMap::from([(gone.id().to_owned(), 11)]), 2000).unwrap().is_some());
        }
        sample.is_sound();
        fs::remove_dir_all(gone.dir()).unwrap();
        let report = sample.verify();
        assert_eq!(report.findings.first().map(|found| found.kind), kind, "{:?}", report.findings);
        assert_eq!(report.elsewhere.len(), usize::from(kind.is_none()));
        // Where that one alone was given, nothing was said of others.
        let alone = verify(&Given { dirs: vec![other.dir().into()], ..sample.given() });
        assert!(alone.sound, "{:?}", alone.findings);
    }
}

/// The newest has nobody behind it: the store knows.
#[test]
fn the_store_tells_of_a_newest_trail_that_was_taken_away_or_put_back_as_it_was() {
    let sample = Sample::new();
    let (mut one, mut newest) = (sample.begin(), sample.begin());
    one.put(&events(7, 0, 9));
    take_over(&mut newest, written(&one, 9), &events(7, 10, 12));
    let store = |exported| Given { store: Some(BTreeMap::from([(7, exported)])), ..sample.given() };
    let (asked, further) = (written(&newest, 12), written(&newest, 14));
    assert!(verify(&store(asked.clone())).sound);
    assert_eq!(verify(&store(further)).findings[0].kind, Kind::CutOff);
    fs::remove_dir_all(newest.dir()).unwrap();
    sample.is_sound();
    assert_eq!(verify(&store(asked.clone())).findings[0].kind, Kind::Missing);
    let there = Exported { place: Place { host: "there".into(), ..place() }, ..asked };
    assert_eq!(verify(&store(there)).elsewhere.len(), 1);
}

#[test]
fn an_older_copy_of_a_trail_is_cut_off_by_what_another_saw() {
    let sample = Sample::new();
    let (mut one, mut other) = (sample.begin(), sample.begin());
    one.put(&events(7, 0, 3));
    other.put(&events(8, 0, 3));
    other.mark(BTreeMap::from([(one.id().to_owned(), 6)]), 2000).unwrap();
    let report = sample.verify();
    assert_eq!(report.findings[0].kind, Kind::CutOff, "{:?}", report.findings);
}

#[test]
fn events_that_were_given_up_are_not_missing_and_no_more_than_those() {
    let sample = Sample::new();
    let mut trail = sample.begin();
    trail.put(&events(7, 0, 4));
    let mut shed = event(7, 9);
    (shed.kind, shed.count) = (Type::Shed, Some(3));
    trail.put(&events(7, 8, 8));
    trail.put(&[shed]);
    assert_eq!(sample.is_sound().shed, 3);
    trail.put(&events(7, 11, 11));
    assert_eq!(sample.verify().findings[0].kind, Kind::Missing);
}

#[test]
fn what_went_by_retention_is_not_missing() {
    let sample = Sample::new();
    let (mut one, mut other) = (sample.begin(), sample.begin());
    one.put(&events(7, 0, 4));
    take_over(&mut other, written(&one, 4), &events(7, 5, 9));
    take_over(&mut one, written(&other, 9), &events(7, 10, 14));
    assert_eq!(other.retain(5000, 5000).unwrap(), 1);
    assert_eq!(sample.is_sound().events, 10);
}

#[test]
fn more_than_one_epoch_is_reported_and_no_mistake() {
    let sample = Sample::new();
    let mut trail = sample.begin();
    trail.put(&events(7, 0, 4));
    let mut later = events(7, 0, 1);
    later.iter_mut().for_each(|event| event.epoch = 2);
    trail.put(&later);
    assert_eq!(sample.is_sound().forks, BTreeMap::from([(7, 2)]));
}

#[test]
fn a_trail_that_is_given_twice_is_said_to_be() {
    let sample = Sample::new();
    let dir = sample.complete();
    let given = Given { dirs: vec![dir.clone(), dir], ..sample.given() };
    assert_eq!(verify(&given).findings[0].kind, Kind::Unreadable);
}

/// Retention, ends of segments, marks and writes go on while it is read.
#[test]
fn a_trail_that_is_being_written_is_sound() {
    let sample = Sample::new();
    let (mut one, mut other) = (sample.begin(), sample.begin());
    std::thread::scope(|scope| {
        let writing = scope.spawn(move || {
            let mut before = Exported::default();
            for round in 0..300 {
                // A bucket goes from one to the other, back and forth.
                let trail = if round / 10 % 2 == 0 { &mut one } else { &mut other };
                take_over(trail, before, &events(7, 4 * round, 4 * round + 3));
                before = written(trail, 4 * round + 3);
                if round % 3 == 0 {
                    trail.put_mark();
                }
                if round % 7 == 0 {
                    trail.begin(2000).unwrap();
                }
                if round % 70 == 0 {
                    trail.retain(1000 + 2 * round, 3000).unwrap();
                }
            }
        });
        while !writing.is_finished() {
            sample.is_sound();
        }
    });
    sample.is_sound();
}
