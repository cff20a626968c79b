//! The sidecar killed at random moments under load.

use std::time::Duration;

use super::trial::{held, number};
use crate::support::{Redis, Sidecar, Traffic, ledger::ANSWERED_WITHIN, rig::UNLIMITED, traffic};

/// In the tests, a quarter of them with a hash that takes time; a soak sets `OTP_TEST_KILLS`.
const KILLS: u64 = 20;
const APPS: usize = 6;
/// Between a start and the next kill, at most.
const LONGEST_LIFE: Duration = Duration::from_millis(150);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_it_lets_nobody_in_and_gives_no_guess_back() {
    let times = number("OTP_TEST_KILLS", KILLS);
    kills(times - times / 4, &[]).await;
    let in_two_steps = [("OTP_HASH", "argon2id"), ("OTP_ARGON2_MEMORY_KIB", "1024"), ("OTP_ARGON2_ITERATIONS", "1")];
    kills(times / 4, &in_two_steps).await;
}

async fn kills(times: u64, variables: &[(&str, &str)]) {
    let redis = Redis::start();
    // On paths, so that apps find the next one where the last one was.
    let builder = Sidecar::builder().on(&redis).set_all(&UNLIMITED).set_all(variables).unset("OTP_REDIS_TIMEOUT");
    let builder = builder.on_unix_sockets();
    let mut sidecar = builder.clone().start();
    let before = held(sidecar.pid());
    let traffic = Traffic::start(&sidecar.client(), APPS);
    traffic.wait_issued(10).await;
    for _ in 0..times {
        tokio::time::sleep(LONGEST_LIFE.mul_f64(rand::random())).await;
        sidecar.kill();
        let panicked = sidecar.log_lines().into_iter().filter(|line| line.contains("panicked"));
        assert_eq!(panicked.collect::<Vec<_>>(), Vec::<String>::new());
        sidecar = builder.clone().start();
        traffic.wait_issued(1).await;
    }
    let mut told = traffic.stop().await;
    traffic::audit(&sidecar.client(), &mut told).await;
    assert_eq!(told.violations, Vec::<String>::new(), "{} calls", told.calls);
    assert!(told.slowest <= ANSWERED_WITHIN || !variables.is_empty(), "an answer took {:?}", told.slowest);
    assert!(told.unanswered > 0, "calls were cut off");
    let clients: usize = redis.info("clients", "connected_clients").trim().parse().unwrap();
    assert!(clients <= 4, "{clients} connections to Redis");
    assert!(held(sidecar.pid()).1 <= before.1 + APPS + 4);
}
