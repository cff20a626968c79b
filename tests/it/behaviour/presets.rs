//! The two columns of settings, and what an operator may write in their place.

use serde_json::{Value, json};

use crate::support::{Answer, Redis, Rig, Sidecar, client::fresh_ip};

fn fields<const N: usize>(answer: &Answer, names: [&str; N]) -> [Value; N] {
    names.map(|name| answer.body[name].clone())
}

const TOLD: [&str; 4] = ["expires_in", "resend_in", "sends_left", "attempts_left"];

#[tokio::test]
async fn hardened_is_the_default() {
    for variables in [&[][..], &[("OTP_PRESET", "hardened")]] {
        let rig = Rig::start(variables);
        let sent = rig.client.send("ada").await.is(201);
        assert_eq!(fields(&sent, TOLD), [json!(300), json!(60), json!(2), json!(5)]);
        assert_eq!(sent.str("code").len(), 6);
        let (_, locking) = rig.lock_out("bob").await;
        assert_eq!(locking["retry_after"], 900);
        for n in 0..5 {
            rig.client.send_body(json!({"subject": format!("u{n}"), "ip": "203.0.113.7"})).await.is(201);
        }
        rig.client.send_body(json!({"subject": "u5", "ip": "203.0.113.7"})).await.refused(429, "quota_ip");
    }
}

#[tokio::test]
async fn balanced_is_the_other_column() {
    let rig = Rig::start(&[("OTP_PRESET", "balanced")]);
    let sent = rig.client.send_body(json!({"subject": "ada"})).await.is(201);
    assert_eq!(fields(&sent, TOLD), [json!(600), json!(60), json!(4), json!(5)]);
    let (_, locking) = rig.lock_out("bob").await;
    assert_eq!(locking["retry_after"], 1800);
    for n in 0..10 {
        rig.client.send_body(json!({"subject": format!("u{n}"), "ip": "203.0.113.7"})).await.is(201);
    }
}

#[tokio::test]
async fn a_single_variable_overrides_its_cell_only() {
    let rig = Rig::start(&[("OTP_PRESET", "balanced"), ("OTP_LIFETIME_MINUTES", "3"), ("OTP_LENGTH", "7")]);
    let sent = rig.client.send("ada").await.is(201);
    assert_eq!(fields(&sent, TOLD), [json!(180), json!(60), json!(4), json!(5)]);
    assert_eq!(sent.str("code").len(), 7);
}

#[tokio::test]
async fn a_number_has_the_unit_of_its_name_unless_it_names_another() {
    let cases = [("OTP_LIFETIME_MINUTES", "2", 120, 60), ("OTP_LIFETIME_MINUTES", "90s", 90, 60)];
    let pauses = [("RESEND_COOLDOWN_SECONDS", "2m", 300, 120), ("RESEND_COOLDOWN_SECONDS", "1500ms", 300, 2)];
    for (name, value, expires_in, resend_in) in cases.into_iter().chain(pauses) {
        let rig = Rig::start(&[(name, value)]);
        let sent = rig.client.send("ada").await.is(201);
        assert_eq!((sent.number("expires_in"), sent.number("resend_in")), (expires_in, resend_in), "{name}={value}");
    }
}

#[tokio::test]
async fn what_kubernetes_injects_is_no_mistake() {
    let rig = Rig::start(&[
        ("OTP_SERVICE_HOST", "10.0.0.7"),
        ("OTP_SERVICE_PORT", "8080"),
        ("OTP_SERVICE_PORT_HTTP", "8080"),
        ("OTP_PORT", "tcp://10.0.0.7:8080"),
        ("OTP_PORT_8080_TCP", "tcp://10.0.0.7:8080"),
        ("OTP_PORT_8080_TCP_PROTO", "tcp"),
        ("OTP_PORT_8080_TCP_PORT", "8080"),
        ("OTP_PORT_8080_TCP_ADDR", "10.0.0.7"),
    ]);
    rig.client.send_body(json!({"subject": "ada", "ip": fresh_ip()})).await.is(201);
}

/// Each is refused with exit 64 and the words beside it.
const MISTAKES: [(&str, &str, &[&str]); 13] = [
    ("OTP_PRESET", "hardend", &["OTP_PRESET"]),
    ("OTP_LENGTH", "0", &["OTP_LENGTH"]),
    ("OTP_LENGTH", "six", &["OTP_LENGTH"]),
    ("OTP_LIFETIME_MINUTES", "1s", &["OTP_LIFETIME_MINUTES"]),
    ("OTP_LIFETIME_MINUTES", "-5", &["OTP_LIFETIME_MINUTES"]),
    ("RESEND_COOLDOWN_SECONDS", "60 parsecs", &["RESEND_COOLDOWN_SECONDS"]),
    ("MAX_ATTEMPTS_PER_USER_PER_HOUR", "3/0s", &["MAX_ATTEMPTS_PER_USER_PER_HOUR"]),
    ("MAX_FAILED_VERIFICATIONS_PER_OTP", "0", &["MAX_FAILED_VERIFICATIONS_PER_OTP"]),
    ("PROGRESSIVE_LOCKOUT", "maybe", &["PROGRESSIVE_LOCKOUT"]),
    ("OTP_ALPHABET", "0", &["OTP_ALPHABET"]),
    ("OTP_LENGHT", "6", &["OTP_LENGHT", "OTP_LENGTH"]),
    ("RESEND_COOLDOWN_SECOND", "60", &["RESEND_COOLDOWN_SECOND", "RESEND_COOLDOWN_SECONDS"]),
    ("OTP_LENGTH__LOGIN", "4", &["OTP_LENGTH__LOGIN", "1 in "]),
];

#[test]
fn a_mistake_is_named_and_nothing_starts() {
    for (name, value, words) in MISTAKES {
        let (code, stderr) = Sidecar::expect_no_start(&[(name, value), ("REDIS_URL", "unix:///nowhere")]);
        assert_eq!(code, 64, "{name}={value}: {stderr}");
        for word in words {
            assert!(stderr.contains(word), "{name}={value} without {word}: {stderr}");
        }
    }
}

#[test]
fn all_mistakes_are_told_together() {
    let mistakes: Vec<_> = MISTAKES[..10].iter().step_by(2).map(|(name, value, _)| (*name, *value)).collect();
    let (code, stderr) = Sidecar::expect_no_start(&mistakes);
    assert_eq!(code, 64, "{stderr}");
    assert!(mistakes.iter().all(|(name, _)| stderr.contains(name)), "{stderr}");
}

#[test]
fn odds_that_favour_guessing_are_refused_unless_the_operator_insists() {
    let redis = Redis::start();
    let weak = Sidecar::builder().on(&redis).set("OTP_LENGTH", "4");
    let (code, stderr) = weak.clone().expect_no_start();
    assert_eq!(code, 64, "{stderr}");
    assert!(stderr.contains("OTP_ALLOW_WEAK"), "{stderr}");
    weak.set("OTP_ALLOW_WEAK", "true").start();
}

#[test]
fn secrets_that_are_missing_short_or_strangers_to_the_store_are_no_start() {
    let redis = Redis::start();
    let builder = Sidecar::builder().on(&redis);
    for name in ["OTP_PEPPER", "OTP_INDEX_KEY"] {
        let (code, stderr) = builder.clone().unset(name).expect_no_start();
        assert_eq!(code, 64, "{stderr}");
        assert!(stderr.contains(name) && stderr.contains("keygen"), "{stderr}");
        let (code, stderr) = builder.clone().set(name, "c2hvcnQtb25l").expect_no_start();
        assert_eq!(code, 64, "{stderr}");
        assert!(stderr.contains(name) && !stderr.contains("c2hvcnQtb25l"), "{stderr}");
    }
    drop(builder.clone().start());
    let other = "YW5vdGhlci1pbmRleC1rZXktb2YtdGhlLXRlc3RzLS0=";
    let (code, stderr) = builder.set("OTP_INDEX_KEY", other).expect_no_start();
    assert_ne!(code, 0, "{stderr}");
    assert!(stderr.contains("OTP_INDEX_KEY") && !stderr.contains(other), "{stderr}");
}
