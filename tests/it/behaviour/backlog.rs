//! A trail that cannot keep up: an alarm, then no more calls or no more of the oldest events, as the operator chose.

use std::time::Duration;

use serde_json::Value;

use crate::support::{Metrics, Redis, Rig, Sidecar, rig::UNLIMITED, wait};

const SOON: Duration = wait::PATIENCE;

/// A sidecar whose events nobody takes.
fn stuck(redis: &Redis, variables: &[(&str, &str)]) -> Sidecar {
    let limits = [("OTP_AUDIT_SOFT_BACKLOG", "50"), ("OTP_AUDIT_HARD_BACKLOG", "100")];
    Sidecar::builder().on(redis).set_all(&UNLIMITED).set_all(&limits).set_all(variables).stdout_gone().start()
}

fn waiting(redis: &Redis) -> u64 {
    redis.streams().into_iter().map(|stream| redis.ask_key::<u64>("XLEN", &stream, &[])).sum()
}

fn logged(sidecar: &Sidecar, what: &str) {
    wait::until(what, SOON, || sidecar.log_lines().iter().any(|line| line.contains(what)).then_some(()));
}

#[tokio::test]
async fn beyond_the_hard_limit_sends_and_checks_are_refused_and_what_waits_is_written_later() {
    let redis = Redis::start();
    let sidecar = stuck(&redis, &[]);
    let client = sidecar.client();
    for n in 0..75 {
        client.send(&format!("user{n}")).await.is(201);
    }
    logged(&sidecar, "the audit trail is behind");
    let code = client.issue("ann").await;
    for n in 0..50 {
        client.send(&format!("another{n}")).await;
    }
    logged(&sidecar, "the audit trail is too far behind");
    let before = waiting(&redis);
    let refused = client.send("bob").await.refused(503, "audit_backlog");
    assert_eq!(refused.header("retry-after"), Some("10"));
    client.check_id(&code.id, &code.code).await.refused(503, "audit_backlog");
    for guard in ["request", "failure", "success"] {
        let body = serde_json::json!({"subject": "ann"});
        client.post(&format!("/v1/guard/{guard}"), &body).await.refused(503, "audit_backlog");
    }
    // What calls a code off, and what only looks, goes on.
    client.cancel(&code.id).await.is(200);
    client.status("ann").await;
    assert_eq!(waiting(&redis), before + 1);
    let metrics = Metrics::fetch(&sidecar).await;
    assert!(metrics.value("otp_audit_backlog_events", &[]) > 100.0);
    let limits = ["soft", "hard"].map(|limit| metrics.value("otp_audit_backlog_limit_events", &[("limit", limit)]));
    assert_eq!(limits, [50.0, 100.0]);
    drop(sidecar);

    // Where somebody takes the events, all of them come and calls go on.
    let next = Rig::over(redis, &[&UNLIMITED[..], &[("OTP_AUDIT_HARD_BACKLOG", "100000")]].concat());
    let all = || (next.sidecar.all_event_lines().len() as u64 > before).then_some(());
    wait::until("what waited", SOON, all);
    next.client.send("bob").await.is(201);
}

/// What Redis does once for a batch costs it as much as some ten events.
#[tokio::test]
async fn many_events_of_a_bucket_are_written_and_deleted_together() {
    const EVENTS: usize = 600;
    let redis = Redis::start();
    let sidecar = Sidecar::builder().on(&redis).set_all(&UNLIMITED).stdout_gone().start();
    for n in 0..EVENTS {
        sidecar
            .client()
            .post(
                "/v1/guard/request",
                &serde_json::json!({"subject": "ann", "ip": format!("10.0.{}.{}", n / 256, n % 256)}),
            )
            .await
            .is(200);
    }
    drop(sidecar);
    let deletions = || -> usize {
        let stats: String = redis.ask(&["INFO", "commandstats"]);
        let calls = stats.lines().find_map(|line| line.strip_prefix("cmdstat_xtrim:calls=")?.split(',').next());
        calls.map_or(0, |calls| calls.parse().unwrap())
    };
    let before = deletions();
    let next = Sidecar::builder().on(&redis).set_all(&UNLIMITED).start();
    wait::until("all of them", SOON, || (next.event_lines().len() >= EVENTS).then_some(()));
    wait::until("an empty outbox", SOON, || (waiting(&redis) == 0).then_some(()));
    let events = next.event_lines().into_iter().map(|line| serde_json::from_str::<Value>(&line).unwrap());
    let seqs: Vec<u64> = events.map(|event| event["seq"].as_u64().unwrap()).collect();
    assert!(seqs.len() == EVENTS && seqs.is_sorted_by(|one, next| one + 1 == *next), "each once and in their order");
    // Beside those there are starts and ends of both.
    assert!(deletions() - before <= EVENTS.div_ceil(256) + 4, "{} deletions", deletions() - before);
}

#[tokio::test]
async fn shed_the_oldest_events_go_and_one_says_how_many() {
    let redis = Redis::start();
    let sidecar = stuck(&redis, &[("OTP_AUDIT_WHEN_FULL", "shed")]);
    let client = sidecar.client();
    let mut sent = 0;
    wait::until_async("events to be given up", SOON, || {
        sent += 1;
        let client = client.clone();
        let sidecar = &sidecar;
        async move {
            client.send(&format!("user{sent}")).await.is(201);
            (Metrics::fetch(sidecar).await.value("otp_audit_events_shed_total", &[]) > 0.0).then_some(())
        }
    })
    .await;
    client.issue("ann").await;
    drop(sidecar);
    let mut next = Sidecar::builder().on(&redis).set_all(&UNLIMITED).start();
    wait::until("an empty outbox", SOON, || (waiting(&redis) == 0).then_some(()));
    next.terminate();
    let events: Vec<Value> = next.event_lines().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |kind: &str| events.iter().filter(|event| event["type"] == kind).collect::<Vec<_>>();
    let shed: u64 = of("audit.shed").iter().map(|event| event["count"].as_u64().unwrap()).sum();
    // Every send of a code is there or was counted; the start of the first sidecar may be among what went.
    let lost = sent + 1 - of("send").len() as u64;
    assert!(shed > 0 && (shed == lost || shed == lost + 1), "{shed} were shed, {lost} are missing");
}
