//! Trails of several sidecars over one Redis.

use std::fs;

use crate::{
    audit::{
        trail::tests::sample::{Sample, event, events, other_keys},
        verify::{
            Given,
            finding::{Finding, Kind},
            verify,
        },
    },
    event::Kind as Event,
};

/// One sidecar was killed between writing and deleting; another took its buckets over.
#[test]
fn an_event_in_two_trails_is_counted_and_no_mistake_unless_it_says_something_else() {
    let sample = Sample::new();
    let (mut one, mut other) = (sample.begin(), sample.begin());
    one.write(&events(7, 0, 5), 2000).unwrap();
    let mut again = events(7, 4, 9);
    again[0].sealed = None;
    other.write(&again, 2000).unwrap();
    let report = sample.verify();
    assert!(report.sound && (report.events, report.repeats) == (10, 2), "{:?}", report.findings);
    let mut changed = event(7, 3);
    changed.failures = 9;
    other.write([&changed], 2000).unwrap();
    let report = sample.verify();
    assert_eq!(report.findings.iter().map(|found| found.kind).collect::<Vec<_>>(), [Kind::Conflicting]);
    assert!(report.findings[0].line.is_some());
}

#[test]
fn a_gap_over_all_trails_is_named_and_below_the_oldest_is_none() {
    let sample = Sample::new();
    let (mut one, mut other) = (sample.begin(), sample.begin());
    one.write(&events(7, 10, 14), 2000).unwrap();
    other.write(&events(7, 18, 20), 2000).unwrap();
    other.write(&events(8, 0, 0), 2000).unwrap();
    let report = sample.verify();
    let Finding { kind, path, line, what } = &report.findings[0];
    assert_eq!((*kind, *line), (Kind::Missing, Some(2)), "{what}");
    assert!(path.starts_with(other.dir()) && what.contains("7-1-15 to 7-1-17"), "{what}");
    one.write(&events(7, 15, 17), 2000).unwrap();
    assert!(sample.verify().sound, "{:?}", sample.verify().findings);
    // A trail that is not given, or was taken away whole.
    let given = Given { dirs: vec![other.dir().into()], keys: Some(other_keys(1)), ..Given::default() };
    assert!(verify(&given).sound);
    other.write(&events(7, 21, 21), 2000).unwrap();
    let mut third = sample.begin();
    third.write(&events(7, 22, 22), 2000).unwrap();
    other.write(&events(7, 23, 23), 2000).unwrap();
    fs::remove_dir_all(third.dir()).unwrap();
    assert_eq!(sample.verify().findings[0].kind, Kind::Missing);
}

#[test]
fn events_that_were_given_up_are_not_missing_and_no_more_than_those() {
    let sample = Sample::new();
    let mut trail = sample.begin();
    trail.write(&events(7, 0, 4), 2000).unwrap();
    let mut shed = event(7, 9);
    (shed.kind, shed.count) = (Event::Shed, Some(3));
    trail.write(&events(7, 8, 8), 2000).unwrap();
    trail.write([&shed], 2000).unwrap();
    let report = sample.verify();
    assert!(report.sound && report.shed == 3, "{:?}", report.findings);
    trail.write(&events(7, 11, 11), 2000).unwrap();
    assert_eq!(sample.verify().findings[0].kind, Kind::Missing);
}

#[test]
fn what_went_by_retention_is_not_missing() {
    let sample = Sample::new();
    let (mut one, mut other) = (sample.begin(), sample.begin());
    one.write(&events(7, 0, 4), 2000).unwrap();
    other.write(&events(7, 5, 9), 2000).unwrap();
    other.close(2000).unwrap();
    one.write(&events(7, 10, 14), 2000).unwrap();
    assert_eq!(other.retain(5000, 5000).unwrap(), 1);
    let report = sample.verify();
    assert!(report.sound && report.events == 10, "{:?}", report.findings);
}

#[test]
fn more_than_one_epoch_is_told_and_no_mistake() {
    let sample = Sample::new();
    let mut trail = sample.begin();
    trail.write(&events(7, 0, 4), 2000).unwrap();
    let mut later = events(7, 0, 1);
    later.iter_mut().for_each(|event| event.epoch = 2);
    trail.write(&later, 2000).unwrap();
    let report = sample.verify();
    assert!(report.sound, "{:?}", report.findings);
    assert_eq!(report.forks, [(7, 2)]);
}

#[test]
fn a_trail_that_is_given_twice_is_said_to_be() {
    let sample = Sample::new();
    let dir = sample.complete();
    let given = Given { dirs: vec![dir.clone(), dir], keys: Some(other_keys(1)), ..Given::default() };
    assert_eq!(verify(&given).findings[0].kind, Kind::Repeated);
}

/// Retention, ends of segments and writes go on while it is read.
#[test]
fn a_trail_that_is_being_written_is_sound() {
    let sample = Sample::new();
    let (mut one, mut other) = (sample.begin(), sample.begin());
    std::thread::scope(|scope| {
        let writing = scope.spawn(move || {
            for round in 0..300 {
                // A bucket goes from one to the other, back and forth.
                let trail = if round / 10 % 2 == 0 { &mut one } else { &mut other };
                trail.write(&events(7, 4 * round, 4 * round + 3), 2000).unwrap();
                if round % 7 == 0 {
                    trail.close(2000).unwrap();
                }
                if round % 70 == 0 {
                    trail.retain(1000 + 2 * round, 3000).unwrap();
                }
            }
        });
        while !writing.is_finished() {
            let report = sample.verify();
            assert!(report.sound, "{:?}", report.findings);
        }
    });
    assert!(sample.verify().sound);
}
