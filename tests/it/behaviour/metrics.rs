//! What Prometheus reads.

use crate::support::{Client, Rig, keys, wrong_code_than};

/// Calls answered, by what they decided: the refusal's code, the check's reason, or the success.
const SENDS: &str = "otp_sends_total";
const CHECKS: &str = "otp_checks_total";
const LOCKOUTS: &str = "otp_lockouts_total";

#[tokio::test]
async fn metrics_are_open_on_the_admin_listener_in_the_text_format() {
    let rig = Rig::start(&[]);
    let answer = Client::new(rig.sidecar.admin().clone()).get("/metrics").await.is(200);
    assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")), "{answer:?}");
    let metrics = rig.metrics().await;
    assert!(metrics.samples().count() > 0);
    let known = |name: &str| {
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        [name, family].iter().any(|name| metrics.text().contains(&format!("# HELP {name} ")))
    };
    for (name, _, _) in metrics.samples() {
        assert!(name.starts_with("otp_") || name.starts_with("process_"), "{name}");
        assert!(known(name), "no help for {name}");
    }
}

#[tokio::test]
async fn each_decision_is_counted_once() {
    let rig = Rig::start(&[]);
    let before = rig.metrics().await;
    let issued = rig.client.issue("ada").await;
    rig.client.send("ada").await.refused(429, "resend_cooldown");
    rig.client.check_id(&issued.id, &wrong_code_than(&issued.code)).await.rejected("pending", "wrong_code");
    rig.client.check_id(&issued.id, &issued.code).await.approved();
    rig.client.check_id(&issued.id, &issued.code).await.rejected("used", "already_used");
    let after = rig.metrics().await;
    for (name, outcome) in [
        (SENDS, "sent"),
        (SENDS, "resend_cooldown"),
        (CHECKS, "wrong_code"),
        (CHECKS, "approved"),
        (CHECKS, "already_used"),
    ] {
        let label = [("outcome", outcome)];
        assert_eq!(after.value(name, &label) - before.value(name, &label), 1.0, "{name} {outcome}");
    }
}

#[tokio::test]
async fn a_lockout_is_counted() {
    let rig = Rig::start(&[]);
    assert_eq!(rig.metrics().await.value(LOCKOUTS, &[]), 0.0);
    rig.lock_out("ada").await;
    assert_eq!(rig.metrics().await.value(LOCKOUTS, &[]), 1.0);
}

#[tokio::test]
async fn response_times_are_measured() {
    let rig = Rig::start(&[]);
    rig.client.issue("ada").await;
    let metrics = rig.metrics().await;
    assert!(metrics.samples().any(|(name, _, count)| name.ends_with("_seconds_count") && count >= 1.0));
}

#[tokio::test]
async fn metrics_name_no_one() {
    // Long enough that no other number looks like it.
    let rig = Rig::start(&[("OTP_LENGTH", "12")]);
    let issued = rig.client.issue("ada.lovelace").await;
    rig.client.check("ada.lovelace", "Purpose-of-a-stranger", &issued.code).await.is(422);
    rig.client.get("/a-path-of-a-stranger").await.is(404);
    let text = rig.metrics().await.text().to_lowercase();
    for word in ["lovelace", "198.18.", "198.19.", "stranger", &issued.code, &issued.id.to_lowercase(), keys::KEY] {
        assert!(!text.contains(word), "{word}");
    }
}
