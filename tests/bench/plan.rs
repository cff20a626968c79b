//! What is measured, in which order.

use std::panic::{self, AssertUnwindSafe};

use crate::{
    measure::{
        Asked, Measurement, Scenario, argon, closed, connections, embedded_start, idle, live, neighbours, open, script,
        start,
    },
    report::{self, Results},
    rig::{Server, Transport},
    sample::Entry,
    wishes::Wishes,
    work::{Call, Typed},
};

/// With all limits and events on; codes are stored as keyed digests.
const HMAC: Server = Server::Sidecar(&[("OTP_HASH", "hmac")]);
/// With the default hash at its default cost.
const ARGON2ID: Server = Server::Sidecar(&[("OTP_HASH", "argon2id")]);
/// The same as cheap as can be set: the scripts are those of any cost.
const CHEAP_ARGON2ID: Server =
    Server::Sidecar(&[("OTP_HASH", "argon2id"), ("OTP_ARGON2_MEMORY_KIB", "1024"), ("OTP_ARGON2_ITERATIONS", "1")]);
/// Rounds of what varies little.
const FEW: usize = 3;

/// Measurements that are made in turn, so that a machine that is slow for a while is slow for all of them.
pub type Group = Vec<Measurement>;

/// What a run is made of.
pub struct Extent<'a> {
    /// Calls a second of open loops.
    pub rates: &'a [u32],
    /// Users with a live code: few, many, and very many.
    pub users: [usize; 3],
    /// Connections that rest.
    pub connections: usize,
}

/// What is measured where there is time.
pub const WHOLE: Extent = Extent {
    // One that every server bears, and a sweep up to what none does.
    rates: &[1_000, 5_000, 10_000, 20_000, 30_000, 40_000, 60_000],
    users: [1_000, 100_000, 1_000_000],
    // As many as are allowed by default.
    connections: 10_000,
};

/// Everything there is, group after group.
pub fn all(extent: &Extent) -> Vec<Group> {
    vec![
        at_full_speed(),
        hashed(),
        at_fixed_rates(extent.rates),
        inside_redis(),
        resources(extent.connections),
        extent.users.into_iter().flat_map(live).map(|measurement| measurement.at_most(FEW)).collect(),
    ]
}

/// Closed loops over both transports.
fn at_full_speed() -> Group {
    let mut group = Vec::new();
    for (transport, suffix, hyper, reference) in [
        (Transport::Unix, "unix", "hyper/unix", "reference/unix"),
        (Transport::Tcp, "tcp", "hyper/tcp", "reference/tcp"),
    ] {
        let mut add = |name: &str, server, asked, limit: Option<&'static str>| {
            let scenario = Scenario { transport, ..Scenario::new(server, asked) };
            let measurement = closed(format!("{name}/{suffix}"), scenario);
            group.push(match limit {
                Some(limit) => measurement.limited_by(limit),
                None => measurement,
            });
        };
        add("hyper", Server::Hyper, Asked::Fresh(Call::BARE), None);
        add("reference", Server::Reference, Asked::Fresh(Call::SEND), Some(hyper));
        add("send/hmac", HMAC, Asked::Fresh(Call::SEND), Some(reference));
        add("check-wrong/hmac", HMAC, Asked::Check(Typed::Wrong), Some(reference));
        add("check-right/hmac", HMAC, Asked::Check(Typed::Right), Some(reference));
        add("status/hmac", HMAC, Asked::Known(Call::STATUS), Some(reference));
        add("guard-request/hmac", HMAC, Asked::Fresh(Call::GUARD_REQUEST), Some(reference));
        add("guard-failure/hmac", HMAC, Asked::Fresh(Call::GUARD_FAILURE), Some(reference));
        add("refused-too-soon/hmac", HMAC, Asked::Known(Call::TOO_SOON), Some(hyper));
        add("refused-locked/hmac", HMAC, Asked::Locked(Call::LOCKED), Some(hyper));
    }
    let without = Scenario { aof: false, ..Scenario::new(HMAC, Asked::Fresh(Call::SEND)) };
    group.push(closed("send-without-aof/hmac/unix", without).limited_by("reference/unix"));
    group
}

/// Closed loops that are bound by Argon2.
fn hashed() -> Group {
    let mut group = vec![argon("argon2")];
    for (name, asked) in [
        ("send/argon2id/unix", Asked::Fresh(Call::SEND)),
        ("check-wrong/argon2id/unix", Asked::Check(Typed::Wrong)),
        ("check-right/argon2id/unix", Asked::Check(Typed::Right)),
    ] {
        group.push(closed(name, Scenario::new(ARGON2ID, asked).hashing()).limited_by("argon2").at_most(FEW));
    }
    let looks = Scenario::new(ARGON2ID, Asked::Fresh(Call::STATUS));
    group.push(neighbours("neighbours/quiet", looks, false).at_most(FEW));
    group.push(neighbours("neighbours/hashing", looks, true).limited_by("neighbours/quiet").at_most(FEW));
    group
}

/// Open loops.
fn at_fixed_rates(rates: &[u32]) -> Group {
    let mut group = Vec::new();
    for &rate in rates {
        for (name, server, asked) in [
            ("hyper", Server::Hyper, Asked::Fresh(Call::BARE)),
            ("reference", Server::Reference, Asked::Fresh(Call::SEND)),
            ("send/hmac", HMAC, Asked::Fresh(Call::SEND)),
            ("check-wrong/hmac", HMAC, Asked::Check(Typed::Wrong)),
        ] {
            let scenario = Scenario::new(server, asked);
            group.push(open(format!("open/{name}/{rate}"), scenario, rate.into()).at_most(FEW));
        }
    }
    group
}

/// Scripts without a sidecar.
fn inside_redis() -> Group {
    let mut group = Vec::new();
    for (name, asked) in [
        ("send", Asked::Fresh(Call::SEND)),
        ("check-wrong", Asked::Check(Typed::Wrong)),
        ("check-right", Asked::Check(Typed::Right)),
        ("status", Asked::Known(Call::STATUS)),
        ("guard-request", Asked::Fresh(Call::GUARD_REQUEST)),
        ("guard-failure", Asked::Fresh(Call::GUARD_FAILURE)),
        ("refused-too-soon", Asked::Known(Call::TOO_SOON)),
        ("refused-locked", Asked::Locked(Call::LOCKED)),
    ] {
        group.push(script(format!("script/{name}/hmac"), Scenario::new(HMAC, asked)).at_most(FEW));
    }
    for (name, asked) in [
        ("send", Asked::Fresh(Call::SEND)),
        ("check-wrong", Asked::Check(Typed::Wrong)),
        ("check-right", Asked::Check(Typed::Right)),
    ] {
        group.push(script(format!("script/{name}/argon2id"), Scenario::new(CHEAP_ARGON2ID, asked).few()).at_most(FEW));
    }
    group
}

/// Memory, and time to start.
fn resources(resting: usize) -> Group {
    let group = vec![
        idle("memory/idle", HMAC),
        connections("memory/connections", HMAC, resting),
        start("start/own-redis", HMAC),
        embedded_start("start/embedded", HMAC),
    ];
    group.into_iter().map(|measurement| measurement.at_most(FEW)).collect()
}

/// Makes those that are wanted; all of them go on whatever becomes of one.
///
/// # Panics
/// At the end, if one failed.
pub fn run(wishes: &Wishes) {
    let (mut results, mut failed) = (Results::default(), Vec::new());
    for mut group in all(&WHOLE) {
        group.retain(|measurement| wishes.wants(&measurement.name));
        results.entries.extend(round_after_round(group, wishes, &mut failed));
    }
    assert!(!results.entries.is_empty(), "BENCH_ONLY={:?} fits no measurement", wishes.only);
    println!("\n{}", report::table(&results));
    report::write(&results, wishes).expect("results that can be written");
    assert!(failed.is_empty(), "failed: {failed:?}");
    if wishes.publish {
        assert!(wishes.only.is_empty(), "part of a run is not published");
        report::publish(&results, wishes).expect("results that can be published");
    }
}

fn round_after_round(mut group: Group, wishes: &Wishes, failed: &mut Vec<String>) -> Vec<Entry> {
    let mut samples = vec![Vec::new(); group.len()];
    for round in 0..wishes.repeats {
        for (measurement, samples) in group.iter_mut().zip(&mut samples).filter(|(due, _)| due.due(round)) {
            let run = || measurement.run(wishes.budget);
            match panic::catch_unwind(AssertUnwindSafe(run)) {
                Ok(sample) => {
                    println!("{}/{} {}", round + 1, wishes.repeats, report::line(&measurement.name, &sample));
                    samples.push(sample);
                }
                // What it was stands above.
                Err(_) => failed.push(measurement.name.clone()),
            }
        }
    }
    let entry = |(measurement, samples): (Measurement, _)| Entry {
        name: measurement.name,
        limit: measurement.limit.map(str::to_owned),
        samples,
    };
    group.into_iter().zip(samples).map(entry).collect()
}
