//! Slots that move while apps are at work: MOVED, ASK and TRYAGAIN are matters between sidecar and cluster.

use super::on;
use crate::support::{
    Metrics, Traffic,
    ledger::LIMIT,
    topology::{cluster::Cluster, migration::Migration},
    traffic,
};
use otp_sidecar::event::Bucket;

const APPS: usize = 4;
/// Of a thousand calls this many may fail.
const MAY_FAIL_OF_1000: usize = 1;
/// Enough for that to mean something.
const CALLS: usize = 3000;

/// Each bucket goes from its node to the next, a few keys at a time, while it is asked for codes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_bucket_moves_and_nobody_notices() {
    let cluster = Cluster::start();
    let sidecar = on(&cluster.url()).start();
    let traffic = Traffic::start(&sidecar.client(), APPS);
    traffic.wait_issued(50).await;
    for bucket in Bucket::all() {
        let slot = 127 + 256 * u16::from(bucket.number());
        let migration = Migration::begin(&cluster, slot, (cluster.owner(slot) + 1) % cluster.len());
        // Half-way for as long as a code or two need.
        traffic.wait_issued(1).await;
        while migration.move_some(3) > 0 {
            tokio::task::yield_now().await;
        }
        migration.finish();
    }
    while traffic.calls() < CALLS {
        traffic.wait_issued(10).await;
    }
    let mut told = traffic.stop().await;
    traffic::audit(&sidecar.client(), &mut told).await;
    println!("{} calls, {} refused, slowest {:?}", told.calls, told.unavailable, told.slowest);
    // What came as it was is fenced nowhere.
    assert_eq!(Metrics::fetch(&sidecar).await.value("otp_store_rollbacks_total", &[]), 0.0);
    assert_eq!((told.violations, told.unanswered), (Vec::<String>::new(), 0));
    // Whoever had the right code was let in, and whoever guessed on was locked: nothing that was issued got lost on its way.
    let undecided = told.entries.iter().filter(|entry| entry.approved == 0 && entry.wrong < LIMIT).count();
    assert!(undecided <= told.unavailable, "{undecided} of {}", told.entries.len());
    assert!(told.unavailable * 1000 <= told.calls * MAY_FAIL_OF_1000, "{} of {}", told.unavailable, told.calls);
}
