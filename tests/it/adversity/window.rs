//! No window of the configured length ever holds more sends than the quota, however hard somebody tries.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use crate::support::{Client, Rig, Sidecar, wait};

/// Several windows.
const LASTS: Duration = Duration::from_secs(4);

/// When each code was issued by Redis's clock, in ms, by as many callers as there are `clients`, asking without a rest
/// until there are `at_least` as many.
async fn issued_at(clients: Vec<Client>, at_least: usize) -> Vec<u64> {
    let (start, issued) = (Instant::now(), Arc::new(AtomicUsize::new(0)));
    let mut tasks = tokio::task::JoinSet::new();
    for client in clients {
        let issued = Arc::clone(&issued);
        tasks.spawn(async move {
            let enough = || issued.load(Ordering::Relaxed) >= at_least || start.elapsed() > wait::PATIENCE;
            let mut times = Vec::new();
            while start.elapsed() < LASTS || !enough() {
                let answer = client.send("ada").await;
                if answer.status == 201 {
                    issued.fetch_add(1, Ordering::Relaxed);
                    times.push(millis(answer.str("expires_at")));
                }
            }
            times
        });
    }
    let mut times: Vec<u64> = tasks.join_all().await.into_iter().flatten().collect();
    times.sort_unstable();
    times
}

fn millis(rfc3339: &str) -> u64 {
    let time = humantime::parse_rfc3339(rfc3339).expect("RFC 3339");
    time.duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_millis() as u64
}

async fn hold(quota: &str, max: usize, window: u64, at_least: usize) {
    let settings = [
        ("RESEND_COOLDOWN_SECONDS", "0"),
        ("MAX_ATTEMPTS_PER_USER_PER_HOUR", quota),
        ("MAX_ATTEMPTS_PER_IP_PER_HOUR", "off"),
    ];
    let rig = Rig::start(&settings);
    let other = Sidecar::builder().on(&rig.redis).set_all(&settings).start();
    let clients = (0..4).flat_map(|_| [rig.client.clone(), other.client()]).collect();
    let times = issued_at(clients, at_least).await;
    assert!(times.len() >= at_least, "a quota is there to be used: {}", times.len());
    for pair in times.windows(max + 1) {
        assert!(pair[max] - pair[0] >= window, "{} sends within {} ms: {pair:?}", max + 1, pair[max] - pair[0]);
    }
}

/// Exact: a send is allowed in the very millisecond in which the window lets go of an older one, and in none before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_quota_holds_in_every_window() {
    hold("3/1s", 3, 1000, 12).await;
}

/// Approximated above a hundred, but never to the attacker's advantage.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_quota_holds_in_every_window() {
    hold("150/1s", 150, 1000, 450).await;
}
