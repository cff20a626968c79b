//! Every decision leaves one event, written by the script that decided.

use serde_json::Value;

use crate::support::{Rig, Sidecar, rig::UNLIMITED, wait, wrong_code_than};

/// The events on a sidecar's standard output, once there are as many as `n`.
fn events(sidecar: &Sidecar, n: usize) -> Vec<Value> {
    let all = || {
        let lines = sidecar.event_lines();
        (lines.len() >= n).then(|| lines.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect())
    };
    wait::until(&format!("{n} events"), wait::PATIENCE, all)
}

fn told(events: &[Value]) -> Vec<(&str, &str)> {
    events.iter().map(|e| (e["type"].as_str().unwrap(), e["outcome"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn each_call_that_decides_leaves_its_event_and_looks_leave_none() {
    let rig = Rig::unlimited(&[("MAX_FAILED_VERIFICATIONS_PER_OTP", "2"), ("OTP_MAX_CONSECUTIVE_FAILURES", "0")]);
    let first = rig.client.issue("ada").await;
    rig.client.check_id(&first.id, &wrong_code_than(&first.code)).await.rejected("pending", "wrong_code");
    rig.client.check_id(&first.id, &first.code).await.approved();
    rig.client.check_id(&first.id, &first.code).await.rejected("used", "already_used");
    let second = rig.client.issue("ada").await;
    rig.client.cancel(&second.id).await.is(200);
    rig.client.cancel(&second.id).await.is(200);
    rig.client.verification(&second.id).await.is(200);
    rig.client.status("ada").await;
    rig.client.check("ada", "login", "12x456").await.refused(422, "invalid_code");
    rig.lock_out("ada").await;
    rig.client.send("ada").await.refused(429, "subject_locked");
    let events = events(&rig.sidecar, 11);
    let expected = [
        ("send", "issued"),
        ("check", "wrong_code"),
        ("check", "approved"),
        ("check", "used"),
        ("send", "issued"),
        ("cancel", "canceled"),
        ("send", "issued"),
        ("check", "wrong_code"),
        ("check", "wrong_code_locks"),
        ("lockout", "subject_locked"),
        ("send", "subject_locked"),
    ];
    assert_eq!(told(&events), expected);
    // One subject, so one bucket: numbered from the first without a gap, in Redis's time, for one reference.
    let epoch = events[0]["epoch"].as_u64();
    for (n, event) in events.iter().enumerate() {
        assert_eq!((event["seq"].as_u64(), event["epoch"].as_u64()), (Some(n as u64), epoch), "{event}");
        assert_eq!(event["subject_ref"], events[0]["subject_ref"]);
        assert_eq!((event["tenant"].as_str(), event["purpose"].as_str()), (Some("shop"), Some("login")));
    }
    assert!(events.is_sorted_by_key(|event| event["time_ms"].as_u64()));
}

#[tokio::test]
async fn an_event_carries_the_id_of_its_request() {
    let rig = Rig::unlimited(&[]);
    let client = rig.client.clone().with_header("x-request-id", "order-66");
    client.issue("ada").await;
    assert_eq!(events(&rig.sidecar, 1)[0]["request_id"], "order-66");
}

/// What one sidecar wrote and did not live to export, another exports: no number is missing.
#[tokio::test]
async fn events_outlive_the_sidecar_that_caused_them() {
    let mut rig = Rig::unlimited(&[]);
    let other = Sidecar::builder().on(&rig.redis).set_all(&UNLIMITED).start();
    for n in 0..200 {
        rig.client.issue(&format!("user{n}")).await;
    }
    rig.sidecar.kill();
    let early = rig.sidecar.event_lines();
    let all = || {
        let mut ids: Vec<String> = early.iter().chain(&other.event_lines()).map(|line| identity(line)).collect();
        ids.sort();
        ids.dedup();
        (ids.len() >= 200).then_some(ids.len())
    };
    // A lease that its holder cannot renew ends after 5 s.
    let n = wait::until("the other sidecar to take over", wait::PATIENCE, all);
    assert_eq!(n, 200);
    for stream in rig.redis.streams() {
        let left = || (rig.redis.ask_key::<u64>("XLEN", &stream, &[]) == 0).then_some(());
        wait::until("an empty outbox", wait::PATIENCE, left);
    }
}

fn identity(line: &str) -> String {
    let event: Value = serde_json::from_str(line).expect("JSON");
    format!("{}-{}-{}", event["bucket"], event["epoch"], event["seq"])
}
