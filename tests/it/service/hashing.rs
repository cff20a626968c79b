//! The hash queue: how long it may get, and whose places are taken.

use std::{
    sync::{Arc, mpsc::channel},
    time::Duration,
};

use otp_sidecar::{metrics::Metrics, service::hashing::Hashing};

use crate::support::wait;

const THREADS: usize = 2;

fn hashing() -> (Hashing, Arc<Metrics>) {
    let metrics = Arc::new(Metrics::new().unwrap());
    (Hashing::start(THREADS, Arc::clone(&metrics)).unwrap(), metrics)
}

#[test]
fn tickets_end_where_the_queue_would_be_too_long_and_come_back() {
    let (hashing, metrics) = hashing();
    let mut tickets = Vec::new();
    while let Ok(ticket) = hashing.ticket() {
        tickets.push(ticket);
        assert!(tickets.len() < 10_000, "there is no end");
    }
    // 250 ms of 25 ms each, for each thread, and the ones that run.
    assert_eq!((tickets.len(), metrics.hash_queue.get()), (11 * THREADS, 11 * 2));
    tickets.pop();
    assert!(hashing.ticket().is_ok());
}

#[tokio::test]
async fn a_place_is_taken_until_its_work_is_done_even_if_nobody_waits() {
    let (hashing, metrics) = hashing();
    let hashing = Arc::new(hashing);
    let (go, gone) = channel::<()>();
    let ticket = hashing.ticket().unwrap();
    let waiting = tokio::spawn({
        let hashing = Arc::clone(&hashing);
        async move { hashing.run(ticket, move |_| gone.recv()).await }
    });
    // Only once the work was handed over is there something to hang up on.
    tokio::time::timeout(Duration::from_millis(50), std::future::pending::<()>()).await.unwrap_err();
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    assert_eq!(metrics.hash_queue.get(), 1);
    go.send(()).unwrap();
    wait::until("its place", wait::PATIENCE, || (metrics.hash_queue.get() == 0).then_some(()));
}
