//! Being asked to stop.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{Client, Load, Rig, Sidecar, keys, rig::UNLIMITED, wait};

const ENDED_WITHIN: Duration = Duration::from_secs(25);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_what_was_begun_is_answered_and_the_end_is_clean() {
    let mut rig = Rig::unlimited(&[]);
    let load = Load::start(&rig.client, 16);
    load.wait_pairs(200).await;
    rig.sidecar.signal_terminate();
    let (status, took) = rig.sidecar.wait_exit(ENDED_WITHIN);
    assert_eq!(status.code(), Some(0), "after {took:?}");
    let answers = load.answers();
    for odd in load.stop().await {
        assert!(odd.starts_with("no answer"), "each app ends when it finds the door closed: {odd}");
    }
    let told = |line: &String| line.contains("\"operation\":\"send\"") || line.contains("\"operation\":\"check\"");
    let begun = rig.sidecar.log_lines().iter().filter(|line| told(line)).count();
    assert_eq!(begun, answers.load(Ordering::Relaxed), "every call that was let in got its answer");
}

/// A request that is only half sent when the signal comes: it was begun, so it is answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_falls_first_and_a_begun_request_is_still_answered() {
    let mut rig = Rig::unlimited(&[]);
    let body = json!({"subject": "ada", "ip": "203.0.113.7"}).to_string();
    let head = format!(
        "POST /v1/verifications HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        keys::KEY,
        body.len()
    );
    let mut begun = rig.sidecar.app().connect().await.unwrap();
    begun.write_all(head.as_bytes()).await.unwrap();
    begun.write_all(&body.as_bytes()[..5]).await.unwrap();
    let probe = Client::new(rig.sidecar.app().clone());
    probe.get("/readyz").await.is(200);
    rig.sidecar.signal_terminate();
    // Either the probe is told, or there is no one left to tell it: both turn the traffic away.
    let off = || async {
        let answer = probe.try_call(hyper::Method::GET, "/readyz", Default::default()).await;
        answer.map_or(true, |answer| answer.status == 503).then_some(())
    };
    wait::until_async("readiness to fall", Duration::from_secs(2), off).await;
    begun.write_all(&body.as_bytes()[5..]).await.unwrap();
    let mut answer = Vec::new();
    let _ = begun.read_to_end(&mut answer).await;
    assert!(answer.starts_with(b"HTTP/1.1 201 "), "{}", String::from_utf8_lossy(&answer));
    let (status, took) = rig.sidecar.wait_exit(ENDED_WITHIN);
    assert_eq!(status.code(), Some(0), "after {took:?}");
}

#[tokio::test]
async fn idle_connections_do_not_hold_up_the_end() {
    let mut rig = Rig::unlimited(&[]);
    let mut idle = Vec::new();
    for _ in 0..20 {
        let client = rig.client.clone();
        client.get("/livez").await.is(200);
        idle.push(client);
    }
    let silent = rig.sidecar.app().connect().await.unwrap();
    let start = Instant::now();
    assert_eq!(rig.sidecar.terminate().0.code(), Some(0));
    assert!(start.elapsed() < ENDED_WITHIN, "{:?}", start.elapsed());
    drop((idle, silent));
}

#[tokio::test]
async fn with_the_store_gone_it_ends_all_the_same() {
    let mut rig = Rig::unlimited(&[]);
    rig.client.issue("ada").await;
    rig.redis.pause();
    assert_eq!(rig.sidecar.terminate().0.code(), Some(0));
}

/// Every step of the end takes its whole share: a peer that never hangs up, events that nobody reads, a store that does
/// not end.
#[tokio::test]
async fn the_end_is_in_time_even_when_everything_hangs() {
    let mut sidecar = Sidecar::builder().set_all(&UNLIMITED).stdout_unread().start();
    let client = sidecar.client();
    // More than the 64 KiB that a pipe holds.
    for n in 0..500 {
        client.issue(&format!("user{n}")).await;
    }
    let mut silent = sidecar.app().connect().await.unwrap();
    silent.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    assert!(silent.read(&mut [0; 64]).await.unwrap() > 0, "its settings");
    let store = sidecar.children();
    assert_eq!(store.len(), 1);
    for pid in &store {
        let pid = rustix::process::Pid::from_raw(i32::try_from(*pid).unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    }
    let (status, took) = sidecar.terminate();
    assert_eq!(status.code(), Some(0), "after {took:?}");
    assert!(took > Duration::from_secs(15), "something did not hang: {took:?}");
    assert!(took < ENDED_WITHIN, "{took:?}");
    assert!(!std::path::Path::new(&format!("/proc/{}", store[0])).exists(), "its store is gone");
    drop(silent);
}
