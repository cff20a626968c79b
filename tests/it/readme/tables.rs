//! The pages' tables have a row for whatever the program has, and none beside.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use super::{
    pages,
    table::{rows, word, words},
};
use otp_sidecar::{
    config::{Preset, table},
    event::{Event, Kind, Rollback},
    http::{
        Code,
        calls::route::{ADMIN, APP, SHARED},
    },
    metrics::Metrics,
    secret::Reference,
};

const MAKEFILE: &str = include_str!("../../../Makefile");
const EXITS: &str = include_str!("../../../src/cli/exit.rs");

#[test]
fn every_metric_is_listed_with_its_labels() {
    let metrics = Metrics::new().unwrap();
    metrics.begin_scripts(["send"]);
    metrics.begin_channel("email");
    metrics.begin_prefix("+49");
    metrics.begin_risk("shadow");
    metrics.begin_sink("syslog");
    let text = metrics.text().unwrap();
    let families = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    let mut told: BTreeMap<&str, BTreeSet<&str>> = families.map(|name| (name, BTreeSet::new())).collect();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, labels) = line.split_once('{').unwrap_or((line.split(' ').next().unwrap(), ""));
        let labels = labels.split("\",").filter_map(|label| label.split_once('=')).map(|(label, _)| label);
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        told.get_mut(family).unwrap().extend(labels.filter(|label| *label != "le"));
    }
    let listed: BTreeMap<_, BTreeSet<_>> =
        rows("metric").into_iter().map(|row| (word(row[0]), words(row[1]).collect())).collect();
    assert_eq!(listed, told);
}

#[test]
fn every_alert_is_listed_with_its_severities_and_its_runbook() {
    let rules = ["attacks", "service", "health", "objectives"]
        .map(|file| fs::read_to_string(format!("deploy/prometheus/rules/{file}.yml")).unwrap());
    let mut told: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for rule in rules.iter().flat_map(|text| text.split("- alert: ").skip(1)) {
        let severity = rule.split("severity: ").nth(1).unwrap().split('}').next().unwrap();
        told.entry(rule.lines().next().unwrap()).or_default().push(severity);
    }
    let listed: BTreeMap<_, Vec<_>> =
        rows("alert").into_iter().map(|row| (word(row[0]), row[1].split(", ").collect())).collect();
    assert_eq!(listed, told);
    assert!(rows("alert").iter().all(|row| row[0].contains(&format!("(../runbooks/{}.md)", word(row[0])))));
}

#[test]
fn every_refusal_is_listed_with_its_status() {
    let told: BTreeMap<_, _> = Code::ALL.iter().map(|code| (code.name(), code.status().as_str().to_owned())).collect();
    assert_eq!(told.len(), Code::ALL.len(), "no name twice");
    let listed: BTreeMap<_, _> = rows("refusal").into_iter().map(|row| (word(row[0]), row[1].to_owned())).collect();
    assert_eq!(listed, told);
}

#[test]
fn every_exit_code_is_listed() {
    let told: Vec<_> = EXITS
        .lines()
        .filter_map(|line| line.trim().strip_suffix(',')?.split_once(" = "))
        .map(|(_, number)| number)
        .collect();
    let listed: Vec<_> = rows("exit code").into_iter().map(|row| row[0]).collect();
    assert_eq!(listed, told);
}

#[test]
fn every_route_is_shown() {
    for row in APP.iter().chain(ADMIN).chain(SHARED) {
        let route = format!("{} {}", row.methods.split(',').next().expect("a method"), row.path);
        assert!(pages::any_has(&format!("`{route}`")), "{route}");
    }
}

#[test]
fn every_field_of_an_event_is_listed() {
    let text = || Some(String::new());
    let event = Event {
        bucket: 0,
        epoch: 1,
        seq: 0,
        time_ms: 0,
        kind: Kind::Send,
        outcome: otp_sidecar::policy::Outcome::Issued,
        tenant: text(),
        purpose: text(),
        request_id: text(),
        subject_ref: Some(Reference([0; 16])),
        ip_ref: Some(Reference([0; 16])),
        device_ref: Some(Reference([0; 16])),
        actor: text(),
        count: Some(1),
        channel: text(),
        test: Some(true),
        tries: Some(1),
        reason: Some("refused"),
        country: text(),
        asn: Some(1),
        risk: Some(1),
        network: None,
        signals: Vec::new(),
        verification: 0,
        failures: 0,
        lock_level: 0,
        until_ms: 0,
        rollback: Some(Rollback {
            cause: "gone",
            found: String::new(),
            found_ms: 0,
            expected: text(),
            expected_ms: Some(0),
        }),
        sha256: text(),
        sealed: text(),
        who: Vec::new(),
        subject: Reference([0; 16]),
        ended: Vec::new(),
    };
    let event: serde_json::Value = serde_json::from_slice(&event.json()).unwrap();
    let told: BTreeSet<_> = event.as_object().unwrap().keys().map(String::as_str).collect();
    let rows = rows("event field");
    assert_eq!(rows.iter().flat_map(|row| words(row[0])).collect::<BTreeSet<_>>(), told);
    let kinds: BTreeSet<_> = Kind::ALL
        .iter()
        .map(|kind| serde_json::to_value(kind).unwrap())
        .collect::<Vec<_>>()
        .iter()
        .map(|kind| kind.as_str().unwrap().to_owned())
        .collect();
    let types = rows.iter().find(|row| row[0] == "`type`").unwrap()[1];
    assert_eq!(words(types).map(str::to_owned).collect::<BTreeSet<_>>(), kinds);
}

#[test]
fn the_presets_are_those_of_the_program() {
    for row in rows("setting") {
        let variable = table::find(word(row[1])).unwrap_or_else(|| panic!("{row:?}"));
        assert_eq!(
            (row[2], row[3]),
            [Preset::Hardened, Preset::Balanced].map(|preset| variable.default_of(preset)).into(),
            "{}",
            variable.name
        );
    }
}

/// The tests that this program was built with, by their paths.
fn built_in() -> BTreeSet<String> {
    let own = std::env::current_exe().unwrap();
    let list = Command::new(own).args(["--list", "--format", "terse"]).output().unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    list.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect()
}

/// Whether a file of the library has a test of this path, which the library's own test program runs.
fn in_library(path: &str) -> bool {
    let Some((module, name)) = path.rsplit_once("::") else { return false };
    // In a file of its own, or at the end of what it tests.
    let files = [module, module.trim_end_matches("::tests")]
        .map(|module| format!("{}/src/{}.rs", env!("CARGO_MANIFEST_DIR"), module.replace("::", "/")));
    let text: String = files.iter().filter_map(|file| fs::read_to_string(file).ok()).collect();
    let test = ["fn", "async fn"].map(|kind| format!("{kind} {name}()"));
    test.iter().any(|test| text.contains(test))
}

/// Tables whose last column names tests, and whether each row must name one.
const PROVEN: [(&str, bool); 4] = [("fault", true), ("guarantee", true), ("clause", false), ("who", false)];

#[test]
fn every_claim_has_a_test_that_exists() {
    let built_in = built_in();
    assert!(built_in.contains("readme::tables::every_claim_has_a_test_that_exists"), "{built_in:?}");
    assert!(!in_library("secret::code::tests::no_such_test") && !in_library("no::such::file"));
    for (table, each) in PROVEN {
        for row in rows(table) {
            let last = row.last().unwrap();
            let named: Vec<_> = words(last).collect();
            assert!(!named.is_empty() || !each && *last == "–", "no test: {row:?}");
            for test in named {
                assert!(built_in.contains(test) || in_library(test), "no such test: {test}");
            }
        }
    }
    assert_eq!(rows("guarantee").len(), 8);
}

#[test]
fn every_room_is_on_the_map() {
    let rooms: BTreeSet<_> = fs::read_dir("src")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    let listed: BTreeSet<_> = rows("room (`src/…`)").into_iter().map(|row| word(row[0]).to_owned()).collect();
    assert_eq!(listed, rooms);
    for row in rows("room (`src/…`)") {
        assert!(Path::new("src").join(word(row[2])).is_file(), "{}", row[2]);
    }
}

#[test]
fn every_target_of_make_is_listed() {
    let help = MAKEFILE.lines().filter(|line| !line.starts_with('\t') && line.contains(": ") && line.contains("## "));
    let told: BTreeSet<_> = help.map(|line| line.split(':').next().unwrap()).filter(|name| *name != "help").collect();
    let development = pages::page("CONTRIBUTING.md");
    let listed = development.lines().filter_map(|line| line.strip_prefix("| `make ")?.split('`').next());
    assert_eq!(listed.collect::<BTreeSet<_>>(), told);
}
