//! What is written, and what of it is there after a crash.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::sample::{Sample, event, events, files, lines};
use crate::audit::trail::{Trail, recover::Opened, segment};

#[test]
fn a_closed_trail_is_sound_and_its_lines_are_the_events() {
    let sample = Sample::new();
    let mut trail = sample.begin();
    trail.write(&events(7, 0, 2), 2000).unwrap();
    trail.close(2100).unwrap();
    let lines: Vec<Value> =
        lines(&segment::path(trail.dir(), 1)).iter().map(|line| serde_json::from_slice(line).unwrap()).collect();
    assert_eq!(lines.iter().map(|line| line["n"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!((&lines[0]["segment"], &lines[4]["end"], &lines[4]["events"]), (&1.into(), &1.into(), &3.into()));
    assert_eq!(lines[4]["ranges"], serde_json::json!([[7, 1, 0, 2]]));
    let told = serde_json::to_value(event(7, 1)).unwrap();
    assert!(told.as_object().unwrap().iter().all(|(name, value)| lines[2][name] == *value), "{}", lines[2]);
    let report = sample.verify();
    assert!(report.sound, "{:?}", report.findings);
    assert_eq!((report.events, report.trails[0].lines, report.trails[0].checkpoints), (3, 5, 1));
    assert!(report.trails[0].closed && report.trails[0].seals);
}

#[test]
fn a_trail_goes_on_in_a_new_segment_and_the_chain_does_not_break() {
    let sample = Sample::new();
    let dir = sample.complete();
    let mut trail = sample.open(&dir);
    trail.write(&events(7, 18, 20), 6000).unwrap();
    drop(trail);
    // Killed: the segment has no end, and the next start gives it one.
    let report = sample.verify();
    assert!(report.sound && !report.trails[0].closed, "{:?}", report.findings);
    drop(sample.open(&dir));
    let report = sample.verify();
    assert!(report.sound && report.trails[0].closed, "{:?}", report.findings);
    assert_eq!((report.trails[0].roots, report.trails[0].segments, report.events), (1, 3, 2 * 6 + 2 * 2 + 3));
    assert!(sample.verify_with_public_key().sound);
}

#[test]
fn what_a_crash_left_behind_the_head_is_removed() {
    for rest in [&b"{\"n\":"[..], b"half a line\nanother\n", b"\0\0\0\0\0\0\0\0"] {
        let sample = Sample::new();
        let mut trail = sample.begin();
        trail.write(&events(7, 0, 2), 2000).unwrap();
        let (dir, path) = (trail.dir().to_owned(), segment::path(trail.dir(), 1));
        drop(trail);
        fs::write(&path, [fs::read(&path).unwrap(), rest.to_vec()].concat()).unwrap();
        let mut trail = sample.open(&dir);
        trail.write(&events(7, 3, 3), 2000).unwrap();
        trail.close(2000).unwrap();
        let footer: Value = serde_json::from_slice(lines(&path).last().unwrap()).unwrap();
        assert_eq!((footer["torn"].as_u64(), footer["events"].as_u64()), (Some(rest.len() as u64), Some(3)));
        assert!(sample.verify().sound, "{:?}", sample.verify().findings);
    }
}

type Files = Vec<(PathBuf, Vec<u8>)>;

fn snapshot(dir: &Path) -> Files {
    files(dir).into_iter().map(|path| (path.clone(), fs::read(&path).unwrap())).collect()
}

fn is_head(path: &Path) -> bool {
    path.ends_with("head")
}

/// Each step writes its files, and the head last: whatever was there when the sidecar was killed is sound, and goes on.
#[test]
fn a_crash_between_any_two_writes_costs_nothing_that_was_said() {
    let sample = Sample::new();
    let mut trail = sample.begin();
    let dir = trail.dir().to_owned();
    let mut states = vec![(0, snapshot(&dir))];
    for round in 0..4 {
        let mut step = |trail: &mut Trail, act: &dyn Fn(&mut Trail)| {
            act(trail);
            states.push((round + 1, snapshot(&dir)));
        };
        step(&mut trail, &|trail| trail.write(&events(7, round, round), 2000).unwrap());
        step(&mut trail, &|trail| assert!(trail.checkpoint(2000).unwrap()));
        if round % 2 == 1 {
            step(&mut trail, &|trail| trail.end(2000).unwrap());
            step(&mut trail, &|trail| assert!(trail.checkpoint(2000).unwrap()));
        }
    }
    states.push((4, {
        assert_eq!(trail.retain(1002, 2000).unwrap(), 1);
        snapshot(&dir)
    }));
    drop(trail);
    for pair in states.windows(2) {
        let ((said, before), (_, after)) = (&pair[0], &pair[1]);
        files(&dir).iter().for_each(|path| fs::remove_file(path).unwrap());
        let kept =
            after.iter().filter(|(path, _)| !is_head(path)).chain(before.iter().filter(|(path, _)| is_head(path)));
        kept.for_each(|(path, bytes)| fs::write(path, bytes).unwrap());
        let report = sample.verify();
        assert!(report.sound, "killed after {said}: {:?}", report.findings);
        let mut trail = sample.open(&dir);
        trail.write(&events(7, *said, *said), 3000).unwrap();
        trail.close(3000).unwrap();
        drop(trail);
        let report = sample.verify();
        let gone = 2 * report.trails[0].roots;
        assert!(report.sound && report.events + gone == said + 1, "gone on after {said}: {:?}", report.findings);
    }
}

#[test]
fn another_key_cannot_go_on_with_it_nor_can_two_at_once() {
    let sample = Sample::new();
    let trail = sample.begin();
    assert!(matches!(Trail::open(trail.dir(), &sample.keys, 1).unwrap(), Opened::Busy));
    let dir = trail.dir().to_owned();
    drop(trail);
    let others = std::sync::Arc::new(super::sample::other_keys(2));
    assert!(matches!(Trail::open(&dir, &others, 1).unwrap(), Opened::Foreign(_)));
    sample.open(&dir);
}

#[test]
fn what_was_tampered_with_is_not_gone_on_with() {
    let sample = Sample::new();
    let mut trail = sample.begin();
    trail.write(&events(7, 0, 9), 2000).unwrap();
    let (dir, path) = (trail.dir().to_owned(), segment::path(trail.dir(), 1));
    drop(trail);
    let mut bytes = fs::read(&path).unwrap();
    bytes[500] ^= 1;
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(Trail::open(&dir, &sample.keys, 1).unwrap(), Opened::Foreign(_)));
    bytes[500] ^= 1;
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    assert!(matches!(Trail::open(&dir, &sample.keys, 1).unwrap(), Opened::Foreign(_)));
    fs::remove_file(&path).unwrap();
    assert!(matches!(Trail::open(&dir, &sample.keys, 1).unwrap(), Opened::Foreign(_)));
}

#[test]
fn retention_leaves_a_root_for_each_segment_and_goes_as_far_as_it_may() {
    let sample = Sample::new();
    let mut trail = sample.begin();
    for round in 0..20 {
        trail.write(&events(7, round, round), 2000).unwrap();
        trail.close(2000).unwrap();
    }
    // The events' times are 1000 to 1019.
    assert_eq!((trail.retain(1000, 3000).unwrap(), trail.retain(1005, 3000).unwrap()), (0, 5));
    assert!(sample.verify().sound, "{:?}", sample.verify().findings);
    while trail.retain(5000, 3000).unwrap() > 0 {}
    assert_eq!(segment::all(trail.dir()).unwrap(), [0; 0]);
    let report = sample.verify();
    assert!(report.sound && report.trails[0].roots == 20, "{:?}", report.findings);
    // And it goes on.
    let dir = trail.dir().to_owned();
    drop(trail);
    let mut trail = sample.open(&dir);
    trail.write(&events(7, 20, 20), 6000).unwrap();
    trail.close(6000).unwrap();
    let report = sample.verify();
    assert!(report.sound && report.events == 1, "{:?}", report.findings);
}
