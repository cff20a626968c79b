//! A simulation: clients that get in each other's way, over two sidecars, while servers are killed, frozen, cut off and
//! replaced, sidecars killed, and slots moved; and a judge who holds what they were told against the invariants.
//!
//! A seed decides what is asked and hurt ([`plan`]), though not when each meets the other: the processes are real. So what
//! happened is written down ([`history`]), and the history alone is judged ([`check`]), beside what lies there at the end
//! ([`rest`]) and the audit trail. `make test` runs fixed seeds, `make soak` new ones; `OTP_TEST_SEED` sets one.

mod check;
mod client;
mod cluster;
mod history;
mod plan;
mod rest;
mod run;
mod single;
mod watched;
mod world;

use std::time::{Duration, Instant};

use plan::Kind;

const SEED: &str = "OTP_TEST_SEED";
const MINUTES: &str = "SIM_MINUTES";
const DEFAULT_MINUTES: u64 = 60;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")))
}

/// Where it is found again: its name in the runner.
fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Single => "simulation::of_one_server",
        Kind::Sentinel => "simulation::behind_sentinels",
        Kind::Cluster => "simulation::of_a_cluster",
    }
}

#[test]
fn of_one_server() {
    run::run(number(SEED).unwrap_or(1), Kind::Single);
}

#[test]
fn behind_sentinels() {
    run::run(number(SEED).unwrap_or(1), Kind::Sentinel);
}

#[test]
fn of_a_cluster() {
    run::run(number(SEED).unwrap_or(1), Kind::Cluster);
}

#[test]
#[ignore = "takes SIM_MINUTES (60): make soak"]
fn for_long() {
    let (began, lasts) = (Instant::now(), Duration::from_secs(60 * number(MINUTES).unwrap_or(DEFAULT_MINUTES)));
    while began.elapsed() < lasts {
        for kind in [Kind::Single, Kind::Sentinel, Kind::Cluster] {
            run::run(rand::random::<u32>().into(), kind);
        }
    }
}
