//! What must not be lost is answered when somebody else has it.

use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;

use super::on;
use crate::support::{
    Metrics, Redis, RedisOptions, Sidecar,
    client::fresh_ip,
    ledger::LIMIT,
    scheme::HMAC,
    topology::{
        sentinel::{Sentinel, SentinelOptions},
        valkey,
    },
    wait,
};

const WAITERS: usize = 300;
const SOON: Duration = Duration::from_secs(10);

fn with_one_replica() -> Sentinel {
    Sentinel::with(&SentinelOptions { replicas: 1, ..SentinelOptions::default() })
}

/// However many wait, one connection asks for all of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundreds_wait_in_a_few_rounds() {
    let sentinel = with_one_replica();
    let sidecar = on(&sentinel.url()).set_all(HMAC).set("OTP_REDIS_TIMEOUT", "800ms").start();
    let client = sidecar.client();
    let mut issued = Vec::new();
    for n in 0..WAITERS {
        issued.push(client.issue(&format!("user{n}")).await);
    }
    let before = Metrics::fetch(&sidecar).await;
    // Until it goes on, nobody can be told anything; it is back before anybody gives up.
    sentinel.server(1).pause();
    let mut checks = JoinSet::new();
    for issued in issued {
        let client = client.clone();
        checks.spawn(async move { client.check_id(&issued.id, &issued.code).await });
    }
    let calls = |metrics: &Metrics| metrics.value("otp_store_calls_total", &[("script", "check")]);
    let all = || async {
        let now = Metrics::fetch(&sidecar).await;
        (calls(&now) - calls(&before) >= WAITERS as f64).then_some(())
    };
    wait::until_async("all to be asked", SOON, all).await;
    sentinel.server(1).resume();
    let (mut approved, mut unconfirmed) = (0, 0);
    for answer in checks.join_all().await {
        match answer.status {
            200 => approved += usize::from(answer.body["valid"] == json!(true)),
            _ => unconfirmed += 1,
        }
    }
    let after = Metrics::fetch(&sidecar).await;
    let of = |name| after.value(name, &[]) - before.value(name, &[]);
    let (rounds, waiters) = (of("otp_store_barrier_rounds_total"), of("otp_store_barrier_waiters_total"));
    println!("{approved} let in, {unconfirmed} unconfirmed, {waiters} waiters in {rounds} rounds");
    assert_eq!(waiters, WAITERS as f64);
    assert!(waiters / rounds >= 30.0, "{waiters} waiters in {rounds} rounds");
    assert!(approved > 0 && approved + unconfirmed == WAITERS, "{approved} {unconfirmed}");
}

/// The success that nobody could confirm was one: whoever repeats the call with the same key is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_success_that_no_replica_has_is_not_told_until_one_has_it() {
    let sentinel = with_one_replica();
    let sidecar = on(&sentinel.url()).set_all(HMAC).start();
    let client = sidecar.client();
    let issued = client.issue("ada").await;
    sentinel.server(1).pause();
    let with_key = client.clone().with_header("idempotency-key", "attempt-0001");
    let guess = json!({"id": issued.id, "code": issued.code, "ip": fresh_ip()});
    with_key.check_body(guess.clone()).await.refused(503, "store_unavailable");
    let unconfirmed = Metrics::fetch(&sidecar).await.value("otp_store_errors_total", &[("kind", "unconfirmed")]);
    assert!(unconfirmed >= 1.0, "{unconfirmed}");
    // So are a wrong code and a failure of the app's own check; a send needs no confirmation.
    let other = client.issue("bob").await;
    let wrong = crate::support::wrong_code_than(&other.code);
    let mistake = json!({"id": other.id, "code": wrong, "ip": fresh_ip()});
    let guessing = client.clone().with_header("idempotency-key", "attempt-0002");
    guessing.check_body(mistake.clone()).await.refused(503, "store_unavailable");
    guessing.check_body(mistake.clone()).await.refused(503, "store_unavailable");
    client.post("/v1/guard/failure", &json!({"subject": "cyd"})).await.refused(503, "store_unavailable");
    sentinel.server(1).resume();
    let told = || async {
        let answer = with_key.check_body(guess.clone()).await;
        (answer.status == 200).then_some(answer)
    };
    let answer = wait::until_async("an answer", SOON, told).await;
    assert_eq!(answer.body["valid"], true, "{answer:?}");
    assert_eq!(answer.header("idempotent-replayed"), Some("true"));
    client.check_id(&issued.id, &issued.code).await.rejected("used", "already_used");
    // However often it was asked, it counted once.
    assert_eq!(guessing.check_body(mistake).await.is(200).body["attempts_left"], LIMIT - 1);
}

/// Where nobody follows, no verdict costs a round trip more.
#[tokio::test]
async fn without_replicas_nobody_is_waited_for() {
    let server = Redis::with(RedisOptions { tcp: true, ..RedisOptions::default() });
    let sidecar = on(&server.url()).set_all(HMAC).start();
    let client = sidecar.client();
    let issued = client.issue("ada").await;
    let wrong = crate::support::wrong_code_than(&issued.code);
    client.check_id(&issued.id, &wrong).await.rejected("pending", "wrong_code");
    client.check_id(&issued.id, &issued.code).await.approved();
    client.post("/v1/guard/failure", &json!({"subject": "bob"})).await.is(200);
    client.post("/v1/guard/success", &json!({"subject": "bob"})).await.is(200);
    assert_eq!(Metrics::fetch(&sidecar).await.value("otp_store_barrier_rounds_total", &[]), 0.0);
}

/// Where the disk must have it: by WAITAOF, which Redis 7.0 does not know.
#[tokio::test]
async fn the_disk_has_it_where_it_must() {
    let options = RedisOptions { program: Some(valkey::program()), aof: true, tcp: true, ..RedisOptions::default() };
    let server = Redis::with(options);
    let sidecar = on(&server.url()).set("OTP_DURABILITY", "fsync").start();
    let issued = sidecar.client().issue("ada").await;
    sidecar.client().check_id(&issued.id, &issued.code).await.approved();
    assert!(server.info("commandstats", "cmdstat_waitaof").starts_with("calls=1,"));

    let older = Redis::with(RedisOptions { tcp: true, ..RedisOptions::default() });
    let (code, stderr) = Sidecar::expect_no_start(&[("REDIS_URL", &older.url()), ("OTP_DURABILITY", "fsync")]);
    assert!(code == 69 && stderr.contains("OTP_DURABILITY=fsync needs WAITAOF of 7.2 or newer"), "{code}: {stderr}");
}
