//! What the app learns of a code after it was sent.

use serde_json::{Value, json};

use crate::support::{
    Answer, Issued, Rig, keys,
    scheme::{HMAC, both},
    wait,
};

async fn delivery(rig: &Rig, id: &str, body: Value) -> Answer {
    rig.client.post(&format!("/v1/verifications/{id}/delivery"), &body).await
}

async fn report(rig: &Rig, id: &str, body: Value) -> Answer {
    rig.client.post(&format!("/v1/verifications/{id}/report"), &body).await
}

fn not_me() -> Value {
    json!({"reason": "not_me"})
}

/// Types and outcomes of the events so far, once there are `n`.
fn told(rig: &Rig, n: usize) -> Vec<(String, String)> {
    wait::until(&format!("{n} events"), wait::PATIENCE, || {
        let lines = rig.sidecar.event_lines();
        let events = lines.iter().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let word = |event: &Value, field: &str| event[field].as_str().expect("a word").to_owned();
        (lines.len() >= n).then(|| events.map(|event| (word(&event, "type"), word(&event, "outcome"))).collect())
    })
}

#[tokio::test]
async fn a_delivery_is_counted_once_whatever_is_said_later() {
    both(async |scheme| {
        let rig = Rig::unlimited(scheme);
        let ids: Vec<_> = rig.issue_all("user", 3).await.into_iter().map(|issued| issued.id).collect();
        let answer = delivery(&rig, &ids[0], json!({"outcome": "delivered", "detail": "250 ok"})).await.is(204);
        assert_eq!(answer.text, "");
        delivery(&rig, &ids[0], json!({"outcome": "delivered"})).await.is(204);
        delivery(&rig, &ids[0], json!({"outcome": "failed"})).await.is(204);
        delivery(&rig, &ids[1], json!({"outcome": "failed", "detail": ""})).await.is(204);
        delivery(&rig, &ids[2], json!({"outcome": "delivered"})).await.is(204);
        let metrics = rig.metrics().await;
        let count = |outcome: &str| metrics.value("otp_deliveries_total", &[("outcome", outcome)]);
        assert_eq!((count("delivered"), count("failed")), (2.0, 1.0));
    })
    .await;
}

#[tokio::test]
async fn a_delivery_changes_nothing_about_the_code() {
    let rig = Rig::unlimited(&[]);
    let issued = rig.client.issue("ada").await;
    delivery(&rig, &issued.id, json!({"outcome": "failed"})).await.is(204);
    assert_eq!(rig.counted("ada").await, (0, 1));
    rig.client.check_id(&issued.id, &issued.code).await.approved();
    delivery(&rig, &issued.id, json!({"outcome": "delivered"})).await.is(204);
    rig.client.check_id(&issued.id, &issued.code).await.rejected("used", "already_used");
}

#[tokio::test]
async fn a_report_cancels_the_code_and_is_counted_once() {
    both(async |scheme| {
        let rig = Rig::unlimited(scheme);
        let issued = rig.client.issue("ada").await;
        let answer = report(&rig, &issued.id, not_me()).await.is(204);
        assert_eq!(answer.text, "");
        rig.client.check_id(&issued.id, &issued.code).await.rejected("canceled", "canceled");
        report(&rig, &issued.id, not_me()).await.is(204);
        assert_eq!(rig.metrics().await.value("otp_not_me_reports_total", &[]), 1.0);
        assert_eq!(rig.counted("ada").await, (0, 1), "no quota given back, no failure");
    })
    .await;
}

#[tokio::test]
async fn a_report_about_a_code_that_ended_leaves_its_end() {
    let rig = Rig::unlimited(&[]);
    let issued = rig.client.issue("ada").await;
    rig.client.check_id(&issued.id, &issued.code).await.approved();
    report(&rig, &issued.id, not_me()).await.is(204);
    assert_eq!(rig.client.verification(&issued.id).await.is(200).str("status"), "approved");
    assert_eq!(rig.metrics().await.value("otp_not_me_reports_total", &[]), 1.0);
}

/// However it ended, and whether it still has its place in the record or gave it to a later code.
#[tokio::test]
async fn a_verification_is_reported_once_whatever_became_of_it() {
    both(async |scheme| {
        let brief = [("OTP_LIFETIME_MINUTES", "10s"), ("ACCOUNT_LOCKOUT_MINUTES", "1s")];
        let rig = Rig::unlimited(&[scheme, &brief].concat());
        let reports = async || rig.metrics().await.value("otp_not_me_reports_total", &[]);
        for end in ["pending", "superseded", "approved", "canceled", "burnt", "expired"] {
            for (replaced, reported_before) in [(false, true), (false, false), (true, true), (true, false)] {
                if end == "expired" && (scheme != HMAC || !reported_before) {
                    continue;
                }
                let subject = format!("{end}, replaced {replaced}, reported before {reported_before}");
                let (before, issued) = (reports().await, rig.client.issue(&subject).await);
                bring_to(&rig, &subject, &issued, end).await;
                if reported_before {
                    report(&rig, &issued.id, not_me()).await.is(204);
                }
                if replaced {
                    let again = || async { (rig.client.send(&subject).await.status == 201).then_some(()) };
                    wait::until_async("another code", wait::PATIENCE, again).await;
                }
                let state = rig.client.verification(&issued.id).await.is(200).str("status").to_owned();
                for _ in 0..3 {
                    report(&rig, &issued.id, not_me()).await.is(204);
                }
                assert_eq!(reports().await - before, 1.0, "{subject}");
                let then = rig.client.verification(&issued.id).await.is(200);
                let status = then.str("status");
                assert!(status == state || (state == "pending" && status == "canceled"), "{subject}: {status}");
            }
        }
    })
    .await;
}

/// Gives a code this status.
async fn bring_to(rig: &Rig, subject: &str, issued: &Issued, end: &str) {
    match end {
        "superseded" => drop(rig.client.issue(subject).await),
        "approved" => drop(rig.client.check_id(&issued.id, &issued.code).await.approved()),
        "canceled" => drop(rig.client.cancel(&issued.id).await.is(200)),
        "burnt" => {
            for wrong in issued.wrong_codes().take(5) {
                rig.client.check_id(&issued.id, &wrong).await.is(200);
            }
        }
        "expired" => {
            let expired =
                || async { (rig.client.verification(&issued.id).await.str("status") == "expired").then_some(()) };
            wait::until_async("the end of the code", wait::PATIENCE, expired).await;
        }
        _ => {}
    }
}

/// Somebody asked for code after code in another's name: reporting an old one leaves the newest alone.
#[tokio::test]
async fn a_report_about_a_code_that_was_replaced_spares_the_new_one() {
    let rig = Rig::unlimited(&[]);
    let old = rig.client.issue("ada").await;
    let new = rig.client.issue("ada").await;
    report(&rig, &old.id, not_me()).await.is(204);
    assert_eq!(rig.metrics().await.value("otp_not_me_reports_total", &[]), 1.0);
    rig.client.check_id(&new.id, &new.code).await.approved();
}

#[tokio::test]
async fn each_is_an_event_of_its_own() {
    let rig = Rig::unlimited(&[]);
    let issued = rig.client.issue("ada").await;
    delivery(&rig, &issued.id, json!({"outcome": "delivered"})).await.is(204);
    delivery(&rig, &issued.id, json!({"outcome": "failed"})).await.is(204);
    report(&rig, &issued.id, not_me()).await.is(204);
    report(&rig, &issued.id, not_me()).await.is(204);
    let failed = rig.client.issue("ada").await;
    delivery(&rig, &failed.id, json!({"outcome": "failed"})).await.is(204);
    let events = told(&rig, 5);
    let words: Vec<_> = events.iter().map(|(kind, outcome)| (kind.as_str(), outcome.as_str())).collect();
    let expected = [
        ("send", "issued"),
        ("delivery", "delivered"),
        ("report", "reported"),
        ("send", "issued"),
        ("delivery", "failed"),
    ];
    assert_eq!(words, expected);
}

#[tokio::test]
async fn an_id_that_is_unknown_or_anothers_is_not_found() {
    let rig = Rig::unlimited(&[]);
    let issued = rig.client.issue("ada").await;
    let delivered = json!({"outcome": "delivered"});
    for id in ["forged", &issued.id[1..], &format!("{}A", issued.id)] {
        delivery(&rig, id, delivered.clone()).await.refused(404, "not_found");
        report(&rig, id, not_me()).await.refused(404, "not_found");
    }
    let bank = rig.client.clone().with_key(keys::OTHER_KEY);
    bank.post(&format!("/v1/verifications/{}/delivery", issued.id), &delivered).await.refused(404, "not_found");
    bank.post(&format!("/v1/verifications/{}/report", issued.id), &not_me()).await.refused(404, "not_found");
    // Ours, but of a subject of whom the store knows nothing any more.
    rig.redis.cli(&["FLUSHALL"]);
    delivery(&rig, &issued.id, delivered).await.refused(404, "not_found");
    report(&rig, &issued.id, not_me()).await.refused(404, "not_found");
    let metrics = rig.metrics().await;
    assert_eq!(metrics.value("otp_deliveries_total", &[]) + metrics.value("otp_not_me_reports_total", &[]), 0.0);
}

#[tokio::test]
async fn bodies_that_say_something_else_are_refused() {
    let rig = Rig::unlimited(&[]);
    let issued = rig.client.issue("ada").await;
    for (body, field) in [
        (json!({}), "outcome"),
        (json!({"outcome": "lost"}), "outcome"),
        (json!({"outcome": true}), "outcome"),
        (json!({"outcome": "delivered", "detail": 1}), "detail"),
        (json!({"outcome": "delivered", "reason": "not_me"}), "reason"),
    ] {
        delivery(&rig, &issued.id, body).await.refuses_field(field);
    }
    for (body, field) in [
        (json!({}), "reason"),
        (json!({"reason": "me"}), "reason"),
        (json!({"reason": null}), "reason"),
        (json!({"reason": "not_me", "ip": "203.0.113.7"}), "ip"),
    ] {
        report(&rig, &issued.id, body).await.refuses_field(field);
    }
    for what in ["delivery", "report"] {
        let path = format!("/v1/verifications/{}/{what}", issued.id);
        rig.client.post_text(&path, "").await.refused(400, "malformed");
        let get = rig.client.get(&path).await.refused(405, "method_not_allowed");
        assert_eq!(get.header("allow"), Some("POST"));
    }
    rig.client.check_id(&issued.id, &issued.code).await.approved();
}
