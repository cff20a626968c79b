//! Each kind of tampering is named for what it is, and where it is.

use std::fs;

use super::sample::{Sample, Write, event, events, lines, other_keys, place, put_raw};
use otp_sidecar::{
    audit::{
        trail::{
            Trail,
            checkpoint::{Checkpoint, Role},
            line::{Draft, NONE},
            record,
            recover::Stop,
        },
        verify::{Given, Report, finding::Kind, verify},
    },
    policy::Outcome,
};

/// The first finding's kind, line of its file and words.
fn first(report: &Report) -> (Kind, Option<u64>, &str) {
    let finding = report.findings.first().expect("a finding");
    (finding.kind, finding.spot.line, &finding.what)
}

/// A trail of one segment with some events and a mark behind them.
fn sample() -> (Sample, std::path::PathBuf) {
    let sample = Sample::new();
    let mut trail = sample.begin();
    trail.put(&events(7, 0, 9));
    trail.put_mark();
    (sample, trail.dir().to_owned())
}

#[test]
fn lines_that_are_altered_missing_or_out_of_turn() {
    type Edit = fn(&mut Vec<Vec<u8>>);
    let cases: [(Kind, Option<u64>, Edit); 6] = [
        (Kind::Altered, Some(4), |lines| lines[3][40] ^= 1),
        (Kind::Missing, Some(4), |lines| drop(lines.remove(3))),
        (Kind::Missing, Some(4), |lines| lines.swap(3, 6)),
        (Kind::Altered, Some(4), |lines| lines.insert(3, lines[2].clone())),
        (Kind::CutOff, None, |lines| lines.truncate(3)),
        (Kind::CutOff, Some(4), |lines| {
            lines.truncate(4);
            lines[3].truncate(20);
        }),
    ];
    for (kind, line, edit) in cases {
        let (sample, dir) = sample();
        let path = record::path(&dir, 1);
        let mut all = lines(&path);
        edit(&mut all);
        fs::write(&path, all.concat()).unwrap();
        let report = sample.verify();
        assert_eq!((first(&report).0, first(&report).1), (kind, line), "{:?}", report.findings);
    }
}

#[test]
fn a_rewritten_chain_contradicts_its_mark_or_its_head() {
    for marked in [true, false] {
        let sample = Sample::new();
        let mut trail = sample.begin();
        trail.put(&events(7, 0, 9));
        if marked {
            trail.put_mark();
        }
        let path = record::path(trail.dir(), 1);
        let mut draft = Draft::behind(0, NONE);
        for (number, line) in lines(&path).iter().enumerate() {
            let text = String::from_utf8(line.clone()).unwrap();
            let body = text.split_once(',').unwrap().1.rsplit_once(",\"h\"").unwrap().0;
            let body = if number == 3 { body.replace("issued", "passed") } else { body.to_owned() };
            // The order of fields stays.
            let said: Box<serde_json::value::RawValue> = serde_json::from_str(&format!("{{{body}}}")).unwrap();
            draft.push(&said).unwrap();
        }
        fs::write(&path, draft.text).unwrap();
        let report = sample.verify();
        let (kind, line, what) = first(&report);
        assert_eq!((kind, line), (Kind::Altered, Some(if marked { 12 } else { 11 })), "{:?}", report.findings);
        assert!(what.contains(if marked { "no mark of" } else { "the head says otherwise" }), "{what}");
    }
}

#[test]
fn a_trail_of_another_key_is_unreadable_and_says_so() {
    let sample = Sample::new();
    sample.complete();
    for guessed in [false, true] {
        // So it is where the key merely lay there: else whoever brings a trail of their own is believed.
        let given = Given { public: Some(*other_keys(2).public()), guessed, ..sample.given() };
        let report = verify(&given);
        let (kind, _, what) = first(&report);
        assert_eq!((kind, what.contains("OTP_DATA_DIR")), (Kind::Unreadable, guessed), "{:?}", report.findings);
    }
    let report = verify(&Given { public: None, ..sample.given() });
    assert!(report.sound && report.trails[0].believed, "{:?}", report.findings);
}

#[test]
fn a_cut_tail_is_named_wherever_it_is_cut() {
    let (sample, dir) = sample();
    let path = record::path(&dir, 1);
    let all = lines(&path);
    for keep in 0..all.len() {
        fs::write(&path, all[..keep].concat()).unwrap();
        assert_eq!(first(&sample.verify()).0, Kind::CutOff, "{keep}");
        fs::write(&path, [&all[..keep].concat(), &all[keep][..20]].concat()).unwrap();
        assert_eq!(first(&sample.verify()).0, Kind::CutOff, "{keep}");
    }
    fs::remove_file(&path).unwrap();
    assert_eq!(first(&sample.verify()).0, Kind::CutOff);
    fs::write(&path, all.concat()).unwrap();
    sample.is_sound();
    fs::remove_file(dir.join("head")).unwrap();
    assert_eq!(first(&sample.verify()).0, Kind::CutOff);
}

#[test]
fn what_is_signed_is_held_to_it_and_to_what_it_is_for() {
    for name in ["head", "public-key", "removed"] {
        let sample = Sample::new();
        let path = sample.complete().join(name);
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 4;
        bytes[middle] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert_eq!(first(&sample.verify()).0, Kind::Altered, "{name}: {:?}", sample.verify().findings);
    }
    // A mark says how far the trail went, and yet is no head of it, nor a word on what went by retention.
    let (sample, dir) = sample();
    let mark = lines(&record::path(&dir, 1)).pop().unwrap();
    let mark = Checkpoint::find(&mark).unwrap();
    assert!(Checkpoint::open(sample.keys.public(), mark).is_some_and(|said| said.role == Role::Mark));
    for name in ["head", "removed"] {
        let before = fs::read(dir.join(name)).unwrap();
        fs::write(dir.join(name), format!("{:<511}\n", String::from_utf8_lossy(mark))).unwrap();
        assert_eq!(first(&sample.verify()).0, Kind::Altered, "{name}");
        fs::write(dir.join(name), before).unwrap();
    }
}

/// The mark that a trail has behind its head tells on the head.
#[test]
fn an_older_head_is_found() {
    type Then = fn(&mut Trail);
    let cases: [(u64, Then); 3] = [
        (8, |trail| {
            trail.put_mark();
            trail.put(&events(7, 5, 9));
        }),
        (12, |trail| {
            trail.put(&events(7, 5, 9));
            trail.put_mark();
        }),
        (1, |trail| {
            trail.put(&events(7, 5, 9));
            trail.begin(2000).unwrap();
        }),
    ];
    for (line, then) in cases {
        let sample = Sample::new();
        let mut trail = sample.begin();
        trail.put(&events(7, 0, 4));
        let (dir, head) = (trail.dir().to_owned(), fs::read(trail.dir().join("head")).unwrap());
        then(&mut trail);
        drop(trail);
        fs::write(dir.join("head"), head).unwrap();
        let report = sample.verify();
        assert_eq!((first(&report).0, first(&report).1), (Kind::Altered, Some(line)), "{:?}", report.findings);
        assert!(matches!(Trail::open(&dir, &place(), &sample.keys, 1), Err(Stop::Foreign(_))), "{line}");
    }
}

#[test]
fn what_is_unknown_is_passed_over_and_covered_by_the_chain() {
    let sample = Sample::new();
    let mut trail = sample.begin();
    trail.put(&events(7, 0, 1));
    let odd = [
        serde_json::json!({ "later": [1, 2] }),
        serde_json::json!({ "bucket": 7, "epoch": 1, "seq": 2, "time_ms": 9, "type": "newer", "shape": {} }),
    ];
    put_raw(trail.dir(), &sample.keys, &odd);
    for name in ["positions-0a1b2c3d", "cursor-syslog"] {
        fs::write(trail.dir().join(name), "…").unwrap();
    }
    assert_eq!(sample.is_sound().events, 3);
    let path = record::path(trail.dir(), 1);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("[1,2]", "[1,3]")).unwrap();
    assert_eq!((first(&sample.verify()).0, first(&sample.verify()).1), (Kind::Altered, Some(4)));
}

#[test]
fn a_later_format_is_unreadable() {
    let sample = Sample::new();
    let trail = sample.begin();
    let path = record::path(trail.dir(), 1);
    let text = fs::read_to_string(&path).unwrap().replace("\"format\":1", "\"format\":2");
    let body = text.split_once(',').unwrap().1.rsplit_once(",\"h\"").unwrap().0;
    let mut draft = Draft::behind(0, NONE);
    draft.push(&serde_json::from_str::<Box<serde_json::value::RawValue>>(&format!("{{{body}}}")).unwrap()).unwrap();
    fs::write(&path, draft.text).unwrap();
    assert_eq!(first(&sample.verify()).0, Kind::Unreadable);
}

#[test]
fn an_event_twice_is_no_mistake_unless_it_says_something_else() {
    for (outcome, sound) in [(Outcome::Issued, true), (Outcome::Expired, false)] {
        let sample = Sample::new();
        let mut trail = sample.begin();
        trail.put(&events(7, 0, 4));
        let mut again = event(7, 2);
        (again.outcome, again.sealed) = (outcome, None);
        trail.put(&[again]);
        let report = sample.verify();
        assert_eq!((report.sound, report.repeats), (sound, u64::from(sound)), "{:?}", report.findings);
        if !sound {
            assert_eq!((first(&report).0, first(&report).1), (Kind::Conflicting, Some(7)));
        }
    }
}

#[test]
fn what_is_no_trail_is_unreadable_and_what_is_foreign_in_one_is_named() {
    let sample = Sample::new();
    assert_eq!(first(&sample.verify()).0, Kind::Unreadable);
    let given = Given { dirs: vec!["/nowhere".into()], ..Given::default() };
    assert_eq!(first(&verify(&given)).0, Kind::Unreadable);
    let dir = sample.complete();
    fs::write(dir.join("notes.txt"), "mine").unwrap();
    let report = sample.verify();
    assert!(first(&report).0 == Kind::Altered && report.findings[0].to_string().contains("notes.txt"));
}
