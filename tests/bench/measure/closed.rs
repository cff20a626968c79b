//! The most that can be had: each connection asks again as soon as it has its answer.

use super::{
    Measurement, Scenario,
    scenario::{Ready, all_meant},
};
use crate::{
    client::Told,
    rig::{Rig, busy, busy_here, resident},
    sample::{CLIENT, P50, P99, P999, RATE, REDIS, REDIS_MB, SERVER, SERVER_MB, Sample},
};

/// Rate, times, processor time and memory of `scenario`.
pub fn closed(name: impl Into<String>, scenario: Scenario) -> Measurement {
    Measurement::new(name, move |budget| {
        let Ready { rig, mut client, mut work } = scenario.ready(budget);
        watched(&rig, || all_meant(client.closed(&mut *work, budget.lasts)))
    })
}

/// What `work` is told, with what it costs each process. The client is the thread that calls this.
pub fn watched(rig: &Rig, work: impl FnOnce() -> Told) -> Sample {
    let redis = rig.redis();
    let look = || [(CLIENT, busy_here()), (SERVER, Some(busy(rig.server()))), (REDIS, redis.map(busy))];
    let before = look();
    let told = work();
    let after = look();
    let answers = told.answers as f64;
    let latency = told.latency.sorted();
    let mut sample = Sample::of(RATE, answers / told.seconds)
        .and(P50, latency.ms(500))
        .and(P99, latency.ms(990))
        .and(P999, latency.ms(999))
        .and(SERVER_MB, resident(rig.server()) as f64 / 1e6);
    if let Some(redis) = redis {
        sample = sample.and(REDIS_MB, resident(redis) as f64 / 1e6);
    }
    for ((name, before), (_, after)) in before.into_iter().zip(after) {
        if let (Some(before), Some(after)) = (before, after) {
            sample = sample.and(name, after.saturating_sub(before).as_secs_f64() * 1e6 / answers);
        }
    }
    sample
}
