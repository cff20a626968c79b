//! What the sidecar costs, measured on the built binary over a real Redis, beside what it is measured against: `client`
//! asks, `work` says what is asked and what must be answered, `server` is what the sidecar is compared with, `rig` starts
//! and watches all of them, `measure` holds the kinds of measurement, `plan` what is measured, `run` in which order, `report` the results.
//!
//! The program is its own client. Started with a word it is one of the servers it measures, so that each is a process
//! of its own and its processor time can be told from the others'. Without, it tests itself.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod client;
mod measure;
mod plan;
mod report;
mod rig;
mod run;
mod sample;
mod server;
mod smoke;
mod support;
mod wishes;
mod work;

use libtest_mimic::Arguments;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.first().map(String::as_str) {
        Some(server::REFERENCE) => server::reference::run(&words[1..]),
        Some(server::HYPER) => server::bare::run(&words[1..]),
        // What `cargo bench` says.
        Some("--bench") => run::run(&wishes::Wishes::from_env()),
        _ => libtest_mimic::run(&Arguments::from_args(), smoke::trials()).exit(),
    }
}
