//! A replica takes over while apps are at work: what they were told stays true.

use std::time::{Duration, Instant};

use super::on;
use crate::support::{
    Sidecar, Traffic,
    ledger::Ledger,
    topology::{
        cluster::{Cluster, ClusterOptions},
        sentinel::{Sentinel, SentinelOptions},
    },
    traffic, wait,
};

const APPS: usize = 4;
/// From the moment that the new primary is known to the first code issued there.
const BACK_WITHIN: Duration = Duration::from_secs(5);

/// Codes are issued again; answers after how long.
async fn back(sidecar: &Sidecar) -> Duration {
    let (start, client) = (Instant::now(), sidecar.client());
    let sent = || async { (client.send("bob").await.status == 201).then_some(()) };
    wait::until_async("a send to succeed", BACK_WITHIN, sent).await;
    start.elapsed()
}

/// No success was lost, or the code would be accepted again; no lock, or its subject would be let guess again.
async fn nothing_was_lost(sidecar: &Sidecar, traffic: Traffic) -> Ledger {
    traffic.wait_issued(20).await;
    let mut told = traffic.stop().await;
    traffic::audit(&sidecar.client(), &mut told).await;
    assert_eq!(told.violations, Vec::<String>::new(), "{} calls", told.calls);
    let approved = told.entries.iter().filter(|entry| entry.approved == 1).count();
    let locked = told.entries.iter().filter(|entry| entry.wrong == crate::support::ledger::LIMIT).count();
    println!("{} calls, {} refused, {approved} let in, {locked} locked", told.calls, told.unavailable);
    assert!(approved > 20 && locked > 5, "{approved} let in, {locked} locked");
    assert!(!sidecar.log_lines().iter().any(|line| line.contains("panicked")));
    told
}

/// The primary of before goes on for ten seconds as if nothing had happened, as it does with Sentinel as it comes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn planned_by_sentinel() {
    let sentinel = Sentinel::with(&SentinelOptions { slow: true, ..SentinelOptions::default() });
    let sidecar = on(&sentinel.url()).start();
    let traffic = Traffic::start(&sidecar.client(), APPS);
    traffic.wait_issued(50).await;
    sentinel.failover();
    println!("back after {:?}", back(&sidecar).await);
    nothing_was_lost(&sidecar, traffic).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_primary_and_one_of_its_sentinels_were_killed() {
    let mut sentinel = Sentinel::start();
    let sidecar = on(&sentinel.url()).start();
    let traffic = Traffic::start(&sidecar.client(), APPS);
    traffic.wait_issued(50).await;
    sentinel.kill_watcher(2);
    let killed = sentinel.kill_primary();
    sentinel.wait_primary_but(killed);
    println!("back after {:?}", back(&sidecar).await);
    sentinel.restart(killed);
    sentinel.wait_followed();
    nothing_was_lost(&sidecar, traffic).await;
}

/// One that comes to itself again still believes that it is the primary.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_primary_behind_sentinels_was_frozen_and_thawed() {
    let sentinel = Sentinel::start();
    let sidecar = on(&sentinel.url()).start();
    let traffic = Traffic::start(&sidecar.client(), APPS);
    traffic.wait_issued(50).await;
    let frozen = sentinel.freeze_primary();
    sentinel.wait_primary_but(frozen);
    println!("back after {:?}", back(&sidecar).await);
    sentinel.thaw(frozen);
    sentinel.wait_followed();
    nothing_was_lost(&sidecar, traffic).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_one_primary_of_a_cluster() {
    let mut cluster = Cluster::with(&ClusterOptions {
        replicas: 1,
        node_timeout: Duration::from_secs(1),
        ..ClusterOptions::default()
    });
    let sidecar = on(&cluster.url()).start();
    let traffic = Traffic::start(&sidecar.client(), APPS);
    traffic.wait_issued(50).await;
    cluster.kill(0);
    wait::until("a replica to take over", wait::PATIENCE, || cluster.is_primary(3).then_some(()));
    wait::until("the others to know", wait::PATIENCE, || (cluster.owner_by(1, 0) == Some(3)).then_some(()));
    back(&sidecar).await;
    let told = nothing_was_lost(&sidecar, traffic).await;
    assert!(told.unavailable > 0, "somebody was with the one that died");
}
