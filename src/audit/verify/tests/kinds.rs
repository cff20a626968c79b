//! Each kind of tampering by its name, with the line it is first seen in.

use std::{fs, path::Path};

use crate::audit::{
    trail::{
        content,
        line::{self, Line, Link},
        segment,
        tests::sample::{Sample, event, events, keys, lines, other_keys},
    },
    verify::{
        Given, Report,
        finding::{Finding, Kind},
        verify,
    },
};

/// A trail with its second segment at hand: lines 6 to 13 of the trail, the first and last of which are its ends.
fn tampered(change: impl FnOnce(&Path, &mut Vec<Vec<u8>>)) -> Report {
    let sample = Sample::new();
    let dir = sample.complete();
    let path = segment::path(&dir, 2);
    let mut all = lines(&path);
    change(&dir, &mut all);
    fs::write(&path, all.concat()).unwrap();
    let report = sample.verify();
    let public = sample.verify_with_public_key();
    assert!(!public.sound, "the public key alone must do");
    report
}

#[track_caller]
fn first(report: &Report) -> (Kind, Option<u64>, &str) {
    let Finding { kind, line, what, .. } = &report.findings[0];
    (*kind, *line, what)
}

#[test]
fn an_altered_line_is_named() {
    let report = tampered(|_, lines| {
        let at = lines[3].windows(6).position(|part| part == b"issued").unwrap();
        lines[3][at] = b'I';
    });
    assert_eq!((first(&report).0, first(&report).1), (Kind::Altered, Some(4)), "{:?}", report.findings);
    let report = tampered(|_, lines| lines[3][5] ^= 1);
    assert_eq!((first(&report).0, first(&report).1), (Kind::Altered, Some(4)), "{:?}", report.findings);
    let report = tampered(|_, lines| *lines[3].last_mut().unwrap() = b' ');
    assert_eq!((first(&report).0, first(&report).1), (Kind::Altered, Some(4)), "{:?}", report.findings);
}

#[test]
fn missing_lines_and_segments_are_named() {
    let report = tampered(|_, lines| drop(lines.drain(3..5)));
    let (kind, line, what) = first(&report);
    assert_eq!((kind, line), (Kind::Missing, Some(4)), "{:?}", report.findings);
    assert!(what.contains("lines 14 to 15"), "{what}");
    let sample = Sample::new();
    let dir = sample.complete();
    fs::remove_file(segment::path(&dir, 2)).unwrap();
    assert_eq!(first(&sample.verify()).0, Kind::Missing);
}

#[test]
fn reordered_lines_are_named() {
    let report = tampered(|_, lines| lines.swap(3, 5));
    assert_eq!((first(&report).0, first(&report).1), (Kind::Reordered, Some(4)), "{:?}", report.findings);
    let report = tampered(|dir, lines| {
        let other = segment::path(dir, 3);
        let mut others = crate::audit::trail::tests::sample::lines(&other);
        std::mem::swap(lines, &mut others);
        fs::write(other, others.concat()).unwrap();
    });
    assert_eq!((first(&report).0, first(&report).1), (Kind::Reordered, Some(1)), "{:?}", report.findings);
}

#[test]
fn a_repeated_line_is_named() {
    let report = tampered(|_, lines| lines.insert(4, lines[3].clone()));
    assert_eq!((first(&report).0, first(&report).1), (Kind::Repeated, Some(5)), "{:?}", report.findings);
    let report = tampered(|_, lines| lines.insert(7, lines[1].clone()));
    assert_eq!((first(&report).0, first(&report).1), (Kind::Repeated, Some(8)), "{:?}", report.findings);
}

/// Somebody without the key can make the chain fit, and not the seals; without the seals the checkpoint tells.
#[test]
fn a_chain_written_anew_is_wrongly_sealed_and_does_not_fit_its_checkpoint() {
    let sample = Sample::new();
    let dir = sample.complete();
    let path = segment::path(&dir, 2);
    let all = lines(&path);
    let (mut out, mut before) = (all[..3].concat(), link(&all[2]));
    let forged = other_keys(9).segment("00000000", &[0; 16], 1);
    for text in &all[3..] {
        let line = Line::read(text.strip_suffix(b"\n").unwrap()).unwrap();
        let said: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&line.json()).unwrap();
        let said = said.into_iter().filter(|(name, _)| name != "n").collect::<serde_json::Map<_, _>>();
        // The form of a line must stay, or that alone would tell.
        let order = ["bucket", "end"].into_iter().find(|name| said.contains_key(*name)).unwrap();
        let said = Ordered(order, said);
        before = line::append(&mut out, (line.n, &before), &forged, &said).unwrap();
    }
    fs::write(&path, out).unwrap();
    let report = sample.verify();
    assert_eq!((first(&report).0, first(&report).1), (Kind::WronglySealed, Some(4)), "{:?}", report.findings);
    let report = sample.verify_with_public_key();
    let (kind, line, what) = first(&report);
    assert_eq!((kind, line), (Kind::Altered, Some(4)), "{:?}", report.findings);
    assert!(what.contains("checkpoint"), "{what}");
}

/// One field first, then the others.
struct Ordered(&'static str, serde_json::Map<String, serde_json::Value>);

impl serde::Serialize for Ordered {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(self.0, &self.1[self.0])?;
        self.1
            .iter()
            .filter(|(name, _)| *name != self.0)
            .try_for_each(|(name, value)| map.serialize_entry(name, value))?;
        map.end()
    }
}

fn link(line: &[u8]) -> Link {
    Line::read(line.strip_suffix(b"\n").unwrap()).unwrap().link
}

#[test]
fn a_trail_of_another_key_is_wrongly_sealed_and_says_so() {
    let sample = Sample::new();
    sample.complete();
    let given = |guessed| Given {
        dirs: vec![sample.root.path().into()],
        keys: Some(other_keys(2)),
        guessed,
        ..Given::default()
    };
    let report = verify(&given(false));
    assert_eq!(first(&report).0, Kind::WronglySealed, "{:?}", report.findings);
    // So it is where they merely lay there: else whoever brings a trail of their own is believed.
    let report = verify(&given(true));
    assert_eq!(first(&report).0, Kind::WronglySealed, "{:?}", report.findings);
}

#[test]
fn a_cut_tail_is_named_wherever_it_is_cut() {
    for closed in [true, false] {
        let sample = Sample::new();
        let mut trail = sample.begin();
        trail.write(&events(7, 0, 4), 2000).unwrap();
        trail.checkpoint(2000).unwrap();
        trail.write(&events(7, 5, 9), 2000).unwrap();
        if closed {
            trail.close(2000).unwrap();
        }
        let path = segment::path(trail.dir(), 1);
        let all = lines(&path);
        for keep in 0..all.len() {
            fs::write(&path, all[..keep].concat()).unwrap();
            let report = sample.verify();
            assert_eq!(first(&report).0, Kind::Cut, "{keep}: {:?}", report.findings);
            fs::write(&path, [&all[..keep].concat(), &all[keep][..20]].concat()).unwrap();
            let report = sample.verify();
            assert_eq!(first(&report).0, Kind::Cut, "{keep}: {:?}", report.findings);
        }
        fs::remove_file(&path).unwrap();
        assert_eq!(first(&sample.verify()).0, Kind::Cut);
        fs::write(&path, all.concat()).unwrap();
        assert!(sample.verify().sound);
        fs::remove_file(trail.dir().join("head")).unwrap();
        assert_eq!(first(&sample.verify()).0, Kind::Cut);
    }
}

#[test]
fn checkpoints_roots_head_and_public_key_are_held_to_what_was_signed() {
    for name in ["head", "public-key", "roots.jsonl", "00000003.checkpoints.jsonl"] {
        let sample = Sample::new();
        let path = sample.complete().join(name);
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 3;
        bytes[middle] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert_eq!(first(&sample.verify()).0, Kind::BadCheckpoint, "{name}: {:?}", sample.verify().findings);
    }
    let sample = Sample::new();
    let path = segment::checkpoints(&sample.complete(), 3);
    let mut all = lines(&path);
    all.swap(0, 1);
    fs::write(&path, all.concat()).unwrap();
    assert_eq!(first(&sample.verify()).0, Kind::Reordered);
    all.remove(0);
    fs::write(&path, all.concat()).unwrap();
    all.pop();
    assert_eq!(first(&sample.verify()).0, Kind::Missing);
    fs::remove_file(&path).unwrap();
    assert_eq!(first(&sample.verify()).0, Kind::Cut);
}

/// What nobody but the sidecar itself could write, if it had a mistake.
#[test]
fn an_event_twice_in_one_trail_is_repeated_or_conflicting() {
    for (outcome, kind) in [("issued", Kind::Repeated), ("expired", Kind::Conflicting)] {
        let sample = Sample::new();
        let mut trail = sample.begin();
        trail.write(&events(7, 0, 4), 2000).unwrap();
        let mut again = event(7, 2);
        (again.outcome, again.sealed) = (outcome, None);
        trail.write([&again], 2000).unwrap();
        let report = sample.verify();
        assert_eq!((first(&report).0, first(&report).1), (kind, Some(7)), "{:?}", report.findings);
    }
    assert_eq!(content(b"{\"n\":1,\"a\":1"), content(b"{\"n\":2,\"a\":1"));
}

#[test]
fn what_is_no_trail_is_unreadable() {
    let sample = Sample::new();
    assert_eq!(first(&sample.verify()).0, Kind::Unreadable);
    let given = Given { dirs: vec!["/nowhere".into()], keys: None, ..Given::default() };
    assert_eq!(first(&verify(&given)).0, Kind::Unreadable);
    assert_eq!(keys().public().id().len(), 16);
}
