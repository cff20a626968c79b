//! The way to Redis.

use std::time::Duration;

use super::trial::{Told, Trial};
use crate::support::{Fault, RedisOptions};

/// Puts the wire into this state for so long.
async fn wire(fault: Fault, time: Duration) -> Told {
    hurt(Trial::start(RedisOptions::default()).await, fault, time).await
}

async fn hurt(trial: Trial, fault: Fault, time: Duration) -> Told {
    trial.proxy.set(fault);
    trial.endure(time).await;
    trial.proxy.heal();
    trial.recovers().await;
    trial.end().await
}

const MOMENT: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wire_slower_by_less_than_the_time_out_fails_no_call() {
    let told = wire(Fault::Delay(Duration::from_millis(200)), MOMENT).await;
    assert!(told.unavailable * 10 < told.calls, "{} of {} calls", told.unavailable, told.calls);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_run_two_seconds_late_harm_nobody() {
    let told = wire(Fault::Delay(Duration::from_secs(2)), Duration::from_millis(2500)).await;
    assert!(told.unavailable > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_reset_are_made_anew_but_not_in_a_storm() {
    let told = wire(Fault::Reset, MOMENT).await;
    assert!(told.unavailable > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_open_wire_is_noticed_and_given_up() {
    let told = wire(Fault::HalfOpen, MOMENT).await;
    assert!(told.unavailable > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_whose_answer_was_cut_off_is_unknown_and_not_done_twice() {
    let told = wire(Fault::Cut(5), MOMENT).await;
    assert!(told.unavailable > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_whose_answer_never_comes_is_unknown_and_not_done_twice() {
    let told = wire(Fault::Mute(50), MOMENT).await;
    assert!(told.unavailable > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_the_two_steps_of_a_call_a_lost_answer_gives_nothing_away() {
    let told = hurt(Trial::in_two_steps().await, Fault::Cut(5), MOMENT).await;
    assert!(told.unavailable > 0);
    let told = hurt(Trial::in_two_steps().await, Fault::Mute(20), MOMENT).await;
    assert!(told.unavailable > 0);
}
