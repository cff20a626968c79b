//! The harness on trial: every measurement once and in small, so that it works when it is needed.

use std::{
    fs,
    panic::{self, AssertUnwindSafe},
    time::Duration,
};

use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::{
    client,
    measure::{Asked, Scenario, closed},
    plan::{self, Extent},
    report::{self, Results},
    rig::Server,
    sample::{self, Entry, OTHERS, RATE},
    wishes::{Budget, Wishes},
    work::Call,
};

/// What a debug build on a busy machine can do without taking long.
const SMALL: Budget =
    Budget { lasts: Duration::from_millis(60), warm_up: Duration::from_millis(20), fastest: 12_000.0 };

const SMALL_EXTENT: Extent =
    Extent { rates: &[1_000], users: &[1_000], connections: 1_000, stores: &["one", "sentinel"], peers: &[] };

/// All of them.
pub fn trials() -> Vec<Trial> {
    let plain: [(&str, fn()); 7] = [
        (
            "sample::the_median_is_the_middle_one_and_ratios_are_of_the_same_round",
            sample::the_median_is_the_middle_one_and_ratios_are_of_the_same_round,
        ),
        ("latency::a_percentile_is_a_time_that_was_measured", client::a_percentile_is_a_time_that_was_measured),
        ("chart::ticks_are_round_and_within", report::ticks_are_round_and_within),
        (
            "section::a_section_is_replaced_between_its_marks_and_nothing_else",
            report::a_section_is_replaced_between_its_marks_and_nothing_else,
        ),
        (
            "markdown::figures_are_readable_and_what_is_unknown_says_so",
            report::figures_are_readable_and_what_is_unknown_says_so,
        ),
        ("smoke::everything_can_be_measured_and_reported", everything_can_be_measured_and_reported),
        (
            "smoke::an_answer_that_was_not_meant_fails_the_measurement",
            an_answer_that_was_not_meant_fails_the_measurement,
        ),
    ];
    plain.into_iter().map(|(name, test)| trial(name, test)).collect()
}

fn trial(name: &str, test: fn()) -> Trial {
    Trial::test(name, move || -> Result<(), Failed> {
        test();
        Ok(())
    })
}

fn everything_can_be_measured_and_reported() {
    let mut results = Results::default();
    for mut measurement in plan::all(&SMALL_EXTENT).into_iter().flatten() {
        let sample = measurement.run(SMALL);
        let name = measurement.name;
        assert!(!sample.0.is_empty(), "{name}: nothing was measured");
        for (figure, value) in &sample.0 {
            // Others may have had nothing to do.
            let may_be_none = *figure == OTHERS;
            assert!(value.is_finite() && (*value > 0.0 || may_be_none), "{name}: {figure} = {value}");
        }
        results.entries.push(Entry { name, limit: measurement.limit.map(str::to_owned), samples: vec![sample] });
    }
    for entry in &results.entries {
        assert_eq!(results.ratio(&entry.name, RATE).is_some(), entry.limit.is_some(), "{} of its limit", entry.name);
    }
    let out = tempfile::tempdir().expect("a temp dir");
    let wishes = Wishes { only: vec![], repeats: 1, out: out.path().into(), publish: false, budget: SMALL };
    report::write(&results, &wishes).expect("a directory to write to");
    let written = |name: &str| fs::read_to_string(out.path().join(name)).expect(name);
    let told: Value = serde_json::from_str(&written("results.json")).expect("JSON");
    assert_eq!(told["measurements"].as_array().map(Vec::len), Some(results.entries.len()));
    assert!(written("results.md").contains("| send |"));
    assert!(written("load.svg").contains("<polyline") && written("live.svg").contains("<polyline"));
}

fn an_answer_that_was_not_meant_fails_the_measurement() {
    let scenario = Scenario::new(Server::Reference, Asked::Fresh(Call::TOO_SOON));
    let mut measurement = closed("mistaken", scenario);
    let run = panic::catch_unwind(AssertUnwindSafe(|| measurement.run(SMALL)));
    let told = *run.expect_err("a panic").downcast::<String>().expect("words");
    assert!(told.contains("answers not as meant, such as [\"201 pending\""), "{told}");
}
