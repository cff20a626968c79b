//! Checks by ids that are not ours leave their events too, though they are about nobody.

use serde_json::{Value, json};

use crate::support::{Rig, Sidecar, wait};

/// The events on a sidecar's standard output, once they stand for as many calls as `n`.
fn events(sidecar: &Sidecar, n: u64) -> Vec<Value> {
    let all = || {
        let lines = sidecar.event_lines();
        let events: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let calls: u64 = events.iter().map(|event| event["count"].as_u64().unwrap_or(1)).sum();
        assert!(calls <= n, "{events:?}");
        (calls == n).then_some(events)
    };
    wait::until(&format!("events of {n} calls"), wait::PATIENCE, all)
}

fn told(event: &Value) -> (&str, &str) {
    (event["type"].as_str().unwrap(), event["outcome"].as_str().unwrap())
}

#[tokio::test]
async fn each_is_charged_to_its_network_and_has_an_event_there() {
    let rig = Rig::start(&[("OTP_MAX_FAILURES_PER_IP_PER_HOUR", "2")]);
    let check = json!({"id": "forged", "code": "000000", "ip": "203.0.113.9"});
    for _ in 0..2 {
        rig.client.check_body(check.clone()).await.rejected("not_found", "not_found");
    }
    rig.client.check_body(check).await.refused(429, "ip_blocked");
    let events = events(&rig.sidecar, 3);
    let expected = [("check", "not_found"), ("check", "not_found"), ("check", "ip_blocked")];
    assert_eq!(events.iter().map(told).collect::<Vec<_>>(), expected);
    for event in &events {
        assert!(event.get("subject_ref").is_none() && event["ip_ref"] == events[0]["ip_ref"], "{event}");
        assert_eq!(event["tenant"], "shop");
    }
    assert!(events[2]["until_ms"].as_u64() > events[2]["time_ms"].as_u64());
}

#[tokio::test]
async fn a_flood_of_them_from_a_blocked_network_is_counted_without_the_store() {
    let rig = Rig::start(&[("OTP_MAX_FAILURES_PER_IP_PER_HOUR", "1")]);
    let check = json!({"id": "forged", "code": "000000", "ip": "203.0.113.9"});
    rig.client.check_body(check.clone()).await.rejected("not_found", "not_found");
    for _ in 0..100 {
        rig.client.check_body(check.clone()).await.refused(429, "ip_blocked");
    }
    let asked = rig.metrics().await.value("otp_store_calls_total", &[("script", "ip_failure")]);
    assert!((9.0..80.0).contains(&asked), "{asked} calls");
    events(&rig.sidecar, 101);
}

#[tokio::test]
async fn where_no_network_is_counted_they_are_gathered() {
    let rig = Rig::start(&[("OTP_MAX_FAILURES_PER_IP_PER_HOUR", "off")]);
    for _ in 0..20 {
        rig.client.check_body(json!({"id": "forged", "code": "000000"})).await.rejected("not_found", "not_found");
    }
    let events = events(&rig.sidecar, 20);
    assert!(events.len() < 20 && events.iter().all(|event| told(event) == ("check", "not_found")), "{events:?}");
    assert_eq!(rig.metrics().await.value("otp_store_calls_total", &[("script", "ip_failure")]), 0.0);
}
