//! The series of one sidecar: which there are, and how many.

use std::collections::BTreeSet;

use otp_sidecar::{
    metrics::{Metrics, REFUSALS, REQUESTS, Row},
    policy::Outcome,
    store::functions,
};

#[test]
fn all_register_and_help_stands_beside_each() {
    let metrics = Metrics::new().unwrap();
    metrics.requests.of("send", "issued").inc();
    let text = metrics.text().unwrap();
    assert!(text.contains("otp_requests_total{operation=\"send\",outcome=\"issued\"} 1"));
    assert!(text.contains("# HELP otp_resends_total Codes issued in place of one that was still pending."));
    assert_eq!(text.contains("process_resident_memory_bytes"), cfg!(target_os = "linux"));
}

#[test]
fn every_outcome_of_an_answer_has_its_label() {
    let told: BTreeSet<_> = REQUESTS.iter().flat_map(Row::values).collect();
    // These are steps on the way to an answer, and in events; a replayed answer counts under what it repeats.
    let inner = [
        Outcome::Reserved,
        Outcome::Claimed,
        Outcome::Unsettled,
        Outcome::Replayed,
        Outcome::Accepted,
        Outcome::Dropped,
        Outcome::Queued,
        Outcome::Test,
        Outcome::SignIn,
        Outcome::Travel,
        Outcome::Spraying,
        Outcome::Guessing,
        Outcome::Bombing,
        Outcome::Burst,
    ];
    let missing: Vec<_> = Outcome::ALL.iter().filter(|o| !inner.contains(o) && !told.contains(o.label())).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn refusals_are_those_of_the_requests() {
    let rules: BTreeSet<_> = REFUSALS.iter().flat_map(Row::values).collect();
    for requests in REQUESTS {
        let refused: BTreeSet<_> = requests.values().filter(|outcome| rules.contains(outcome)).collect();
        let row = REFUSALS.iter().find(|row| row.name == requests.name);
        assert_eq!(refused, row.into_iter().flat_map(Row::values).collect(), "{}", requests.name);
    }
}

#[test]
fn there_are_fewer_than_a_thousand_series_and_each_pair_is_there_from_the_start() {
    let metrics = Metrics::new().unwrap();
    metrics.begin_scripts(functions::all().iter().map(|function| function.name));
    let text = metrics.text().unwrap();
    let series = text.lines().filter(|line| !line.starts_with('#')).count();
    assert!(series <= 1000 && text.len() < 80_000, "{series} series, {} bytes", text.len());
    assert!(text.contains("otp_requests_total{operation=\"check\",outcome=\"wrong_code_locks\"} 0"));
    assert!(!text.contains("operation=\"send\",outcome=\"approved\""));
}

#[test]
fn what_was_not_expected_is_counted_all_the_same() {
    let metrics = Metrics::new().unwrap();
    metrics.requests.of("livez", "too_large").inc();
    let text = metrics.text().unwrap();
    assert!(text.contains("otp_requests_total{operation=\"livez\",outcome=\"too_large\"} 1"));
}
