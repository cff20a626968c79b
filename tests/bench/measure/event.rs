//! What an event costs once it is written: the sidecar's thread that exports it, and Redis for what that thread asks.

use std::{collections::HashMap, time::Duration};

use super::{
    Measurement, Scenario,
    scenario::{Ready, all_meant},
};
use crate::{
    rig::{Rig, busy_thread},
    sample::Sample,
    support::{
        Redis,
        wait::{self, PATIENCE},
    },
};

/// Processor time of the exporter's thread for one event, µs.
pub const EVENT_SIDECAR: &str = "event_sidecar_us";
/// Time in Redis of all that was asked beside the calls themselves, for one event, µs.
pub const EVENT_REDIS: &str = "event_redis_us";
/// The thread's name.
const THREAD: &str = "export";
/// Events that left the outbox.
const EXPORTED: &str = "otp_events_exported_total";
/// More commands than a measurement has.
const MOST: &str = "10000000";

/// The events of `scenario`'s calls, which are many at once.
pub fn event(name: impl Into<String>, scenario: Scenario) -> Measurement {
    Measurement::new(name, move |budget| {
        let Ready { rig, mut client, mut work } = scenario.ready(budget);
        let redis = rig.redis.as_ref().expect("one Redis");
        for (name, value) in [("slowlog-max-len", MOST), ("slowlog-log-slower-than", "0")] {
            redis.cli(&["CONFIG", "SET", name, value]);
        }
        let before = look(&rig);
        let told = all_meant(client.closed(&mut *work, budget.lasts));
        // Each call wrote one.
        let after = wait::until("every event in the trail", PATIENCE, || {
            Some(look(&rig)).filter(|now| now.events >= before.events + told.answers as f64)
        });
        redis.cli(&["CONFIG", "SET", "slowlog-log-slower-than", "-1"]);
        let events = after.events - before.events;
        let sidecar = after.thread.saturating_sub(before.thread).as_secs_f64() * 1e6;
        Sample::of(EVENT_SIDECAR, sidecar / events).and(EVENT_REDIS, beside_calls(redis) / events)
    })
}

struct Look {
    thread: Duration,
    events: f64,
}

fn look(rig: &Rig) -> Look {
    Look { thread: busy_thread(rig.server(), THREAD).expect("its thread"), events: rig.metric(EXPORTED) }
}

/// A command that was carried out: its number, when, for how many µs, its words, who sent it, and that one's name.
type Logged = (i64, i64, f64, Vec<Vec<u8>>, String, String);

/// Microseconds of all commands that were sent, but for those of the function that was called most often: the calls' own.
fn beside_calls(redis: &Redis) -> f64 {
    let logged: Vec<Logged> = redis.ask(&["SLOWLOG", "GET", "-1"]);
    let mut by_command: HashMap<Vec<u8>, (usize, f64)> = HashMap::new();
    // Those inside functions have no sender, and are part of those.
    for (_, _, micros, words, ..) in logged.into_iter().filter(|(.., sender, _)| sender != "?:0") {
        let sum = by_command.entry(words.into_iter().take(2).collect::<Vec<_>>().join(&b' ')).or_default();
        *sum = (sum.0 + 1, sum.1 + micros);
    }
    let own = by_command.iter().filter(|(name, _)| name.starts_with(b"FCALL")).max_by_key(|(_, (calls, _))| *calls);
    let own = own.map(|(name, _)| name.clone()).expect("calls");
    let ours = |name: &[u8]| name.starts_with(b"CONFIG") || name.starts_with(b"SLOWLOG");
    by_command.iter().filter(|(name, _)| **name != own && !ours(name)).map(|(_, (_, micros))| micros).sum()
}
