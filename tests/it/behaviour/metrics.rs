//! What Prometheus reads.

use std::time::Duration;

use crate::support::{Client, Rig, keys, wait, wrong_code_than};

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
    let grown = |name: &str, labels: &[(&str, &str)]| after.value(name, labels) - before.value(name, labels);
    for (operation, outcome) in [
        ("send", "issued"),
        ("send", "resend_cooldown"),
        ("check", "wrong_code"),
        ("check", "approved"),
        ("check", "used"),
    ] {
        let labels = [("operation", operation), ("outcome", outcome)];
        assert_eq!(grown("otp_requests_total", &labels), 1.0, "{operation} {outcome}");
    }
    assert_eq!(grown("otp_refusals_total", &[("operation", "send"), ("rule", "resend_cooldown")]), 1.0);
    assert_eq!(grown("otp_refusals_total", &[]), 1.0);
    assert_eq!(grown("otp_failed_verifications_total", &[]), 1.0);
    assert_eq!(grown("otp_code_lookups_total", &[("result", "hit")]), 3.0);
    assert_eq!(grown("otp_send_to_success_seconds_count", &[]), 1.0);
    assert_eq!(grown("otp_resends_total", &[]), 0.0);
}

#[tokio::test]
async fn a_code_in_place_of_a_pending_one_is_a_resend() {
    let rig = Rig::unlimited(&[]);
    rig.client.issue("ada").await;
    rig.client.issue("ada").await;
    assert_eq!(rig.metrics().await.value("otp_resends_total", &[]), 1.0);
}

#[tokio::test]
async fn lockouts_and_hard_stops_are_counted() {
    let rig = Rig::unlimited(&[("OTP_MAX_CONSECUTIVE_FAILURES", "6"), ("ACCOUNT_LOCKOUT_MINUTES", "1s")]);
    assert_eq!(rig.metrics().await.value("otp_lockouts_total", &[]), 0.0);
    rig.lock_out("ada").await;
    assert_eq!(rig.metrics().await.value("otp_lockouts_total", &[]), 1.0);
    let send = || async {
        let answer = rig.client.send("ada").await;
        (answer.status == 201).then_some(answer)
    };
    let fresh = wait::until_async("the end of the lock", Duration::from_secs(5), send).await;
    rig.client.check_id(fresh.str("id"), &wrong_code_than(fresh.str("code"))).await.is(200);
    assert_eq!(rig.metrics().await.value("otp_subjects_disabled_total", &[]), 1.0);
}

#[tokio::test]
async fn a_store_that_went_away_shows() {
    let mut rig = Rig::start(&[]);
    assert_eq!(rig.metrics().await.value("otp_store_up", &[]), 1.0);
    rig.redis.kill();
    let down = || async { (rig.metrics().await.value("otp_store_up", &[]) == 0.0).then_some(()) };
    wait::until_async("the gauge to fall", wait::PATIENCE, down).await;
    rig.client.send("ada").await.refused(503, "store_unavailable");
    let metrics = rig.metrics().await;
    let labels = [("operation", "send"), ("outcome", "store_unavailable")];
    assert_eq!(metrics.value("otp_requests_total", &labels), 1.0);
}

#[tokio::test]
async fn response_times_are_measured() {
    let rig = Rig::start(&[]);
    rig.client.issue("ada").await;
    let metrics = rig.metrics().await;
    assert!(metrics.value("otp_response_seconds_count", &[("operation", "send")]) == 1.0);
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

#[tokio::test]
async fn a_sidecar_has_fewer_than_a_thousand_series_and_says_what_it_is() {
    let rig = Rig::start(&[]);
    let before = rig.metrics().await;
    let issued = rig.client.issue("ada").await;
    rig.client.check_id(&issued.id, &wrong_code_than(&issued.code)).await.rejected("pending", "wrong_code");
    rig.client.send("ada").await.refused(429, "resend_cooldown");
    rig.client.get("/nothing").await.refused(404, "not_found");
    let metrics = rig.metrics().await;
    let series = metrics.samples().count();
    assert!(series <= 1000 && metrics.text().len() < 80_000, "{series} series, {} bytes", metrics.text().len());
    assert_eq!(series, before.samples().count(), "each was there from the start");
    assert_eq!(metrics.value("otp_build_info", &[("version", env!("CARGO_PKG_VERSION"))]), 1.0);
    let used = metrics.value("process_cpu_seconds_total", &[]);
    assert!(used > 0.0 && used < 60.0, "{used}");
    assert_eq!(metrics.value("process_start_time_seconds", &[]) > 0.0, cfg!(target_os = "linux"));
}
