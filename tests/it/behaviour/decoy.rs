//! Codes for subjects that the app does not know.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Answer, Rig, client::fresh_ip, scheme::both, wrong_code_than};

fn body(subject: &str) -> Value {
    json!({"subject": subject, "ip": fresh_ip(), "subject_known": false})
}

async fn decoy(rig: &Rig, subject: &str) -> Answer {
    rig.client.send_body(body(subject)).await
}

fn header_names(answer: &Answer) -> BTreeSet<String> {
    answer.headers.keys().map(|name| name.as_str().to_owned()).collect()
}

/// What two answers may differ in: id, code and when it expires.
fn alike(one: &Answer, other: &Answer) {
    assert_eq!((one.status, header_names(one)), (other.status, header_names(other)));
    for name in ["content-type", "content-length", "ratelimit", "ratelimit-policy", "cache-control"] {
        assert_eq!(one.header(name), other.header(name), "{name}");
    }
    let blank = |answer: &Answer| {
        let mut body = answer.body.clone();
        for field in ["id", "code", "expires_at", "request_id"] {
            if let Some(text) = body.get(field).and_then(Value::as_str) {
                body[field] = json!(text.len());
            }
        }
        body
    };
    assert_eq!(blank(one), blank(other));
}

#[tokio::test]
async fn a_decoy_looks_like_any_other_code() {
    both(async |scheme| {
        let rig = Rig::start(&[scheme, &[("MAX_ATTEMPTS_PER_IP_PER_HOUR", "off")]].concat());
        let real = rig.client.send("ada").await.is(201);
        let fake = decoy(&rig, "bob").await.is(201);
        alike(&fake, &real);
        // In the same order, too.
        let order = |answer: &Answer| answer.text.split('"').skip(1).step_by(2).map(String::from).collect::<Vec<_>>();
        assert_eq!(order(&fake).len(), order(&real).len());
        alike(&decoy(&rig, "bob").await.refused(429, "resend_cooldown"), &rig.client.send("ada").await);
        let known = async |answer: &Answer| rig.client.verification(answer.str("id")).await.is(200);
        alike(&known(&fake).await, &known(&real).await);
        let guess =
            async |answer: &Answer| rig.client.check_id(answer.str("id"), &wrong_code_than(answer.str("code"))).await;
        alike(&guess(&fake).await.rejected("pending", "wrong_code"), &guess(&real).await);
        let status = async |subject: &str| {
            let mut status = rig.client.status(subject).await;
            for time in ["last_request_at", "last_attempt_at", "next_request_in"] {
                status[time] = json!(status[time].is_null());
            }
            status
        };
        assert_eq!(status("bob").await, status("ada").await);
    })
    .await;
}

#[tokio::test]
async fn no_code_verifies_and_every_guess_counts() {
    both(async |scheme| {
        let rig = Rig::unlimited(scheme);
        let fake = decoy(&rig, "bob").await.is(201);
        let (id, code) = (fake.str("id"), fake.str("code"));
        for left in [4, 3] {
            let answer = rig.client.check_id(id, code).await.rejected("pending", "wrong_code");
            assert_eq!(answer.number("attempts_left"), left);
        }
        for left in [2, 1] {
            let answer = rig.client.check("bob", "login", code).await.rejected("pending", "wrong_code");
            assert_eq!(answer.number("attempts_left"), left);
        }
        rig.client.check_id(id, code).await.rejected("locked", "wrong_code");
        rig.client.check_id(id, code).await.refused(429, "subject_locked");
        decoy(&rig, "bob").await.refused(429, "subject_locked");
        rig.client.send("bob").await.refused(429, "subject_locked");
        assert_eq!(rig.metrics().await.value("otp_lockouts_total", &[]), 1.0);
    })
    .await;
}

#[tokio::test]
async fn all_of_its_codes_are_tried_and_none_is_right() {
    let weak = [("OTP_LENGTH", "4"), ("OTP_ALLOW_WEAK", "true"), ("OTP_ALPHABET", "0123")];
    let many = [("MAX_FAILED_VERIFICATIONS_PER_OTP", "1000"), ("OTP_MAX_CONSECUTIVE_FAILURES", "0")];
    let rig = Rig::unlimited(&[&weak[..], &many].concat());
    let fake = decoy(&rig, "bob").await.is(201);
    for n in 0..256_u32 {
        let code: String = (0..4).map(|digit| char::from(b'0' + (n >> (2 * digit) & 3) as u8)).collect();
        rig.client.check_id(fake.str("id"), &code).await.rejected("pending", "wrong_code");
    }
}

#[tokio::test]
async fn a_decoy_takes_the_place_of_a_code_and_the_other_way_round() {
    both(async |scheme| {
        let rig = Rig::unlimited(scheme);
        let real = rig.client.issue("ada").await;
        let fake = decoy(&rig, "ada").await.is(201);
        rig.client.check_id(&real.id, &real.code).await.rejected("superseded", "superseded");
        let again = rig.client.issue("ada").await;
        rig.client.check_id(fake.str("id"), fake.str("code")).await.rejected("superseded", "superseded");
        rig.client.check_id(&again.id, &again.code).await.approved();
        let canceled = decoy(&rig, "bob").await.is(201);
        assert_eq!(rig.client.cancel(canceled.str("id")).await.is(200).str("status"), "canceled");
    })
    .await;
}

#[tokio::test]
async fn decoys_are_counted_and_spend_the_same_quotas() {
    let rig = Rig::start(&[("RESEND_COOLDOWN_SECONDS", "0"), ("MAX_ATTEMPTS_PER_IP_PER_HOUR", "5")]);
    let ip = fresh_ip();
    let from = |subject: &str, known: bool| json!({"subject": subject, "ip": ip, "subject_known": known});
    for known in [true, false, false] {
        rig.client.send_body(from("ada", known)).await.is(201);
    }
    rig.client.send_body(from("ada", false)).await.refused(429, "quota_subject");
    for subject in ["bob", "cyd"] {
        rig.client.send_body(from(subject, false)).await.is(201);
    }
    rig.client.send_body(from("dee", false)).await.refused(429, "quota_ip");
    let metrics = rig.metrics().await;
    assert_eq!(metrics.value("otp_decoys_total", &[]), 4.0);
    assert_eq!(metrics.value("otp_requests_total", &[("operation", "send"), ("outcome", "issued")]), 5.0);
}

#[tokio::test]
async fn whether_a_subject_is_known_is_said_by_true_or_false() {
    let rig = Rig::start(&[]);
    for word in [json!("false"), json!(0), json!(null), json!([])] {
        let answer = rig.client.send_body(json!({"subject": "ada", "ip": fresh_ip(), "subject_known": word})).await;
        if word.is_null() && answer.status == 201 {
            continue;
        }
        answer.refuses_field("subject_known");
    }
}
