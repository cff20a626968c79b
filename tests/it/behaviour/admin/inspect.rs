//! Inspect: why a user is blocked, and what would end it.

use serde_json::{Value, json};

use super::{SOON, inspect, rig, viewer};
use crate::support::{Rig, keys, wait, wrong_code_than};

async fn rules(rig: &Rig, body: &Value) -> Vec<(String, String)> {
    let answer = viewer(&rig.sidecar).post("/admin/v1/subjects/inspect", body).await.is(200).body;
    let text = |block: &Value, name: &str| block[name].as_str().unwrap().to_owned();
    answer["blocked_by"].as_array().unwrap().iter().map(|b| (text(b, "rule"), text(b, "ended_by"))).collect()
}

#[tokio::test]
async fn every_rule_that_blocks_is_named_with_what_ends_it() {
    let ip = "203.0.113.6";
    let rig = Rig::start(&[
        ("OTP_VIEWER_KEYS", &keys::viewer_keys()),
        ("MAX_ATTEMPTS_PER_USER_PER_HOUR", "1"),
        ("MAX_ATTEMPTS_PER_IP_PER_HOUR", "1"),
        ("OTP_MAX_FAILURES_PER_IP_PER_HOUR", "2"),
        ("MAX_FAILED_VERIFICATIONS_PER_OTP", "3"),
        ("OTP_MAX_CONSECUTIVE_FAILURES", "3"),
    ]);
    let about = |ip: Option<&str>| json!({"subject": "ada", "tenant": "shop", "ip": ip});
    assert!(rules(&rig, &about(Some(ip))).await.is_empty());
    let sent = rig.client.send_body(json!({"subject": "ada", "ip": ip})).await.is(201);
    let time = "time, or an unlock with sends".to_owned();
    let expected: Vec<_> =
        ["resend_cooldown", "quota_subject", "quota_ip"].map(|rule| (rule.to_owned(), time.clone())).into();
    assert_eq!(rules(&rig, &about(Some(ip))).await, expected);
    assert_eq!(rules(&rig, &about(None)).await, expected[..2]);
    let wrong = json!({"id": sent.body["id"], "code": wrong_code_than(sent.str("code")), "ip": ip});
    rig.client.check_body(wrong.clone()).await.rejected("pending", "wrong_code");
    rig.client.check_body(wrong).await.rejected("pending", "wrong_code");
    let both = "time, or an unlock".to_owned();
    assert_eq!(rules(&rig, &about(Some(ip))).await[0], ("ip_blocked".into(), both.clone()));
    let last = wrong_code_than(sent.str("code"));
    rig.client.check_id(sent.str("id"), &last).await.is(200);
    let told = rules(&rig, &about(None)).await;
    assert_eq!(told[0], ("subject_disabled".into(), "an unlock, and nothing else".into()));
    assert_eq!(told[1], ("subject_locked".into(), both));
}

#[tokio::test]
async fn it_tells_all_that_is_held_and_no_code() {
    let rig = rig(&[("OTP_LENGTH", "12")]);
    let issued = rig.client.issue("Ann@example.com").await;
    let reset = rig.client.issue_for("Ann@example.com", "password_reset").await;
    for wrong in issued.wrong_codes().take(2) {
        rig.client.check_id(&issued.id, &wrong).await.rejected("pending", "wrong_code");
    }
    let path = format!("/v1/verifications/{}/delivery", reset.id);
    rig.client.post(&path, &json!({"outcome": "delivered"})).await.is(204);
    rig.client.post("/v1/guard/failure", &json!({"subject": "Ann@example.com", "purpose": "totp"})).await.is(200);
    let told = || async {
        let answer = inspect(&rig.sidecar, "ann@EXAMPLE.com").await;
        (answer["events"].as_array()?.len() >= 6).then_some(answer)
    };
    let answer = wait::until_async("its events", SOON, told).await;
    let status = rig.client.status("Ann@example.com").await;
    for field in ["failed_attempts", "attempts_left", "requests_last_hour", "pending", "last_request_at", "sends_left"]
    {
        assert_eq!(answer["status"][field], status[field], "{field}");
    }
    assert_eq!(
        (&answer["lock"], &answer["disabled_since"], &answer["comparing"]),
        (&Value::Null, &Value::Null, &json!(0))
    );
    assert_eq!((&answer["wrong_codes_in_a_row"], &answer["hard_stop_at"]), (&json!(2), &json!(100)));
    let of = |purpose: &str| {
        let all = answer["purposes"].as_array().unwrap();
        all.iter().find(|of| of["purpose"] == purpose).unwrap_or_else(|| panic!("{purpose}: {answer}")).clone()
    };
    assert_eq!((&of("login")["code"], &of("login")["failures"]), (&json!("pending"), &json!(2)));
    assert_eq!((&of("password_reset")["delivered"], &of("password_reset")["failures"]), (&json!(true), &json!(0)));
    assert_eq!((&of("totp")["guard_failures"], &of("totp")["code"]), (&json!(1), &Value::Null));
    let text = answer.to_string();
    for secret in [&issued.code, &reset.code, &issued.id, &reset.id] {
        assert!(!text.contains(secret.as_str()), "{text}");
    }
    let kinds: Vec<_> =
        answer["events"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds[..6], ["send", "send", "check", "check", "delivery", "failure"]);
}

#[tokio::test]
async fn a_lock_says_when_it_began_how_it_came_about_and_when_it_ends() {
    let rig = rig(&[]);
    let (_, locking) = rig.lock_out("ada").await;
    let answer = inspect(&rig.sidecar, "ada").await;
    let lock = &answer["lock"];
    assert_eq!(
        (&lock["running"], &lock["reason"], &lock["failures"]),
        (&json!(true), &json!("too_many_failures"), &json!(5))
    );
    assert_eq!((&lock["locked_until"], &lock["lock_level"]), (&locking["locked_until"], &json!(1)));
    assert_eq!(answer["blocked_by"][0]["until"], locking["locked_until"]);
    assert_eq!(answer["blocked_by"][0]["stops"], json!("sends and checks"));
    assert_eq!(answer["tenant"], json!("shop"));
    let by_reference = json!({"subject_ref": answer["subject_ref"]});
    let named = || async {
        let answer = viewer(&rig.sidecar).post("/admin/v1/subjects/inspect", &by_reference).await.is(200).body;
        (answer["subject"] == "ada" && answer["tenant"] == "shop").then_some(())
    };
    wait::until_async("the name of the reference", SOON, named).await;
}

#[tokio::test]
async fn somebody_who_never_was_has_nothing() {
    let rig = rig(&[]);
    let answer = inspect(&rig.sidecar, "nobody").await;
    assert_eq!(
        (&answer["blocked_by"], &answer["purposes"], &answer["status"]["pending"]),
        (&json!([]), &json!([]), &json!(0))
    );
}
