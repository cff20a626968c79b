//! The most that can be had: each connection asks again as soon as it has its answer.

use std::time::Duration;

use super::{
    Measurement, Scenario,
    scenario::{Ready, all_meant, cores},
};
use crate::{
    client::Told,
    rig::{Rig, busy, busy_altogether, busy_here, resident},
    sample::{CLIENT, OTHERS, P50, P99, P999, RATE, REDIS, REDIS_MB, SERVER, SERVER_MB, Sample},
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
    let ours = || busy(std::process::id());
    let look = || [busy_here(), Some(busy(rig.server())), redis.map(busy), Some(ours()), busy_altogether()];
    let before = look();
    let told = work();
    let spent: Vec<_> =
        look().into_iter().zip(before).map(|(after, before)| Some(after?.saturating_sub(before?))).collect();
    let latency = told.latency.sorted();
    let mut sample = Sample::of(RATE, told.answers as f64 / told.seconds)
        .and(P50, latency.ms(500))
        .and(P99, latency.ms(990))
        .and(P999, latency.ms(999))
        .and(SERVER_MB, resident(rig.server()) as f64 / 1e6);
    if let Some(redis) = redis {
        sample = sample.and(REDIS_MB, resident(redis) as f64 / 1e6);
    }
    for (name, spent) in [CLIENT, SERVER, REDIS].into_iter().zip(&spent) {
        if let Some(spent) = spent {
            sample = sample.and(name, spent.as_secs_f64() * 1e6 / told.answers as f64);
        }
    }
    match spent[4] {
        Some(all) => {
            let known: Duration = spent[1..4].iter().flatten().sum();
            let share = all.saturating_sub(known).as_secs_f64() / (told.seconds * cores() as f64);
            sample.and(OTHERS, share * 100.0)
        }
        None => sample,
    }
}
