//! The behavioural suite on each kind of store: the same tests, run by this same program in a process of their own, where
//! they use in turn what is started for them here ([`crate::support::redis::Lease`]).
//!
//! To start a cluster for each of some three hundred tests would take ten minutes, most of it the two seconds for which a
//! new node keeps out of its cluster.

use std::{
    collections::BTreeSet,
    env,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use super::unsuited::{UNSUITED, Unsuited};
use crate::support::{
    process,
    redis::lease::VARIABLE,
    topology::pool::{Kind, Pool},
};

/// Most of a test is waiting: for a lock to end, for a code to expire, for an event to be written.
const AT_ONCE: usize = 7;
/// Some tests hold two stores.
const STORES: usize = AT_ONCE + 2;

/// Both at once: scripts do not know that there are replicas, nor connections who made the server.
#[test]
fn on_valkey_behind_sentinels() {
    run(Kind::ValkeyBehindSentinels);
}

#[test]
fn on_cluster() {
    run(Kind::Cluster);
}

/// Nothing is left out that is not there.
#[test]
fn every_exception_is_one() {
    let all = behavioural();
    for unsuited in UNSUITED {
        let out = |test: &&String| unsuited.on.iter().any(|kind| unsuited.leaves_out(test, *kind));
        assert!(all.iter().any(|test| out(&test)), "{unsuited:?}");
    }
}

fn run(kind: Kind) {
    // One of them, by a part of its name, for whoever looks for a mistake.
    let only = env::var("OTP_TEST_ONLY").unwrap_or_default();
    let left_out = |test: &String| UNSUITED.iter().any(|unsuited| unsuited.leaves_out(test, kind));
    let tests: BTreeSet<String> =
        behavioural().into_iter().filter(|test| !left_out(test) && test.contains(&only)).collect();
    for Unsuited { tests, why, .. } in UNSUITED.iter().filter(|unsuited| unsuited.on.contains(&kind)) {
        println!("not on {kind:?}: {tests} since {why}");
    }
    let pool = Pool::start(kind, STORES);
    let mut child = process::command(env::current_exe().expect("this program"))
        .args(&tests)
        .args(["--exact", "--test-threads", &AT_ONCE.to_string()])
        .env(VARIABLE, pool.list())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program once more");
    let mut passed = BTreeSet::new();
    for line in BufReader::new(child.stdout.take().expect("its output")).lines().map_while(Result::ok) {
        println!("{line}");
        passed.extend(line.strip_prefix("test ").and_then(|line| line.strip_suffix(" ... ok")).map(str::to_owned));
    }
    let status = child.wait().expect("its end");
    assert!(status.success() && passed == tests, "{status}; not passed: {:?}", tests.difference(&passed));
}

/// The rooms whose tests are behavioural.
const ROOMS: [&str; 4] = ["behaviour::", "mail::", "sms::fallback::", "sms::guards::"];

/// The names of all behavioural tests.
fn behavioural() -> BTreeSet<String> {
    let mut command = Command::new(env::current_exe().expect("this program"));
    let listed = command.args(ROOMS).args(["--list", "--format", "terse"]).output().expect("this program once more");
    let text = String::from_utf8(listed.stdout).expect("names");
    let all: BTreeSet<_> = text.lines().filter_map(|line| Some(line.strip_suffix(": test")?.to_owned())).collect();
    all.into_iter().filter(|name| ROOMS.iter().any(|room| name.starts_with(room))).collect()
}
