//! The most that can be had: each connection asks again as soon as it has its answer.

use std::time::Duration;

use super::{
    Measurement, Scenario,
    scenario::{Ready, all_meant, cores},
};
use crate::{
    client::Told,
    rig::{Rig, busy, busy_altogether, busy_here, resident},
    sample::{CLIENT, OTHERS, P50, P99, P999, RATE, REDIS, REDIS_MB, SERVER, SERVER_MB, Sample, WAITERS},
};

/// Rate, times, processor time and memory of `scenario`.
pub fn closed(name: impl Into<String>, scenario: Scenario) -> Measurement {
    Measurement::new(name, move |budget| {
        let Ready { rig, mut client, mut work } = scenario.ready(budget);
        watched(&rig, || all_meant(client.closed(&mut *work, budget.lasts)))
    })
}

/// The same, with how many waited for one round of the barrier.
pub fn confirmed(name: impl Into<String>, scenario: Scenario) -> Measurement {
    Measurement::new(name, move |budget| {
        let Ready { rig, mut client, mut work } = scenario.ready(budget);
        let look =
            || ["otp_store_barrier_waiters_total", "otp_store_barrier_rounds_total"].map(|name| rig.metric(name));
        let before = look();
        let sample = watched(&rig, || all_meant(client.closed(&mut *work, budget.lasts)));
        let [waiters, rounds] = [0, 1].map(|n| look()[n] - before[n]);
        if rounds > 0.0 { sample.and(WAITERS, waiters / rounds) } else { sample }
    })
}

/// What `work` is told, with what it costs each process. The client is the thread that calls this.
pub fn watched(rig: &Rig, work: impl FnOnce() -> Told) -> Sample {
    let redis = rig.redis();
    let of_redis = || (!redis.is_empty()).then(|| redis.iter().copied().map(busy).sum());
    let ours = || busy(std::process::id());
    let look = || [busy_here(), Some(busy(rig.server())), of_redis(), Some(ours()), busy_altogether()];
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
    if !redis.is_empty() {
        sample = sample.and(REDIS_MB, redis.iter().map(|pid| resident(*pid)).sum::<u64>() as f64 / 1e6);
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
