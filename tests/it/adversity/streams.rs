//! Nobody reads what the sidecar writes.

use std::time::Duration;

use crate::support::{Client, Metrics, Redis, Sidecar, rig::UNLIMITED, wait};

/// Events and log lines of so many sends are more than a pipe holds (64 KiB).
const SENDS: usize = 500;
/// What a sidecar that was killed held is free after 5 s.
const SOON: Duration = wait::PATIENCE;

/// One that waited for a reader would wait for ever, and the client does not.
async fn sends(client: &Client) {
    for n in 0..SENDS {
        client.send(&format!("user{n}")).await.is(201);
    }
}

fn waiting(redis: &Redis) -> u64 {
    redis.streams().into_iter().map(|stream| redis.ask_key::<u64>("XLEN", &stream, &[])).sum()
}

#[tokio::test]
async fn events_wait_where_nobody_reads_them_and_calls_do_not() {
    let exported = async |sidecar: &Sidecar| Metrics::fetch(sidecar).await.value("otp_events_exported_total", &[]);
    let redis = Redis::start();
    let sidecar = Sidecar::builder().on(&redis).set_all(&UNLIMITED).stdout_unread().start();
    sends(&sidecar.client()).await;
    assert!(exported(&sidecar).await < SENDS as f64 && waiting(&redis) > 0, "{} wait", waiting(&redis));
    drop(sidecar);

    let gone = Sidecar::builder().on(&redis).set_all(&UNLIMITED).stdout_gone().start();
    let told = || gone.log_lines().iter().any(|line| line.contains("events stay in the outbox")).then_some(());
    sends(&gone.client()).await;
    wait::until("the log to say so", SOON, told);
    assert!(waiting(&redis) >= SENDS as u64, "{} wait", waiting(&redis));
    drop(gone);

    // Whoever comes next prints them all.
    let next = Sidecar::builder().on(&redis).set_all(&UNLIMITED).start();
    wait::until("an empty outbox", SOON, || (waiting(&redis) == 0).then_some(()));
    wait::until("all of them", SOON, || (next.event_lines().len() >= SENDS).then_some(()));
}

#[tokio::test]
async fn calls_do_not_wait_for_whoever_reads_the_log() {
    let redis = Redis::start();
    let sidecar = Sidecar::builder().on(&redis).set_all(&UNLIMITED).start();
    sidecar.leave_log_unread(true);
    sends(&sidecar.client()).await;
    let before = sidecar.log_lines().len();
    assert!(before < SENDS, "{before} lines were read");
    sidecar.leave_log_unread(false);
    let rest = || (sidecar.log_lines().len() >= SENDS).then_some(());
    wait::until("the lines that waited", SOON, rest);
}

/// Each is answered 404, and has its line.
#[tokio::test]
async fn lines_that_nobody_reads_are_given_up_counted_and_told() {
    let sidecar = Sidecar::builder().start();
    sidecar.leave_log_unread(true);
    let asked = "GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(999);
    let asked = format!("{asked}GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let lost = async || Metrics::fetch(&sidecar).await.value("otp_log_lines_lost_total", &[]);
    assert_eq!(lost().await, 0.0);
    for _ in 0..12 {
        sidecar.client().raw(asked.as_bytes()).await;
    }
    wait::until_async("some to be counted", SOON, || async { (lost().await > 0.0).then_some(()) }).await;
    sidecar.leave_log_unread(false);
    sidecar.logs("a word of it", |line| line.contains("log lines were dropped"));
}
