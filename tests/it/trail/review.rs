//! `report DIR`: what trails tell of a period, and that nothing is told of one that is not as it was written.

use std::{fs, path::Path};

use otp_sidecar::{
    audit::trail::Trail,
    event::{Event, Kind},
    policy::Outcome,
    secret::Reference,
    service::admin::figures::When,
};
use serde_json::{Value, json};

use super::sample::{Sample, Write as _, event, put_raw};
use crate::support::trail::{Verified, run};

/// 2026-02-01T00:00:00Z.
const FEBRUARY: u64 = 1_769_904_000_000;
const DAY: u64 = 86_400_000;

/// A history of some months in two trails; what is in both was written again after a crash.
fn history(sample: &Sample) -> Trail {
    let mut seq = [0; 64];
    let mut next = |bucket: u8, ago: u64, kind, outcome, count: Option<u32>| {
        let seq = &mut seq[usize::from(bucket)];
        *seq += 1;
        Event { time_ms: FEBRUARY - ago, kind, outcome, count, ..event(bucket, *seq - 1) }
    };
    let act = |event: Event, actor: &str| Event { actor: Some(actor.into()), ..event };
    let of = |event: Event, subject: &str, network: &str| Event {
        subject_ref: Reference::read(&subject.repeat(16)),
        ip_ref: Reference::read(&network.repeat(16)),
        ..event
    };
    let mut one = vec![
        // Before the period before, in it, at its end, and in the period.
        next(7, 60 * DAY, Kind::Send, Outcome::Issued, None),
        next(7, 31 * DAY, Kind::Send, Outcome::Issued, None),
        next(7, 31 * DAY, Kind::Lockout, Outcome::SubjectLocked, None),
        next(7, 28 * DAY, Kind::Send, Outcome::Issued, None),
        next(7, DAY, Kind::Send, Outcome::Issued, None),
        of(next(7, DAY, Kind::Send, Outcome::QuotaIp, Some(40)), "aa", "01"),
        of(next(7, DAY, Kind::Check, Outcome::WrongCode, None), "aa", "02"),
        of(next(7, DAY, Kind::Lockout, Outcome::SubjectLocked, None), "aa", "02"),
        of(next(7, DAY, Kind::Lockout, Outcome::SubjectLocked, None), "bb", "02"),
        of(next(7, DAY - 5, Kind::Lockout, Outcome::SubjectLocked, None), "bb", "02"),
        of(next(7, DAY, Kind::Disable, Outcome::SubjectDisabled, None), "cc", "02"),
        act(next(7, 2 * DAY, Kind::AdminUnlock, Outcome::Recorded, None), "ops"),
        act(next(7, DAY, Kind::AdminLocks, Outcome::Recorded, Some(9)), "desk|`x`"),
        // At the very end of the period, which it is not in any more.
        next(7, 0, Kind::Send, Outcome::Issued, None),
    ];
    let mut other = vec![one.pop().unwrap()];
    other.insert(0, Event { sealed: None, ..act(event(7, 11), "ops") });
    (other[0].time_ms, other[0].kind, other[0].outcome) = (FEBRUARY - 2 * DAY, Kind::AdminUnlock, Outcome::Recorded);
    let mut trails = [sample.begin(), sample.begin()];
    trails[0].put(&one);
    trails[1].put(&other);
    let [first, _] = trails;
    first
}

fn report(sample: &Sample, words: &[&str], environment: &[(&str, &str)]) -> Verified {
    let key = sample.keys.public().pem();
    let inner = key.lines().nth(1).unwrap();
    let dir = sample.root.path().display().to_string();
    let key: &[&str] = if environment.is_empty() { &["--public-key", inner] } else { &[] };
    run(&[&["report", &dir], key, words].concat(), environment)
}

const JANUARY: [&str; 4] = ["--since", "2026-01-04T00:00:00Z", "--until", "2026-02-01T00:00:00Z"];

fn figure(report: &Value, list: &str, name: &str) -> (u64, u64) {
    let figures = report[list].as_array().unwrap();
    let figure = figures.iter().find(|figure| figure["name"] == name).unwrap_or_else(|| panic!("no {name}: {report}"));
    (figure["count"].as_u64().unwrap(), figure["before"].as_u64().unwrap())
}

#[test]
fn it_tells_sums_beside_those_before_and_who_was_stopped_and_who_acted() {
    let sample = Sample::new();
    drop(history(&sample));
    let Verified { code, text } = report(&sample, &[&JANUARY[..], &["--json"]].concat(), &[]);
    assert_eq!(code, 0, "{text}");
    let told: Value = serde_json::from_str(&text).expect(&text);
    assert_eq!(
        (&told["from"], &told["before"]["from"]),
        (&json!("2026-01-04T00:00:00.000Z"), &json!("2025-12-07T00:00:00.000Z"))
    );
    assert_eq!(figure(&told, "figures", "codes_issued"), (2, 1));
    assert_eq!(figure(&told, "figures", "lockouts"), (3, 1));
    assert_eq!(figure(&told, "figures", "hard_stops"), (1, 0));
    assert_eq!(figure(&told, "figures", "refusals"), (40, 0));
    assert_eq!(figure(&told, "refusals", "quota_ip"), (40, 0));
    let subjects = told["locked_out"]["subjects"].as_array().unwrap();
    let listed: Vec<_> = subjects
        .iter()
        .map(|one| (&one["subject_ref"].as_str().unwrap()[..2], one["lockouts"].as_u64().unwrap(), &one["disabled"]))
        .collect();
    assert_eq!(listed, [("cc", 0, &json!(true)), ("bb", 2, &json!(false)), ("aa", 1, &json!(false))]);
    assert_eq!(
        told["networks"],
        json!([{"ip_ref": "01".repeat(16), "count": 40}, {"ip_ref": "02".repeat(16), "count": 1}])
    );
    assert_eq!((&told["acts_total"], &told["acts"][0]["actor"]), (&json!(1), &json!("ops")));
    assert_eq!(told["looks"], json!([{"actor": "desk|`x`", "type": "admin.locks", "count": 9}]));
    assert_eq!((&told["verified"]["trails"], &told["verified"]["key_believed"]), (&json!(2), &json!(false)));
    let markdown = report(&sample, &JANUARY, &[]).text;
    for part in [
        "Period: 2026-01-04 00:00:00Z to 2026-02-01 00:00:00Z. Before: 2025-12-07 00:00:00Z to 2026-01-04 00:00:00Z.",
        "| lockouts | 3 | 1 | +200 % |",
        "| admin.unlock | recorded |",
        "| `` desk\\|`x` `` | locks | 9 |",
        "as they were written",
    ] {
        assert!(markdown.contains(part), "{part}\n{markdown}");
    }
    assert!(!markdown.contains("They begin at") && !markdown.contains("believed"), "{markdown}");
    // With no key but their own, and of a time that they do not reach back to.
    let markdown = report(&sample, &["--since", "2026-01-01T00:00:00Z"], &[("HOME", "/nowhere")]).text;
    assert!(markdown.contains("own public key was believed") && markdown.contains("They begin at"), "{markdown}");
}

#[test]
fn as_markdown_and_as_a_page_it_says_all_and_foreign_text_is_only_text() {
    let actors = [
        ("ann@example.com", "`ann@example.com`"),
        ("a|b", "`a\\|b`"),
        ("a`b``c", "```a`b``c```"),
        ("`a", "`` `a ``"),
        ("<script>alert(1)</script>", "`<script>alert(1)</script>`"),
        ("\n# heading\n{\"type\":\"admin.unlock\"}", "`\\u{a}# heading\\u{a}{\"type\":\"admin.unlock\"}`"),
        ("=HYPERLINK(\"x\")", "`'=HYPERLINK(\"x\")`"),
        ("\u{1b}[31m", "`\\u{1b}[31m`"),
    ];
    let at = |seq: usize, kind, outcome| Event { time_ms: FEBRUARY - DAY, kind, outcome, ..event(7, seq as u64) };
    let looks = actors.iter().enumerate().map(|(seq, (actor, _))| Event {
        actor: Some((*actor).into()),
        ..at(seq, Kind::AdminLocks, Outcome::Recorded)
    });
    let lockouts = (0..52).map(|n| Event {
        subject_ref: Some(Reference((n as u128).to_be_bytes())),
        ..at(actors.len() + n, Kind::Lockout, Outcome::SubjectLocked)
    });
    let sample = Sample::new();
    let mut trail = sample.begin();
    trail.put(&looks.chain(lockouts).collect::<Vec<_>>());
    drop(trail);
    let markdown = report(&sample, &JANUARY, &[]).text;
    for (_, shown) in actors {
        assert!(markdown.contains(&format!("| {shown} | locks | 1 |\n")), "{shown}\n{markdown}");
    }
    let page = report(&sample, &[&JANUARY[..], &["--html"]].concat(), &[]).text;
    assert!(
        page.contains("<td>&lt;script&gt;alert(1)&lt;/script&gt;<td>locks<td>1") && !page.contains("<script"),
        "{page}"
    );
    assert!(page.contains("<td>lockouts<td>52<td>0<td>new<td><svg"), "{page}");
    let nothing = report(&sample, &["--since", "2025-01-01T00:00:00Z", "--until", "2025-02-01T00:00:00Z"], &[]).text;
    assert!(nothing.contains("| lockouts | 0 | 0 | - |\n"), "{nothing}");
    for (said, texts) in [
        (
            &["2 more subjects are not listed here.", "audit trails, which are as they were written."][..],
            [&markdown, &page],
        ),
        (&["Nobody was locked out.", "Nobody acted.", "Nobody looked.", "They begin at"], [&nothing, &nothing]),
    ] {
        assert!(said.iter().all(|said| texts.iter().all(|text| text.contains(said))), "{said:?}\n{texts:?}");
    }
}

#[test]
fn of_what_is_no_sound_trail_nothing_is_told_but_one_line() {
    type Harm = fn(&Path, &Sample);
    let harms: [(i32, Harm); 5] = [
        (0, |_, _| {}),
        (0, |dir, sample| put_raw(dir, &sample.keys, &[json!({ "later": 1 })])),
        (10, |dir, _| fs::write(dir.join("notes.txt"), "mine").unwrap()),
        (10, |dir, _| {
            let path = dir.join("00000001.jsonl");
            let text = fs::read_to_string(&path).unwrap().replace("quota_ip", "issued__");
            fs::write(path, text).unwrap();
        }),
        (17, |dir, _| fs::write(dir.join("00000001.jsonl"), "").unwrap()),
    ];
    for (number, (wanted, harm)) in harms.into_iter().enumerate() {
        let sample = Sample::new();
        let dir = history(&sample).dir().to_owned();
        harm(&dir, &sample);
        let Verified { code, text } = report(&sample, &JANUARY, &[]);
        assert_eq!((code, wanted == 0 || text.lines().count() == 1), (wanted, true), "{number}: {text}");
    }
    let sample = Sample::new();
    drop(history(&sample));
    for (wanted, words) in [
        (2, &["--since", "yesterday"][..]),
        (2, &["--since", "2026-02-01T00:00:00Z", "--until", "2026-01-01T00:00:00Z"]),
        (2, &["--since", "0d"]),
        (2, &["--until", "-1d"]),
        (18, &["/nowhere/at/all"]),
    ] {
        let Verified { code, text } = report(&sample, words, &[]);
        assert_eq!((code, text.is_empty()), (wanted, false), "{words:?}: {text}");
        assert!(!text.contains("# Security review"), "{text}");
    }
    let key = [("OTP_INDEX_KEY", "b3RoZXIta2V5LW9mLXRoZS10ZXN0cy0wMTIzNDUtYS0=")];
    assert_eq!(report(&sample, &JANUARY, &key).code, 18);
    assert_eq!(report(&sample, &JANUARY, &[("OTP_INDEX_KEY", "short")]).code, 64);
    assert_eq!(run(&["report", "--until", "1d"], &[]).code, 2);
}

#[test]
fn a_length_or_an_instant_says_when() {
    for (text, ms) in [("30d", 2_592_000_000), ("12h", 43_200_000), ("90m", 5_400_000)] {
        assert_eq!(When::parse(text), Some(When::Ago(ms)), "{text}");
    }
    assert_eq!(When::parse("2026-01-01T10:05:00.123Z"), Some(When::Instant(1_767_261_900_123)));
    for wrong in ["", "d", "30", "-1d", "+1d", "1.5h", "30s", "1969-01-01T00:00:00Z", "99999999999999999999d", "é"] {
        assert_eq!(When::parse(wrong), None, "{wrong}");
    }
}
