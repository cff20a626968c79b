//! What is written, and what of it is there after a crash.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use super::sample::{Sample, Write, event, events, files, lines, place};
use otp_sidecar::{
    audit::{
        search,
        trail::{Trail, record, recover::Stop},
    },
    secret::Reference,
};

#[test]
fn lines_are_the_events_behind_one_that_says_whose_they_are() {
    let sample = Sample::new();
    let mut trail = sample.begin();
    trail.put(&events(7, 0, 2));
    trail.put_mark();
    let lines: Vec<Value> =
        lines(&record::path(trail.dir(), 1)).iter().map(|line| serde_json::from_slice(line).unwrap()).collect();
    assert_eq!(lines.iter().map(|line| line["n"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!(
        (&lines[0]["segment"], &lines[0]["trail"], &lines[0]["host"]),
        (&1.into(), &trail.id().into(), &"here".into())
    );
    assert_eq!((&lines[4]["mark"]["n"], &lines[4]["mark"]["h"]), (&4.into(), &lines[3]["h"]));
    let written: Value = serde_json::from_slice(&event(7, 1).json()).unwrap();
    assert!(written.as_object().unwrap().iter().all(|(name, value)| lines[2][name] == *value), "{}", lines[2]);
    let report = sample.is_sound();
    assert_eq!((report.events, report.trails[0].lines, report.trails[0].marks), (3, 5, 1));
}

#[test]
fn a_trail_goes_on_and_the_chain_does_not_break() {
    let sample = Sample::new();
    let dir = sample.complete();
    let mut trail = sample.open(&dir);
    trail.put(&events(7, 20, 22));
    drop(trail);
    drop(sample.open(&dir));
    let report = sample.is_sound();
    assert_eq!((report.trails[0].removed, report.trails[0].segments, report.events), (1, 3, 2 * 6 + 2 * 2 + 5));
    let segment: Value = serde_json::from_slice(&lines(&record::path(&dir, 4))[0]).unwrap();
    assert_eq!((&segment["positions"]["7"], &segment["positions"]["21"]), (&"1-17".into(), &"1-5".into()));
}

#[test]
fn what_a_crash_left_behind_is_removed_where_it_is_no_line_and_kept_where_it_is() {
    for (rest, kept) in [(&b"{\"n\":"[..], 0), (b"half a line\nanother\n", 0), (b"\0\0\0\0\0\0\0\0", 0), (b"", 2)] {
        let sample = Sample::new();
        let mut trail = sample.begin();
        trail.put(&events(7, 0, 2));
        let (dir, path) = (trail.dir().to_owned(), record::path(trail.dir(), 1));
        let (head, before) = (fs::read(dir.join("head")).unwrap(), fs::read(&path).unwrap());
        trail.put(&events(7, 3, 4));
        drop(trail);
        // Killed before the head was written: of the lines there may be some, or all.
        fs::write(dir.join("head"), head).unwrap();
        if kept == 0 {
            fs::write(&path, [&before[..], rest].concat()).unwrap();
        }
        let mut trail = sample.open(&dir);
        trail.put(&events(7, 3, 4));
        let report = sample.is_sound();
        assert_eq!((report.events, report.repeats), (5, kept), "{rest:?}");
    }
}

/// The next segment was begun, and no more of it is there than a crash leaves: it goes, and is begun again.
#[test]
fn a_segment_that_was_merely_begun_is_begun_again() {
    let sample = Sample::new();
    let mut trail = sample.begin();
    trail.put(&events(7, 0, 2));
    let (dir, head) = (trail.dir().to_owned(), fs::read(trail.dir().join("head")).unwrap());
    trail.begin(2000).unwrap();
    drop(trail);
    let (next, begun) = (record::path(&dir, 2), fs::read(record::path(&dir, 2)).unwrap());
    for left in [&begun[..], &begun[..begun.len() - 1], &begun[..9], b"\0\0\0\0\0\0\0\0", b""] {
        fs::write(dir.join("head"), &head).unwrap();
        fs::write(&next, left).unwrap();
        drop(sample.open(&dir));
        assert!(!next.exists());
        sample.is_sound();
    }
}

/// Whoever opened it would wait for somebody at its other end.
#[test]
fn a_pipe_in_a_segments_place_is_not_waited_for() {
    let sample = Sample::new();
    let dir = sample.begin().dir().to_owned();
    let path = record::path(&dir, 1);
    fs::remove_file(&path).unwrap();
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    assert!(Trail::open(&dir, &place(), &sample.keys, 1).is_err());
    assert!(search::find(sample.root.path(), &Reference([15; 16]), 9).is_err());
}

type Files = Vec<(PathBuf, Vec<u8>)>;

fn snapshot(dir: &Path) -> Files {
    files(dir).into_iter().map(|path| (path.clone(), fs::read(&path).unwrap())).collect()
}

fn is_head(path: &Path) -> bool {
    path.file_name().unwrap() == "head"
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
        step(&mut trail, &|trail| trail.put(&events(7, round, round)));
        step(&mut trail, &Trail::put_mark);
        if round % 2 == 1 {
            step(&mut trail, &|trail| trail.begin(2000).unwrap());
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
        sample.is_sound();
        let mut trail = sample.open(&dir);
        trail.put(&events(7, *said, *said));
        drop(trail);
        let report = sample.is_sound();
        let gone = 2 * u64::from(report.trails[0].removed);
        assert_eq!(report.events + gone, said + 1, "gone on after {said}");
    }
}

#[test]
fn another_key_cannot_go_on_with_it_nor_can_two_at_once() {
    let sample = Sample::new();
    let trail = sample.begin();
    assert!(matches!(Trail::open(trail.dir(), &place(), &sample.keys, 1), Err(Stop::Busy)));
    let dir = trail.dir().to_owned();
    drop(trail);
    let others = std::sync::Arc::new(super::sample::other_keys(2));
    assert!(matches!(Trail::open(&dir, &place(), &others, 1), Err(Stop::Foreign(_))));
    sample.open(&dir);
}

fn edit(path: &Path, change: impl Fn(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

/// What is no trail of ours, or not as we left it: the reason is told, and nothing is written there.
#[test]
fn what_is_not_as_it_was_left_is_not_gone_on_with_and_not_touched() {
    type Harm = fn(&Path, &Path);
    let harms: [(&str, Harm); 14] = [
        ("a byte of a line", |dir, _| edit(&record::path(dir, 2), |bytes| bytes[500] ^= 1)),
        ("the last line feed", |dir, _| edit(&record::path(dir, 2), |bytes| bytes.truncate(bytes.len() - 1))),
        ("CRLF", |dir, _| {
            let text = fs::read_to_string(record::path(dir, 2)).unwrap();
            fs::write(record::path(dir, 2), text.replace('\n', "\r\n")).unwrap();
        }),
        ("an empty segment", |dir, _| fs::write(record::path(dir, 2), "").unwrap()),
        ("no segment", |dir, _| fs::remove_file(record::path(dir, 2)).unwrap()),
        ("a renamed segment", |dir, _| fs::rename(record::path(dir, 2), record::path(dir, 3)).unwrap()),
        ("a later segment", |dir, _| assert!(fs::copy(record::path(dir, 2), record::path(dir, 3)).is_ok())),
        ("a next segment that somebody put there", |dir, _| fs::write(record::path(dir, 3), "a line\n").unwrap()),
        ("another trail's next segment", |dir, other| {
            assert!(fs::copy(record::path(other, 1), record::path(dir, 3)).is_ok());
        }),
        ("an empty head", |dir, _| fs::write(dir.join("head"), "").unwrap()),
        ("no head", |dir, _| fs::remove_file(dir.join("head")).unwrap()),
        ("another trail's head", |dir, other| assert!(fs::copy(other.join("head"), dir.join("head")).is_ok())),
        ("a mark for a head", |dir, _| {
            let mark = String::from_utf8(lines(&record::path(dir, 2)).pop().unwrap()).unwrap();
            let mark = mark.split_once("\"mark\":").unwrap().1.split_once(",\"seen\"").unwrap().0.to_owned();
            fs::write(dir.join("head"), format!("{mark:<511}\n")).unwrap();
        }),
        ("a link", |dir, other| {
            fs::remove_file(dir.join("head")).unwrap();
            std::os::unix::fs::symlink(other.join("head"), dir.join("head")).unwrap();
        }),
    ];
    for (name, harm) in harms {
        let sample = Sample::new();
        let (mut trail, elsewhere) = (sample.begin(), Sample::new());
        let other = elsewhere.begin().dir().to_owned();
        trail.put(&events(7, 0, 9));
        trail.begin(2000).unwrap();
        trail.put(&events(7, 10, 19));
        trail.put_mark();
        let dir = trail.dir().to_owned();
        drop(trail);
        fs::remove_file(dir.join("lock")).unwrap();
        harm(&dir, &other);
        let before = snapshot(&dir);
        let opened = Trail::open(&dir, &place(), &sample.keys, 1);
        assert!(opened.is_err(), "{name}");
        assert_eq!(before, snapshot(&dir), "{name}");
        let report = sample.verify();
        assert!(!report.sound && !report.findings[0].to_string().contains('\n'), "{name}");
    }
}

#[test]
fn retention_says_where_it_left_off_and_goes_as_far_as_it_may() {
    let sample = Sample::new();
    let mut trail = sample.begin();
    for round in 0..20 {
        trail.put(&events(7, round, round));
        trail.begin(2000).unwrap();
    }
    // The events' times are 1000 to 1019.
    assert_eq!((trail.retain(1000, 3000).unwrap(), trail.retain(1005, 3000).unwrap()), (0, 5));
    sample.is_sound();
    while trail.retain(5000, 3000).unwrap() > 0 {}
    assert_eq!(record::segments(trail.dir()).unwrap(), [21]);
    assert_eq!(sample.is_sound().trails[0].removed, 20);
    // And it goes on.
    let dir = trail.dir().to_owned();
    drop(trail);
    let mut trail = sample.open(&dir);
    trail.put(&events(7, 20, 20));
    assert_eq!(sample.is_sound().events, 1);
    // An open segment that is old enough goes as well.
    assert_eq!(trail.retain(5000, 3000).unwrap(), 1);
    assert_eq!(sample.is_sound().events, 0);
}
