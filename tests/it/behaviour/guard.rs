//! Limits and lockouts for apps that keep codes of their own.

use serde_json::{Value, json};

use crate::support::{Answer, Client, Rig, client::fresh_ip, wrong_code_than};

async fn call(client: &Client, word: &str, body: Value) -> Answer {
    client.post(&format!("/v1/guard/{word}"), &body).await
}

async fn request(rig: &Rig, subject: &str) -> Answer {
    call(&rig.client, "request", json!({"subject": subject, "ip": fresh_ip()})).await
}

async fn failure(rig: &Rig, subject: &str, purpose: &str) -> Answer {
    call(&rig.client, "failure", json!({"subject": subject, "purpose": purpose, "ip": fresh_ip()})).await
}

async fn success(rig: &Rig, subject: &str, purpose: &str) -> Answer {
    call(&rig.client, "success", json!({"subject": subject, "purpose": purpose})).await
}

/// One wrong code of ours, then nothing more of it.
async fn mistype(rig: &Rig, subject: &str, purpose: &str) -> crate::support::Issued {
    let issued = rig.client.issue_for(subject, purpose).await;
    rig.client.check_id(&issued.id, &wrong_code_than(&issued.code)).await.rejected("pending", "wrong_code");
    issued
}

#[tokio::test]
async fn a_request_and_a_send_share_the_pause() {
    let rig = Rig::start(&[]);
    let allowed = request(&rig, "ada").await.is(200);
    assert_eq!(allowed.body, json!({"allowed": true, "sends_left": 2, "resend_in": 60}));
    for refused in [request(&rig, "ada").await, rig.client.send("ada").await, rig.client.send_for("ada", "x").await] {
        let refused = refused.refused(429, "resend_cooldown");
        assert_eq!(refused.body["limit"], json!({"name": "subject_cooldown", "max": 1, "window": 60}));
    }
    rig.client.issue("bob").await;
    request(&rig, "bob").await.refused(429, "resend_cooldown");
    assert_eq!(rig.counted("ada").await, (0, 1));
    let status = rig.client.status("ada").await;
    assert_eq!((&status["pending"], &status["can_request"]), (&json!(0), &json!(false)), "{status}");
}

#[tokio::test]
async fn a_request_and_a_send_share_the_quota() {
    let rig = Rig::start(&[("RESEND_COOLDOWN_SECONDS", "0"), ("MAX_ATTEMPTS_PER_IP_PER_HOUR", "off")]);
    assert_eq!(request(&rig, "ada").await.is(200).body["sends_left"], 2);
    rig.client.issue("ada").await;
    let last = request(&rig, "ada").await.is(200);
    assert_eq!(last.body["sends_left"], 0);
    assert!(last.number("resend_in") > 3500, "{last:?}");
    for refused in [request(&rig, "ada").await, rig.client.send("ada").await] {
        let refused = refused.refused(429, "quota_subject");
        assert_eq!(refused.body["limit"], json!({"name": "subject_sends", "max": 3, "window": 3600}));
    }
    assert_eq!(rig.counted("ada").await, (0, 3));
}

#[tokio::test]
async fn a_request_and_a_send_share_the_quota_of_their_address() {
    let rig = Rig::start(&[("MAX_ATTEMPTS_PER_IP_PER_HOUR", "3")]);
    let from = |subject: &str| json!({"subject": subject, "ip": "203.0.113.7"});
    call(&rig.client, "request", from("ada")).await.is(200);
    rig.client.send_body(from("bob")).await.is(201);
    assert_eq!(call(&rig.client, "request", from("cyd")).await.is(200).body["sends_left"], 0);
    call(&rig.client, "request", from("dee")).await.refused(429, "quota_ip");
    rig.client.send_body(from("dee")).await.refused(429, "quota_ip");
    assert_eq!(rig.counted("dee").await, (0, 0));
}

#[tokio::test]
async fn a_purpose_with_a_budget_of_its_own_has_it_here_too() {
    let rig = Rig::start(&[("MAX_ATTEMPTS_PER_USER_PER_HOUR__RESET", "1"), ("RESEND_COOLDOWN_SECONDS", "0")]);
    let reset = || async {
        call(&rig.client, "request", json!({"subject": "ada", "purpose": "reset", "ip": fresh_ip()})).await
    };
    assert_eq!(reset().await.is(200).body["sends_left"], 0);
    reset().await.refused(429, "quota_subject");
    rig.client.send_for("ada", "reset").await.refused(429, "quota_subject");
    assert_eq!(request(&rig, "ada").await.is(200).body["sends_left"], 2);
}

#[tokio::test]
async fn failures_add_up_and_the_fifth_locks_every_door() {
    let rig = Rig::unlimited(&[]);
    for left in [4, 3, 2, 1] {
        let answer = failure(&rig, "ada", "login").await.is(200);
        assert_eq!(answer.body, json!({"locked": false, "attempts_left": left}));
    }
    let other = rig.client.issue_for("ada", "reset").await;
    let locking = failure(&rig, "ada", "login").await.is(200);
    assert_eq!((&locking.body["locked"], locking.number("attempts_left")), (&json!(true), 0));
    assert_eq!(locking.number("retry_after"), 900);
    for refused in [
        failure(&rig, "ada", "login").await,
        request(&rig, "ada").await,
        success(&rig, "ada", "login").await,
        rig.client.send("ada").await,
        rig.client.check_id(&other.id, &other.code).await,
    ] {
        let refused = refused.refused(429, "subject_locked");
        assert_eq!(refused.body["locked_until"], locking.body["locked_until"]);
    }
    assert_eq!(rig.metrics().await.value("otp_lockouts_total", &[]), 1.0);
    assert_eq!(rig.client.verification(&other.id).await.is(200).str("status"), "burnt");
}

#[tokio::test]
async fn codes_and_the_apps_own_checks_share_the_guesses() {
    let rig = Rig::unlimited(&[]);
    mistype(&rig, "ada", "login").await;
    assert_eq!(failure(&rig, "ada", "totp").await.is(200).number("attempts_left"), 3);
    mistype(&rig, "ada", "reset").await;
    assert_eq!(failure(&rig, "ada", "login").await.is(200).number("attempts_left"), 1);
    let last = rig.client.issue("ada").await;
    rig.client.check_id(&last.id, &wrong_code_than(&last.code)).await.rejected("locked", "wrong_code");
}

#[tokio::test]
async fn a_success_forgives_what_the_guard_recorded_for_its_purpose_and_no_more() {
    let rig = Rig::unlimited(&[("MAX_FAILED_VERIFICATIONS_PER_OTP", "20")]);
    mistype(&rig, "ada", "totp").await;
    mistype(&rig, "ada", "login").await;
    for purpose in ["totp", "totp", "totp", "login"] {
        failure(&rig, "ada", purpose).await.is(200);
    }
    assert_eq!(rig.counted("ada").await.0, 6);
    let forgiven = success(&rig, "ada", "totp").await.is(200);
    assert_eq!(forgiven.body, json!({"locked": false, "attempts_left": 17}));
    assert_eq!(rig.counted("ada").await.0, 3);
    success(&rig, "ada", "totp").await.is(200);
    success(&rig, "ada", "never-heard-of".replace('-', "_").as_str()).await.is(200);
    assert_eq!(rig.counted("ada").await.0, 3);
    // A subject of whom nothing is known stays unknown.
    let keys = rig.redis.keys().into_iter().filter(|key| key.windows(3).any(|part| part == b":s:")).count();
    success(&rig, "bob", "totp").await.is(200);
    assert_eq!(rig.redis.keys().into_iter().filter(|key| key.windows(3).any(|part| part == b":s:")).count(), keys);
}

#[tokio::test]
async fn a_verified_code_forgives_the_failures_of_its_purpose_only() {
    let rig = Rig::unlimited(&[("MAX_FAILED_VERIFICATIONS_PER_OTP", "20")]);
    mistype(&rig, "ada", "reset").await;
    failure(&rig, "ada", "totp").await.is(200);
    failure(&rig, "ada", "totp").await.is(200);
    let login = mistype(&rig, "ada", "login").await;
    assert_eq!(rig.counted("ada").await.0, 4);
    rig.client.check_id(&login.id, &login.code).await.approved();
    assert_eq!(rig.counted("ada").await.0, 3);
}

#[tokio::test]
async fn the_guards_failures_do_not_lead_to_the_hard_stop() {
    let rig = Rig::unlimited(&[("OTP_MAX_CONSECUTIVE_FAILURES", "3"), ("MAX_FAILED_VERIFICATIONS_PER_OTP", "20")]);
    for _ in 0..6 {
        failure(&rig, "ada", "login").await.is(200);
    }
    assert_eq!(rig.client.status("ada").await["disabled"], json!(false));
    let issued = rig.client.issue("ada").await;
    for wrong in issued.wrong_codes().take(3) {
        rig.client.check_id(&issued.id, &wrong).await.is(200);
    }
    for word in ["request", "failure"] {
        call(&rig.client, word, json!({"subject": "ada", "ip": fresh_ip()})).await.refused(429, "subject_disabled");
    }
    success(&rig, "ada", "login").await.refused(429, "subject_disabled");
}

#[tokio::test]
async fn the_address_must_be_named_where_it_is_limited() {
    let nameless = json!({"subject": "ada"});
    let rig = Rig::start(&[]);
    call(&rig.client, "request", nameless.clone()).await.refuses_field("ip");
    call(&rig.client, "failure", nameless.clone()).await.refuses_field("ip");
    call(&rig.client, "success", nameless.clone()).await.is(200);
    assert_eq!(rig.counted("ada").await, (0, 0));
    for free in [Rig::start(&[("OTP_REQUIRE_CLIENT_IP", "false")]), Rig::unlimited(&[])] {
        call(&free.client, "request", nameless.clone()).await.is(200);
        call(&free.client, "failure", nameless.clone()).await.is(200);
    }
}

#[tokio::test]
async fn what_a_call_does_not_know_is_refused() {
    let rig = Rig::start(&[]);
    for word in ["request", "failure", "success"] {
        for field in ["code", "id", "channel", "subject_known", "Subject"] {
            let body = json!({"subject": "ada", "ip": fresh_ip(), field: "x"});
            let answer = call(&rig.client, word, body).await.refused(422, "invalid_field");
            assert!([field, "ip"].contains(&answer.str("field")), "{answer:?}");
        }
        call(&rig.client, word, json!({"ip": fresh_ip()})).await.refused(422, "invalid_field");
        call(&rig.client, word, json!({"subject": "ada", "purpose": "No"})).await.refuses_field("purpose");
        rig.client.post_text(&format!("/v1/guard/{word}"), "[]").await.refused(400, "malformed");
        let body = json!({"subject": "ada"});
        rig.client
            .clone()
            .with_key("no-key-of-ours-0123456789-0123456789")
            .post(&format!("/v1/guard/{word}"), &body)
            .await
            .refused(401, "unauthenticated");
    }
    call(&rig.client, "success", json!({"subject": "ada", "ip": fresh_ip()})).await.refuses_field("ip");
    assert_eq!(rig.counted("ada").await, (0, 0));
}
