//! What keeps a trail: restarts, several in one directory, a disk that comes and goes.

use std::{collections::BTreeSet, fs, path::Path, sync::Arc};

use super::sample::{LIMITS, Sample, events, other_keys};
use crate::{
    audit::{
        trail::{
            create,
            keeper::{Keeper, Place},
            segment,
        },
        verify::{Given, verify},
    },
    event::{Bucket, Event},
    metrics::Metrics,
    store::highest::Highest,
};

fn keeper(root: &Path, copies: Option<&Path>) -> Keeper {
    knowing(root, copies, Arc::default())
}

fn knowing(root: &Path, copies: Option<&Path>, highest: Arc<Highest>) -> Keeper {
    let metrics = Arc::new(Metrics::new().unwrap());
    let data_dir = root.join("elsewhere");
    let place = Place { root: root.to_owned(), data_dir, copies: copies.map(Path::to_owned) };
    Keeper::open(place, super::sample::keys(), LIMITS, (metrics, highest), 1000).unwrap()
}

fn settled(keeper: &mut Keeper) {
    keeper.settled(&BTreeSet::from_iter(0..64), &[]);
}

#[test]
fn one_that_starts_again_goes_on_with_the_trail_and_two_have_one_each() {
    let sample = Sample::new();
    let root = sample.root.path();
    let (mut one, mut other) = (keeper(root, None), keeper(root, None));
    one.write(&events(7, 0, 4), 1000).unwrap();
    other.write(&events(8, 0, 4), 1000).unwrap();
    drop((one, other));
    let mut again = keeper(root, None);
    again.write(&events(7, 5, 9), 1000).unwrap();
    again.close(1000);
    assert_eq!(create::all(root).unwrap().len(), 2);
    let report = sample.verify();
    assert!(report.sound && report.events == 15, "{:?}", report.findings);
}

#[test]
fn events_that_come_again_are_not_written_again_unless_they_are_others() {
    let sample = Sample::new();
    let mut first = keeper(sample.root.path(), None);
    first.write(&events(7, 0, 4), 1000).unwrap();
    first.settled(&BTreeSet::new(), &events(7, 0, 4).iter().collect::<Vec<_>>());
    first.write(&events(7, 0, 6), 1000).unwrap();
    drop(first);
    let mut second = keeper(sample.root.path(), None);
    let mut differently_sealed = events(7, 5, 8);
    differently_sealed.iter_mut().for_each(|event| event.sealed = None);
    second.write(&differently_sealed, 1000).unwrap();
    settled(&mut second);
    second.close(1000);
    let report = sample.verify();
    assert!(report.sound && report.events == 9 && report.repeats == 0, "{:?}", report.findings);
    // Redis lost its data and began to count anew: nothing may be left out.
    drop(second);
    let mut third = keeper(sample.root.path(), None);
    let mut others = events(7, 8, 8);
    others[0].outcome = "expired";
    third.write(&others, 1000).unwrap();
    drop(third);
    let report = sample.verify();
    assert_eq!(report.findings[0].kind, crate::audit::verify::finding::Kind::Conflicting);
}

#[test]
fn segments_end_by_size_and_by_age() {
    let sample = Sample::new();
    let mut keeper = keeper(sample.root.path(), None);
    keeper.write(&events(7, 0, 19), 1000).unwrap();
    keeper.write(&events(7, 20, 20), 1100).unwrap();
    let dir = keeper.trail().unwrap().dir().to_owned();
    assert_eq!(segment::all(&dir).unwrap(), [1, 2]);
    keeper.tick(1150);
    keeper.write(&events(7, 21, 21), 1160).unwrap();
    assert_eq!(segment::all(&dir).unwrap(), [1, 2]);
    keeper.tick(2200);
    keeper.write(&events(7, 22, 22), 2210).unwrap();
    assert_eq!(segment::all(&dir).unwrap(), [1, 2, 3]);
    assert!(sample.verify().sound, "{:?}", sample.verify().findings);
    // All but what is still open is older than the retention by then.
    keeper.tick(12_300);
    keeper.tick(12_500);
    let report = sample.verify();
    assert!(report.sound && report.trails[0].roots == 3, "{:?}", report);
}

#[test]
fn retention_holds_for_trails_that_nobody_writes_any_more() {
    let sample = Sample::new();
    let (mut one, mut dead) = (keeper(sample.root.path(), None), keeper(sample.root.path(), None));
    one.write(&events(7, 0, 4), 1000).unwrap();
    dead.write(&events(8, 0, 4), 1000).unwrap();
    let of_dead = dead.trail().unwrap().dir().to_owned();
    drop(dead);
    one.tick(20_000);
    assert!(segment::all(&of_dead).unwrap().is_empty());
    let report = sample.verify();
    assert!(report.sound, "{:?}", report.findings);
}

#[test]
fn a_directory_that_was_taken_away_is_noticed_and_made_again() {
    let sample = Sample::new();
    let root = sample.root.path().join("audit");
    let mut keeper = keeper(&root, None);
    keeper.write(&events(7, 0, 1), 1000).unwrap();
    settled(&mut keeper);
    let away = sample.root.path().join("away");
    fs::rename(&root, &away).unwrap();
    fs::write(&root, "a file").unwrap();
    // Written into what is not there any more is not written.
    assert!(keeper.write(&events(7, 2, 3), 1000).is_err());
    assert!(keeper.write(&events(7, 2, 3), 1000).is_err());
    fs::remove_file(&root).unwrap();
    keeper.write(&events(7, 2, 3), 1000).unwrap();
    settled(&mut keeper);
    keeper.close(1000);
    let given = Given { dirs: vec![root, away], keys: Some(other_keys(1)), ..Given::default() };
    let report = verify(&given);
    assert!(report.sound && report.events == 4, "{:?}", report.findings);
}

#[test]
fn checkpoints_are_copied_to_a_second_place_and_an_outage_of_it_is_made_up_for() {
    let sample = Sample::new();
    let (root, copies) = (sample.root.path().join("audit"), sample.root.path().join("copies"));
    fs::write(&copies, "a file").unwrap();
    let mut keeper = keeper(&root, Some(&copies));
    for round in 0..30 {
        keeper.write(&events(7, 3 * round, 3 * round + 2), 1000).unwrap();
        keeper.tick(1200 + 200 * round);
        if round == 15 {
            fs::remove_file(&copies).unwrap();
        }
    }
    keeper.close(9000);
    let given = || Given {
        dirs: vec![root.clone()],
        keys: Some(other_keys(1)),
        copies: Some(copies.clone()),
        ..Given::default()
    };
    let report = verify(&given());
    assert!(report.sound && report.trails[0].checkpoints > 20, "{:?}", report.findings);
    let dir = keeper.trail().unwrap().dir().to_owned();
    for number in segment::all(&dir).unwrap() {
        let copy = copies.join(dir.file_name().unwrap()).join(segment::checkpoints(&dir, number).file_name().unwrap());
        assert_eq!(fs::read(segment::checkpoints(&dir, number)).unwrap(), fs::read(copy).unwrap());
    }
    // Without its trail a copy says that there was one.
    fs::remove_dir_all(&dir).unwrap();
    fs::create_dir(root.join("trail-00000000")).unwrap();
    let report = verify(&given());
    assert!(report.findings.iter().any(|finding| finding.kind == crate::audit::verify::finding::Kind::Missing));
}

#[test]
fn the_highest_epochs_are_known_before_an_event_may_be_deleted_and_after_a_restart() {
    let sample = Sample::new();
    let root = sample.root.path();
    let of = |epoch, seq| Event { epoch, ..super::sample::event(3, seq) };
    let highest: Arc<Highest> = Arc::default();
    let mut keeper = knowing(root, None, Arc::clone(&highest));
    keeper.write(&[of(4, 1), of(7, 1), of(6, 9)], 1000).unwrap();
    let bucket = Bucket::of_number(3).unwrap();
    assert_eq!(highest.of(bucket), 7);
    let again = || {
        let highest: Arc<Highest> = Arc::default();
        (knowing(root, None, Arc::clone(&highest)), highest)
    };
    // One that crashed right then; another in the same directory knows it as well.
    assert_eq!(again().1.most(), 7);
    drop(keeper);
    let (mut keeper, known) = again();
    assert_eq!((known.of(bucket), known.most()), (7, 7));
    // Where it cannot be said, the events are not deleted.
    let made = root.join(format!(".epochs-{}", keeper.trail().unwrap().id()));
    fs::create_dir(&made).unwrap();
    keeper.write(&[of(8, 1)], 1000).unwrap_err();
    fs::remove_dir(&made).unwrap();
    keeper.write(&[of(8, 1)], 1000).unwrap();
    assert_eq!(again().1.most(), 8);
}
