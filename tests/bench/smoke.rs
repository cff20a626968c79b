//! The harness on trial: every measurement once and in small, so that it works when it is needed.

use std::{fs, time::Duration};

use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::{
    client::{self, Client},
    measure::meant,
    plan::{self, CHEAP_ARGON2ID, Extent},
    report::{self, Results},
    rig::{Rig, Server, Transport},
    sample::{self, Entry, OTHERS, RATE},
    wishes::{Budget, Wishes},
    work::{Call, Calls},
};

/// What a debug build on a busy machine can do without taking long, and so few at once that none waits for longer than the
/// store or the hash queue may take.
const SMALL: Budget =
    Budget { lasts: Duration::from_millis(60), warm_up: Duration::from_millis(20), fastest: 3_000.0, at_once: 8 };

/// Hash threads give way to whatever else the machine does: a dear hash would never end there.
const SMALL_EXTENT: Extent = Extent {
    hashing: CHEAP_ARGON2ID,
    rates: &[1_000],
    users: &[1_000],
    connections: 300,
    stores: &["one", "sentinel"],
    switched: &["with/delivery", "with/sinks/syslog", "with/sinks/off", "event/send"],
    peers: &[],
};

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
        ("smoke::an_answer_that_was_not_meant_is_no_measurement", an_answer_that_was_not_meant_is_no_measurement),
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
        // For whoever reads why one of them failed.
        eprintln!("{}", measurement.name);
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
    let wishes =
        Wishes { only: vec![], repeats: 1, out: out.path().into(), parts: false, publish: false, budget: SMALL };
    report::write(&results, &wishes).expect("a directory to write to");
    let written = |name: &str| fs::read_to_string(out.path().join(name)).expect(name);
    let told: Value = serde_json::from_str(&written("results.json")).expect("JSON");
    assert_eq!(told["measurements"].as_array().map(Vec::len), Some(results.entries.len()));
    let again = report::earlier(&out.path().join("results.json"));
    assert_eq!(again.len(), results.entries.len());
    // But for the last bit of a figure, which its text in decimals may not keep.
    let [read, measured] = [&again, &results.entries].map(|entries| &entries[0].samples[0].0);
    assert!(read.keys().eq(measured.keys()), "{read:?} {measured:?}");
    assert!(
        read.values().zip(measured.values()).all(|(a, b)| (a - b).abs() <= b.abs() * 1e-12),
        "{read:?} {measured:?}"
    );
    assert!(written("results.md").contains("| send |"));
    assert!(written("load.svg").contains("<polyline") && written("live.svg").contains("<polyline"));
}

fn an_answer_that_was_not_meant_is_no_measurement() {
    let rig = Rig::start(Server::Reference, Transport::Unix, false);
    let mut client = Client::connect(&rig.address, SMALL.at_once).expect("connections");
    let told = client.closed(&mut Calls::fresh(Call::TOO_SOON), SMALL.lasts);
    let why = meant(told).expect_err("answers that nobody asked for");
    assert!(why.contains("answers not as meant, such as [\"201 pending\""), "{why}");
}
