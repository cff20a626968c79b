//! A store that is gone, frozen, or has forgotten its scripts.

use std::{
    io::ErrorKind,
    time::{Duration, Instant},
};

use serde_json::json;
use tokio::net::TcpStream;

use crate::support::{
    Answer, Client, Load, Redis, RedisOptions, Rig, Sidecar, redis::port::Port, rig::UNLIMITED, wait,
};

const REFUSED_WITHIN: Duration = Duration::from_secs(1);
const NOTICED_WITHIN: Duration = Duration::from_secs(2);
const RESUMED_WITHIN: Duration = Duration::from_secs(3);

/// With the sidecar's own time-out.
fn rig(options: RedisOptions) -> Rig {
    let redis = Redis::with(options);
    let sidecar = Sidecar::builder().on(&redis).set_all(&UNLIMITED).unset("OTP_REDIS_TIMEOUT").start();
    Rig { client: sidecar.client(), sidecar, redis }
}

async fn at_once(call: impl Future<Output = Answer>) {
    let start = Instant::now();
    call.await.refused(503, "store_unavailable");
    assert!(start.elapsed() < REFUSED_WITHIN, "{:?}", start.elapsed());
}

async fn probe(rig: &Rig, path: &str) -> u16 {
    Client::new(rig.sidecar.app().clone()).get(path).await.status
}

async fn readiness_becomes(rig: &Rig, status: u16, deadline: Duration) {
    let look = || async { (probe(rig, "/readyz").await == status).then_some(()) };
    wait::until_async(&format!("/readyz to be {status}"), deadline, look).await;
}

/// Nothing is issued and nothing verified, and it is said at once.
async fn everything_is_refused(rig: &Rig, id: &str, code: &str) {
    for _ in 0..3 {
        at_once(rig.client.send("bob")).await;
        at_once(rig.client.check_id(id, code)).await;
        at_once(rig.client.check("ada", "login", code)).await;
        at_once(rig.client.verification(id)).await;
        at_once(rig.client.cancel(id)).await;
        at_once(rig.client.post("/v1/status", &json!({"subject": "ada"}))).await;
    }
}

async fn work_resumes(rig: &Rig) {
    let start = Instant::now();
    let sent = || async { (rig.client.send("cyd").await.status == 201).then_some(()) };
    wait::until_async("a send to succeed", RESUMED_WITHIN, sent).await;
    readiness_becomes(rig, 200, RESUMED_WITHIN.saturating_sub(start.elapsed())).await;
}

#[tokio::test]
async fn with_redis_gone_nothing_is_issued_and_nothing_verifies() {
    for tcp in [false, true] {
        let mut rig = rig(RedisOptions { tcp, ..Default::default() });
        let issued = rig.client.issue("ada").await;
        rig.redis.kill();
        everything_is_refused(&rig, &issued.id, &issued.code).await;
        readiness_becomes(&rig, 503, NOTICED_WITHIN).await;
        assert_eq!(probe(&rig, "/livez").await, 200);
        rig.redis.restart();
        work_resumes(&rig).await;
        // Without persistence nothing is known of the code any more; it must not verify.
        rig.client.check_id(&issued.id, &issued.code).await.rejected("not_found", "not_found");
    }
}

#[tokio::test]
async fn with_redis_frozen_nothing_is_issued_and_nothing_verifies() {
    let rig = rig(RedisOptions::default());
    let issued = rig.client.issue("ada").await;
    rig.redis.pause();
    everything_is_refused(&rig, &issued.id, &issued.code).await;
    readiness_becomes(&rig, 503, NOTICED_WITHIN).await;
    assert_eq!(probe(&rig, "/livez").await, 200);
    rig.redis.resume();
    work_resumes(&rig).await;
}

#[tokio::test]
async fn a_check_that_ran_after_its_time_out_is_not_undone() {
    let rig = rig(RedisOptions::default());
    let issued = rig.client.issue("ada").await;
    let wrong: Vec<_> = issued.wrong_codes().take(20).collect();
    rig.redis.pause();
    for wrong in &wrong[..3] {
        at_once(rig.client.check_id(&issued.id, wrong)).await;
    }
    rig.redis.resume();
    work_resumes(&rig).await;
    // Whether the three ran nobody knows; that no more than five are ever evaluated must hold either way.
    let charged = rig.counted("ada").await.0;
    assert!(charged <= 3, "{charged}");
    let mut evaluated = 0;
    for wrong in &wrong[3..] {
        evaluated += u64::from(rig.client.check_id(&issued.id, wrong).await.status == 200);
    }
    assert!((2..=5).contains(&evaluated) && charged + evaluated <= 5, "{charged} {evaluated}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scripts_flushed_again_and_again_fail_no_call() {
    let rig = Rig::unlimited(&[]);
    let load = Load::start(&rig.client, 8);
    let mut connection = rig.redis.connect();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(2) {
        load.wait_pairs(1).await;
        redis::cmd("FUNCTION").arg("FLUSH").exec(&mut connection).expect("FUNCTION FLUSH");
    }
    assert_eq!(load.stop().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_store_it_waits_says_so_and_opens_the_apps_door_when_the_store_comes() {
    let mut redis = Redis::start();
    redis.kill();
    let port = Port::take();
    let listen = format!("127.0.0.1:{}", port.number());
    let mut sidecar = Sidecar::builder().on(&redis).set("OTP_LISTEN", &listen).start_waiting();
    let operator = sidecar.admin_client();
    operator.get("/livez").await.is(200);
    operator.get("/readyz").await.is(503);
    operator.get("/metrics").await.is(200);
    sidecar.logs("the log to say what it waits for", |line| line.contains("waiting for Redis"));
    // Refused, so that nothing was sent: whoever called may call another sidecar.
    let call = TcpStream::connect(&listen).await;
    assert_eq!(call.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    redis.restart();
    tokio::task::block_in_place(|| sidecar.opens());
    operator.get("/readyz").await.is(200);
    sidecar.client().send("ada").await.is(201);
}
