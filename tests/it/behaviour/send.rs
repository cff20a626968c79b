//! Asking for a code.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::support::{Rig, client::fresh_ip, wait};

#[tokio::test]
async fn a_code_is_issued_with_all_that_the_app_must_tell_its_user() {
    let rig = Rig::start(&[]);
    let answer = rig.client.send("ada@example.org").await.is(201);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let expires_at = answer.str("expires_at");
    assert!(expires_at.len() == 24 && expires_at.ends_with('Z') && &expires_at[10..11] == "T", "{expires_at}");
    assert!(!answer.str("id").is_empty());
    let code = answer.str("code");
    assert!(code.len() == 6 && code.bytes().all(|c| c.is_ascii_digit()), "{code}");
    let rest = ["status", "purpose", "channel", "expires_in", "resend_in", "sends_left", "attempts_left"];
    let expected = [json!("pending"), json!("login"), json!("return"), json!(300), json!(60), json!(2), json!(5)];
    assert_eq!(rest.map(|field| answer.body[field].clone()), expected, "{answer:?}");
}

#[tokio::test]
async fn codes_keep_their_leading_zeros_and_do_not_repeat_as_a_rule() {
    let rig = Rig::unlimited(&[]);
    let mut codes = HashSet::new();
    for n in 0..200 {
        let code = rig.client.issue(&format!("user{n}")).await.code;
        assert!(code.len() == 6 && code.bytes().all(|c| c.is_ascii_digit()), "{code}");
        codes.insert(code);
    }
    // 200 of 1,000,000: 0.02 pairs expected, and 20 to begin with a zero (none: 1 in 10^9).
    assert!(codes.len() >= 198, "{}", codes.len());
    assert!(codes.iter().any(|code| code.starts_with('0')));
}

#[tokio::test]
async fn length_and_alphabet_are_the_operators_choice() {
    let rig = Rig::start(&[("OTP_LENGTH", "10"), ("OTP_ALPHABET", "ABCDEFGHJKLMNPQRSTUVWXYZ")]);
    let issued = rig.client.issue("ada").await;
    assert_eq!(issued.code.len(), 10);
    assert!(issued.code.bytes().all(|c| b"ABCDEFGHJKLMNPQRSTUVWXYZ".contains(&c)), "{}", issued.code);
    rig.client.check_id(&issued.id, &issued.code).await.approved();
}

#[tokio::test]
async fn ids_are_unique_and_do_not_show_the_subject() {
    let rig = Rig::unlimited(&[]);
    let mut ids = HashSet::new();
    for _ in 0..20 {
        ids.insert(rig.client.issue("ada.lovelace").await.id);
    }
    assert_eq!(ids.len(), 20);
    assert!(ids.iter().all(|id| !id.contains("lovelace") && id.bytes().all(|c| c.is_ascii_graphic())));
}

#[tokio::test]
async fn a_second_code_must_wait_for_the_pause() {
    let rig = Rig::start(&[("RESEND_COOLDOWN_SECONDS", "2700ms")]);
    assert_eq!(rig.client.send("ada").await.is(201).number("resend_in"), 3, "rounded up");
    let refusal = rig.client.send("ada").await.refused(429, "resend_cooldown");
    assert!((1..=3).contains(&refusal.number("retry_after")), "{refusal:?}");
    assert_eq!(refusal.body["limit"]["name"], "subject_cooldown");
    let again = || async { (rig.client.send("ada").await.status == 201).then_some(()) };
    wait::until_async("the end of the pause", wait::PATIENCE, again).await;
}

#[tokio::test]
async fn the_pause_of_one_subject_is_not_anothers() {
    let rig = Rig::start(&[]);
    rig.client.issue("ada").await;
    rig.client.issue("bob").await;
}

#[tokio::test]
async fn a_resend_replaces_the_code_before_it() {
    let rig = Rig::unlimited(&[]);
    let first = rig.client.issue("ada").await;
    let second = rig.client.issue("ada").await;
    assert_ne!(first.id, second.id);
    rig.client.check_id(&first.id, &first.code).await.rejected("superseded", "superseded");
    rig.client.check_id(&second.id, &second.code).await.approved();
}

#[tokio::test]
async fn sends_left_counts_down_to_a_refusal_and_the_window_slides() {
    let rig = Rig::start(&[("RESEND_COOLDOWN_SECONDS", "0"), ("MAX_ATTEMPTS_PER_USER_PER_HOUR", "3/5s")]);
    for left in [2, 1, 0] {
        assert_eq!(rig.client.send("ada").await.is(201).number("sends_left"), left);
    }
    let refusal = rig.client.send("ada").await.refused(429, "quota_subject");
    assert!((1..=5).contains(&refusal.number("retry_after")), "{refusal:?}");
    assert_eq!(refusal.body["limit"], json!({"name": "subject_sends", "max": 3, "window": 5}));
    let again = || async { (rig.client.send("ada").await.status == 201).then_some(()) };
    wait::until_async("the window to slide", wait::PATIENCE, again).await;
}

#[tokio::test]
async fn sends_left_is_what_the_tightest_quota_allows_and_null_without_one() {
    let rig = Rig::start(&[
        ("RESEND_COOLDOWN_SECONDS", "0"),
        ("MAX_ATTEMPTS_PER_USER_PER_HOUR", "10"),
        ("MAX_ATTEMPTS_PER_IP_PER_HOUR", "3"),
    ]);
    let body = json!({"subject": "ada", "ip": "203.0.113.7"});
    assert_eq!(rig.client.send_body(body).await.is(201).number("sends_left"), 2);
    let open = Rig::unlimited(&[]);
    assert_eq!(open.client.send("ada").await.is(201).body["sends_left"], Value::Null);
}

#[tokio::test]
async fn a_refused_send_spends_nothing() {
    let rig = Rig::start(&[]);
    rig.client.issue("ada").await;
    for _ in 0..5 {
        rig.client.send("ada").await.refused(429, "resend_cooldown");
    }
    assert_eq!(rig.counted("ada").await, (0, 1));
}

#[tokio::test]
async fn what_is_known_of_the_client_is_accepted_up_to_its_length() {
    let rig = Rig::unlimited(&[]);
    let with = |field: &str, value: String| {
        let mut body = json!({"subject": "ada", "ip": fresh_ip(), "consent": "security_only"});
        body[field] = json!(value);
        rig.client.send_body(body)
    };
    // Cut, it would be another device's.
    with("device_id", "a".repeat(128)).await.is(201);
    with("device_id", "a".repeat(129)).await.refuses_field("device_id");
    with("consent", "full".into()).await.is(201);
    with("consent", "none".into()).await.refuses_field("consent");
    with("channel", "return".into()).await.is(201);
    with("channel", "pigeon".into()).await.refuses_field("channel");
}
