//! Both verifiers on sound and on damaged trails: they have the same code for each.

use std::{cell::RefCell, fs, os::unix::fs::symlink, path::Path};

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use tempfile::TempDir;

use super::second::{Both, begin, files, keys, mark, write};

/// Two trails beside each other; of the first one segment went by retention.
fn sample() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let (mut one, mut other) = (begin(root.path(), [1; 4]), begin(root.path(), [2; 4]));
    write(&mut one, 7, 0..1);
    one.begin(1_767_261_660_000).unwrap();
    write(&mut one, 7, 1..3);
    mark(&mut one, &[("02020202", 1)]);
    one.begin(1_767_261_660_000).unwrap();
    write(&mut one, 7, 3..4);
    // As after a crash.
    write(&mut one, 7, 3..5);
    assert_eq!(one.retain(1_767_261_600_001, 1_767_261_660_000).unwrap(), 1);
    write(&mut other, 8, 0..1);
    root
}

#[test]
fn a_sound_trail_is_sound_to_both_and_every_single_byte_counts() {
    let root = sample();
    let dir = root.path().join("trail-01010101");
    let mut both = Both::start(keys().public());
    assert_eq!(both.code(root.path(), "untouched"), 0);
    for path in files(&dir) {
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (at * 7 % 8);
            fs::write(&path, bytes).unwrap();
            let what = format!("{} at {at}", path.display());
            assert_ne!(both.code(root.path(), &what), 0, "{what}");
        }
        fs::write(&path, whole).unwrap();
    }
    assert_eq!(both.code(root.path(), "mended"), 0);
}

#[test]
fn every_line_that_is_dropped_swapped_or_repeated_and_every_tail_that_is_cut_is_found_by_both() {
    let root = sample();
    let dir = root.path().join("trail-01010101");
    let mut both = Both::start(keys().public());
    for path in files(&dir) {
        let whole = fs::read(&path).unwrap();
        let lines: Vec<Vec<u8>> = whole.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        let mut damaged: Vec<(String, Vec<u8>)> = Vec::new();
        for one in 0..lines.len() {
            let with = |change: &dyn Fn(&mut Vec<Vec<u8>>)| {
                let mut lines = lines.clone();
                change(&mut lines);
                lines.concat()
            };
            damaged.push((format!("without line {one}"), with(&|lines| drop(lines.remove(one)))));
            for other in 0..=lines.len() {
                damaged.push((
                    format!("line {one} again at {other}"),
                    with(&|lines| lines.insert(other, lines[one].clone())),
                ));
                if other < one {
                    damaged.push((format!("lines {other} and {one} swapped"), with(&|lines| lines.swap(one, other))));
                }
            }
        }
        damaged.extend((0..whole.len()).step_by(13).map(|end| (format!("cut at {end}"), whole[..end].to_vec())));
        damaged.push(("with CRLF".into(), String::from_utf8_lossy(&whole).replace('\n', "\r\n").into_bytes()));
        for (how, bytes) in damaged.iter().filter(|(_, bytes)| *bytes != whole) {
            fs::write(&path, bytes).unwrap();
            let what = format!("{} {how}", path.display());
            assert_ne!(both.code(root.path(), &what), 0, "{what}");
        }
        fs::remove_file(&path).unwrap();
        assert_ne!(both.code(root.path(), "gone"), 0, "{}", path.display());
        fs::write(&path, whole).unwrap();
    }
}

#[test]
fn random_edits_are_found_by_both() {
    let root = sample();
    let dir = root.path().join("trail-01010101");
    let (both, all) = (RefCell::new(Both::start(keys().public())), files(&dir));
    let edit = (
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        prop::collection::vec(any::<u8>(), 0..5),
        0..5usize,
    );
    let mut runner = TestRunner::new(Config { cases: 300, failure_persistence: None, ..Config::default() });
    let result = runner.run(&edit, |(file, at, new, gone)| {
        let path = file.get(&all);
        let whole = fs::read(path).unwrap();
        let (mut bytes, at) = (whole.clone(), at.index(whole.len() + 1));
        bytes.splice(at..(at + gone).min(whole.len()), new.iter().copied());
        // Behind the last line, what is not whole is a write that was cut short.
        let unfinished = path.ends_with("00000003.jsonl") && bytes.starts_with(&whole) && !new.contains(&b'\n');
        prop_assume!(bytes != whole && !unfinished);
        fs::write(path, bytes).unwrap();
        let code =
            both.borrow_mut().code(root.path(), &format!("{} at {at}: {gone} bytes become {new:?}", path.display()));
        fs::write(path, whole).unwrap();
        prop_assert_ne!(code, 0);
        Ok(())
    });
    result.unwrap();
}

#[test]
fn foreign_files_links_and_heads_of_others_are_found_by_both() {
    type Harm = fn(&Path, &Path);
    let harms: [(i32, Harm); 9] = [
        (10, |dir, _| fs::write(dir.join("notes.txt"), "mine").unwrap()),
        (10, |dir, _| fs::write(dir.join("00000000.jsonl"), "").unwrap()),
        (10, |dir, _| symlink(dir.join("head"), dir.join("positions-a")).unwrap()),
        (10, |dir, other| assert!(fs::copy(other.join("head"), dir.join("head")).is_ok())),
        (10, |dir, other| assert!(fs::copy(other.join("removed"), dir.join("removed")).is_ok())),
        (11, |dir, _| fs::rename(dir.join("00000002.jsonl"), dir.join("00000004.jsonl")).unwrap()),
        (17, |dir, _| fs::write(dir.join("00000003.jsonl"), "").unwrap()),
        (11, |_, other| fs::remove_dir_all(other).unwrap()),
        (0, |dir, _| fs::write(dir.join("cursor-syslog"), "{}").unwrap()),
    ];
    let mut both = Both::start(keys().public());
    for (number, (code, harm)) in harms.into_iter().enumerate() {
        let root = sample();
        harm(&root.path().join("trail-01010101"), &root.path().join("trail-02020202"));
        assert_eq!(both.code(root.path(), &number.to_string()), code, "{number}");
    }
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(both.code(empty.path(), "empty"), 18);
    let other = otp_sidecar::secret::TrailKeys::new(&otp_sidecar::secret::AuditKey::new(&[2; 32])).unwrap();
    assert_eq!(Both::start(other.public()).code(sample().path(), "another key"), 18);
}
