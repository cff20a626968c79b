//! A flood of calls that are refused: from some on the store is not asked, nothing is lost count of, nothing lasts longer.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Answer, Monitor, Rig, rig::tally, scheme::HMAC, wrong_code_than};

const CALLS: usize = 300;
/// `refusals::FLOOD`, and as much again for each second that the calls take.
const ASKED: usize = 8;
const IP: &str = "203.0.113.7";

fn asked(monitor: &mut Monitor) -> usize {
    monitor.take().iter().filter(|command| command.name.starts_with("FCALL")).count()
}

/// Sums of events by outcome, each for as many calls as it says, once the sidecar has ended.
fn recorded(rig: &mut Rig, kind: &str) -> Vec<(String, u64)> {
    let (status, _) = rig.sidecar.terminate();
    assert!(status.success(), "{status}");
    let mut sums = std::collections::BTreeMap::new();
    for line in rig.sidecar.event_lines() {
        let event: Value = serde_json::from_str(&line).unwrap();
        if event["type"] == kind {
            *sums.entry(event["outcome"].as_str().unwrap().to_owned()).or_default() +=
                event["count"].as_u64().unwrap_or(1);
        }
    }
    sums.into_iter().collect()
}

#[tokio::test]
async fn against_one_subject_costs_few_calls_to_the_store_and_each_is_recorded() {
    let mut rig = Rig::unlimited(&[HMAC, &[("MAX_FAILED_VERIFICATIONS_PER_OTP", "2")]].concat());
    let (locked, _) = rig.lock_out("ada").await;
    let mut monitor = Monitor::start(&rig.redis);
    let begun = Instant::now();
    let mut least = u64::MAX;
    for n in 0..CALLS {
        let answer = match n % 3 {
            0 => rig.client.check_id(&locked.id, &locked.code).await,
            1 => rig.client.send("ada").await,
            _ => rig.client.post("/v1/guard/request", &json!({"subject": "ada", "ip": IP})).await,
        };
        let answer = answer.refused(429, "subject_locked");
        assert!(answer.number("retry_after") <= least, "a wait that grows: {answer:?}");
        least = answer.number("retry_after");
    }
    // Three kinds of call, and in each second the export's two scripts for each bucket, twice.
    let seconds = begun.elapsed().as_secs() as usize + 1;
    let scripts = asked(&mut monitor);
    assert!(scripts <= 3 * ASKED + seconds * (3 + 2 * 2 * 64 + 6), "{scripts} scripts for {CALLS} calls");
    let metrics = rig.metrics().await;
    let refused: f64 = ["check", "send", "guard_request"]
        .map(|operation| metrics.value("otp_refusals_total", &[("operation", operation), ("rule", "subject_locked")]))
        .iter()
        .sum();
    assert_eq!(refused, CALLS as f64);
    let again = metrics.value("otp_refusals_from_memory_total", &[]);
    assert!(again >= (CALLS - 3 * ASKED - 3 * seconds * 2) as f64, "{again}");
    let by_script =
        ["check", "send", "guard_request"].map(|s| metrics.value("otp_store_calls_total", &[("script", s)]));
    let before = 1.0 + 2.0;
    assert_eq!(by_script.iter().sum::<f64>() - before, CALLS as f64 - again);
    assert_eq!(rig.client.status("ada").await["locked"], true);
    let third = CALLS as u64 / 3;
    assert_eq!(recorded(&mut rig, "send"), [("issued".into(), 1), ("subject_locked".into(), third)]);
    let events = rig.sidecar.event_lines();
    let sum = |kind: &str| -> u64 {
        let events = events.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let ours = events.filter(|event| event["type"] == kind && event["outcome"] == "subject_locked");
        ours.map(|event| event["count"].as_u64().unwrap_or(1)).sum()
    };
    assert_eq!((sum("check"), sum("request")), (third, third));
}

#[tokio::test]
async fn from_one_network_over_many_subjects_costs_few_calls_and_harms_no_other() {
    let variables = [("OTP_MAX_FAILURES_PER_IP_PER_HOUR", "3")];
    let mut rig = Rig::unlimited(&[HMAC, &variables].concat());
    let mut issued = Vec::new();
    for n in 0..20 {
        issued.push(rig.client.issue(&format!("user{n}")).await);
    }
    let check = async |n: usize, ip: &str| -> Answer {
        let meant = &issued[n % issued.len()];
        let code = if ip == IP { wrong_code_than(&meant.code) } else { meant.code.clone() };
        rig.client.check_body(json!({"id": meant.id, "code": code, "ip": ip})).await
    };
    let mut answers = Vec::new();
    for n in 0..CALLS {
        answers.push(check(n, IP).await);
    }
    let blocked = tally(&answers)["ip_blocked"];
    assert_eq!(blocked, CALLS - 3, "{:?}", tally(&answers));
    check(7, "203.0.113.8").await.approved();
    let calls = rig.metrics().await.value("otp_store_calls_total", &[("script", "check")]) as usize;
    assert!(calls < CALLS / 3, "{calls} of {CALLS}");
    let sums = recorded(&mut rig, "check");
    assert_eq!(sums, [("approved".into(), 1), ("ip_blocked".into(), blocked as u64), ("wrong_code".into(), 3)]);
    // Those that were gathered name the network and no subject.
    let gathered = rig.sidecar.event_lines().into_iter().map(|line| serde_json::from_str::<Value>(&line).unwrap());
    let gathered: Vec<_> = gathered.filter(|event| event["count"].is_u64()).collect();
    assert!(gathered.iter().all(|event| event["subject_ref"].is_null() && event["ip_ref"].is_string()), "{gathered:?}");
    assert!(!gathered.is_empty());
}

#[tokio::test]
async fn no_refusal_outlives_its_reason() {
    let rig = Rig::unlimited(&[HMAC, &[("RESEND_COOLDOWN_SECONDS", "1")]].concat());
    let mut refusals = 0;
    for _ in 0..3 {
        let before = Instant::now();
        rig.client.issue("ada").await;
        let after = Instant::now();
        let mut refused = 0;
        // Begun late, so that what is believed for as long as may be would outlast the pause.
        while after.elapsed() < Duration::from_millis(700) {
            rig.client.status("ada").await;
        }
        while rig.client.send("ada").await.status == 429 {
            refused += 1;
            assert!(after.elapsed() < Duration::from_millis(1500), "still refused after {:?}", after.elapsed());
        }
        assert!(before.elapsed() >= Duration::from_secs(1), "let through after {:?}", before.elapsed());
        assert!(refused > 3 * ASKED, "no flood: {refused}");
        refusals += refused;
        // The send that ended the loop began the next pause.
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(1050) {
            rig.client.status("ada").await;
        }
    }
    // The first ones of each flood come from the store, and at most as many around the end of the pause.
    let metrics = rig.metrics().await;
    let (again, asked) = (
        metrics.value("otp_refusals_from_memory_total", &[]),
        metrics.value("otp_store_calls_total", &[("script", "send")]),
    );
    assert!(again >= (refusals - 3 * 2 * ASKED) as f64, "{again} of {refusals}");
    assert_eq!(again + asked, (refusals + 6) as f64, "every send was answered by one of the two");
}

#[tokio::test]
async fn what_carries_an_idempotency_key_or_is_about_another_is_asked_of_the_store() {
    let rig = Rig::unlimited(&[HMAC, &[("RESEND_COOLDOWN_SECONDS", "60")]].concat());
    rig.client.issue("ada").await;
    for _ in 0..3 * ASKED {
        rig.client.send("ada").await.refused(429, "resend_cooldown");
    }
    rig.client.issue("bob").await;
    let calls = async || rig.metrics().await.value("otp_store_calls_total", &[("script", "send")]);
    let before = calls().await;
    rig.client.clone().with_header("idempotency-key", "k-0001").send("ada").await.refused(429, "resend_cooldown");
    assert_eq!(calls().await, before + 1.0);
}
