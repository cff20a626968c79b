//! What keeps a trail: restarts, several in one directory, clocks, a disk that comes and goes.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    sync::Arc,
};

use super::sample::{LIMITS, Sample, events, place};
use otp_sidecar::{
    audit::{
        sink::Sink,
        trail::{
            Trail, create,
            keeper::{Keeper, Settings},
            ranges::Position,
            record::{self, Exported},
            retention::Clocks,
        },
        verify::{Given, finding::Kind, verify},
    },
    event::{Bucket, Event},
    metrics::Metrics,
    policy::Outcome,
};

fn keeper(root: &Path) -> Keeper {
    with_witness(root, None)
}

fn with_witness(root: &Path, witness: Option<&Path>) -> Keeper {
    let settings = Settings {
        root: root.to_owned(),
        data_dir: root.join("elsewhere"),
        witness: witness.map(Path::to_owned),
        place: place(),
        limits: LIMITS,
    };
    Keeper::open(settings, super::sample::keys(), Arc::new(Metrics::new().unwrap()), 1000).unwrap()
}

fn bucket(number: u8) -> Bucket {
    Bucket::of_number(number).unwrap()
}

/// Both clocks show the same.
fn at(ms: u64) -> Clocks {
    Clocks { host_ms: ms, redis_ms: Some(ms) }
}

#[test]
fn one_that_starts_again_goes_on_with_the_trail_and_two_have_one_each() {
    let sample = Sample::new();
    let root = sample.root.path();
    let (mut one, mut other) = (keeper(root), keeper(root));
    one.write(&events(7, 0, 4), 1000).unwrap();
    other.write(&events(8, 0, 4), 1000).unwrap();
    drop((one, other));
    let mut again = keeper(root);
    again.write(&events(7, 5, 9), 1000).unwrap();
    again.close(1000);
    assert_eq!(create::all(root).unwrap().len(), 2);
    assert_eq!(sample.is_sound().events, 15);
}

#[test]
fn events_that_come_again_are_written_again_and_no_mistake_unless_they_are_others() {
    let sample = Sample::new();
    let mut first = keeper(sample.root.path());
    first.write(&events(7, 0, 6), 1000).unwrap();
    drop(first);
    let mut second = keeper(sample.root.path());
    let mut differently_sealed = events(7, 5, 8);
    differently_sealed.iter_mut().for_each(|event| event.sealed = None);
    second.write(&differently_sealed, 1000).unwrap();
    let report = sample.is_sound();
    assert_eq!((report.events, report.repeats), (9, 2));
    // Redis lost its data and began to count anew.
    let mut others = events(7, 8, 8);
    others[0].outcome = Outcome::Expired;
    second.write(&others, 1000).unwrap();
    assert_eq!(sample.verify().findings[0].kind, Kind::Conflicting);
}

#[test]
fn segments_end_by_size_and_by_age_and_what_is_printed_is_what_is_written() {
    let sample = Sample::new();
    let mut keeper = keeper(sample.root.path());
    keeper.write(&events(7, 0, 19), 1000).unwrap();
    keeper.write(&events(7, 20, 20), 1100).unwrap();
    let dir = keeper.trail().unwrap().dir().to_owned();
    assert_eq!(record::segments(&dir).unwrap(), [1, 2]);
    keeper.tick(at(1150));
    keeper.write(&events(7, 21, 21), 1160).unwrap();
    assert_eq!(record::segments(&dir).unwrap(), [1, 2]);
    keeper.tick(at(2200));
    keeper.write(&events(7, 22, 22), 2210).unwrap();
    assert_eq!(record::segments(&dir).unwrap(), [1, 2, 3]);
    let written = [1, 2, 3].map(|number| fs::read(record::path(&dir, number)).unwrap()).concat();
    assert_eq!(keeper.take_written(), written);
    sample.is_sound();
    // All of them are older than the retention by then, the open one too.
    keeper.tick(at(12_500));
    let report = sample.is_sound();
    assert_eq!((report.trails[0].removed, report.events), (3, 0));
}

#[test]
fn retention_holds_for_trails_that_nobody_writes_any_more() {
    let sample = Sample::new();
    let (mut one, mut dead) = (keeper(sample.root.path()), keeper(sample.root.path()));
    one.write(&events(7, 0, 4), 1000).unwrap();
    dead.write(&events(8, 0, 4), 1000).unwrap();
    let of_dead = dead.trail().unwrap().dir().to_owned();
    drop(dead);
    one.tick(at(20_000));
    assert_eq!(record::segments(&of_dead).unwrap(), [2]);
    one.tick(at(21_000));
    assert_eq!(record::segments(&of_dead).unwrap(), [2], "an empty one is left alone");
    assert_eq!(sample.is_sound().events, 0);
}

/// A segment goes only where both clocks say that it is old, and they agree.
#[test]
fn a_wrong_clock_removes_nothing() {
    const NOW: u64 = 1_767_261_900_000;
    const YEAR: u64 = 365 * 86_400_000;
    // What this machine says, what Redis says, when the events were; and whether they go. They are kept for ten seconds.
    let cases = [
        ("the host's clock a year ahead", NOW + YEAR, Some(NOW), NOW, false),
        ("the host's clock a year ahead, and Redis unknown", NOW + YEAR, None, NOW, false),
        ("the host's clock a year behind", NOW - YEAR, Some(NOW), NOW - 60_000, false),
        ("Redis's clock a year ahead", NOW, Some(NOW + YEAR), NOW, false),
        ("Redis's clock a year ahead, and events with it", NOW, Some(NOW + YEAR), NOW + YEAR - 60_000, false),
        ("Redis's clock a year behind, and events with it", NOW, Some(NOW - YEAR), NOW - YEAR, false),
        ("Redis's clock right again, with events of a year ahead", NOW, Some(NOW), NOW + YEAR, false),
        ("both right, and some minutes apart", NOW + 250_000, Some(NOW), NOW - 60_000, true),
        ("both right", NOW, Some(NOW), NOW - 60_000, true),
        ("both right, and the events young", NOW, Some(NOW), NOW - 5000, false),
    ];
    for (name, host_ms, redis_ms, time_ms, goes) in cases {
        let sample = Sample::new();
        let mut keeper = keeper(sample.root.path());
        keeper.write(&[Event { time_ms, ..super::sample::event(7, 0) }], host_ms).unwrap();
        keeper.tick(Clocks { host_ms, redis_ms });
        let report = sample.is_sound();
        assert_eq!((report.events == 0, report.trails[0].removed), (goes, u32::from(goes)), "{name}");
    }
}

#[test]
fn a_directory_that_was_taken_away_is_noticed_and_made_again() {
    let sample = Sample::new();
    let root = sample.root.path().join("audit");
    let mut keeper = keeper(&root);
    keeper.write(&events(7, 0, 1), 1000).unwrap();
    let away = sample.root.path().join("away");
    fs::rename(&root, &away).unwrap();
    fs::write(&root, "a file").unwrap();
    // Written into what is not there any more is not written.
    assert!(keeper.write(&events(7, 2, 3), 1000).is_err());
    assert!(keeper.write(&events(7, 2, 3), 1000).is_err());
    fs::remove_file(&root).unwrap();
    keeper.write(&events(7, 2, 3), 1000).unwrap();
    keeper.close(1000);
    let given = |dirs| Given { dirs, ..sample.given() };
    let report = verify(&given(vec![root.clone(), away]));
    assert!(report.sound && report.events == 4, "{:?}", report.findings);
    // The new one says what was written before it, and where.
    assert_eq!(verify(&given(vec![root])).findings[0].kind, Kind::Missing);
}

#[test]
fn marks_are_kept_in_a_second_place_and_an_outage_of_it_is_made_up_for() {
    let sample = Sample::new();
    let (root, witness) = (sample.root.path().join("audit"), sample.root.path().join("witness"));
    fs::write(&witness, "a file").unwrap();
    let mut keeper = with_witness(&root, Some(&witness));
    for round in 0..30 {
        keeper.write(&events(7, 3 * round, 3 * round + 2), 1000).unwrap();
        keeper.tick(at(1200 + 200 * round));
        if round == 15 {
            fs::remove_file(&witness).unwrap();
        }
    }
    keeper.write(&events(7, 90, 90), 8000).unwrap();
    keeper.close(9000);
    let given = || Given { dirs: vec![root.clone()], witness: Some(witness.clone()), ..sample.given() };
    let report = verify(&given());
    assert!(report.sound && report.trails[0].marks > 20, "{:?}", report.findings);
    // Without its trail it says that there was one.
    let dir = keeper.trail().unwrap().dir().to_owned();
    fs::rename(&dir, sample.root.path().join("away")).unwrap();
    drop(Trail::create(&root, &place(), &sample.keys, [0; 4], 9000).unwrap());
    assert_eq!(verify(&given()).findings[0].kind, Kind::Missing);
}

#[test]
fn who_wrote_a_bucket_before_is_said_once_and_what_the_store_is_to_remember_names_us() {
    let sample = Sample::new();
    let mut keeper = keeper(sample.root.path());
    let before =
        Exported { trail: Some("0a1b2c3d".into()), position: Some(Position { epoch: 1, seq: 4 }), place: place() };
    keeper.take_over(bucket(7), Exported { place: Default::default(), ..before.clone() });
    keeper.take_over(bucket(8), Exported::default());
    keeper.write(&events(7, 5, 6), 1000).unwrap();
    keeper.write(&events(7, 7, 7), 1000).unwrap();
    keeper.write(&events(8, 3, 4), 1000).unwrap();
    let sink = Sink { keeper: Some(Box::new(keeper)), prints: false, place: place(), rewrite: None };
    let exported = sink.exported(Position { epoch: 1, seq: 7 });
    let mut keeper = sink.keeper.unwrap();
    assert_eq!((exported.trail.as_deref(), exported.place.clone()), (Some(keeper.trail().unwrap().id()), place()));
    keeper.take_over(bucket(7), exported);
    keeper.write(&events(7, 8, 8), 1000).unwrap();
    let text = fs::read_to_string(record::path(keeper.trail().unwrap().dir(), 1)).unwrap();
    assert_eq!(text.matches("\"before\":").count(), 2, "{text}");
    let report = sample.is_sound();
    assert_eq!((report.events, report.elsewhere.len()), (6, 1));
}

#[test]
fn the_second_place_is_no_link_and_none_where_everybody_may_write() {
    let sample = Sample::new();
    let place = |name: &str| sample.root.path().join(name);
    let (linked, open) = (place("linked"), place("open"));
    fs::create_dir(&linked).unwrap();
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o1777)).unwrap();
    for witness in [&linked, &open] {
        let mut keeper = with_witness(&place("audit"), Some(witness));
        let name = format!("trail-{}.checkpoints.jsonl", keeper.trail().unwrap().id());
        let _ = symlink(place("victim"), linked.join(name));
        keeper.write(&events(7, 0, 1), 1000).unwrap();
        keeper.close(1000);
    }
    assert!(!place("victim").exists() && fs::read_dir(&open).unwrap().count() == 0);
}
