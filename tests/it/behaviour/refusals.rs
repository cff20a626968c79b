//! How a refusal looks, and which comes first.

use hyper::Method;
use serde_json::json;

use crate::support::{Rig, client::fresh_ip};

#[tokio::test]
async fn a_refusal_speaks_to_people_and_to_programs() {
    let rig = Rig::start(&[]);
    rig.client.issue("ada").await;
    let refusal = rig.client.send("ada").await.refused(429, "resend_cooldown");
    let wait = refusal.number("retry_after");
    assert!((58..=60).contains(&wait), "{refusal:?}");
    assert!(refusal.str("detail").contains(&wait.to_string()), "the seconds in words: {refusal:?}");
    assert_eq!(refusal.body["limit"], json!({"name": "subject_cooldown", "max": 1, "window": 60}));
}

#[tokio::test]
async fn the_longest_wait_of_pause_and_quotas_is_the_one_that_is_told() {
    let rig = Rig::start(&[("MAX_ATTEMPTS_PER_USER_PER_HOUR", "1"), ("MAX_ATTEMPTS_PER_IP_PER_HOUR", "1/2h")]);
    let body = json!({"subject": "ada", "ip": "203.0.113.7"});
    rig.client.send_body(body.clone()).await.is(201);
    let all = rig.client.send_body(body).await.refused(429, "quota_ip");
    assert!((7190..=7200).contains(&all.number("retry_after")), "{all:?}");
    let two = rig.client.send("ada").await.refused(429, "quota_subject");
    assert!((3590..=3600).contains(&two.number("retry_after")), "{two:?}");
}

#[tokio::test]
async fn a_mistake_comes_before_a_lock_and_a_lock_before_a_pause() {
    let rig = Rig::start(&[]);
    let (issued, _) = rig.lock_out("ada").await;
    rig.client.send_body(json!({"subject": "ada", "ip": fresh_ip(), "purpose": "?"})).await.refuses_field("purpose");
    rig.client.check_id(&issued.id, "12").await.refused(422, "invalid_code");
    rig.client.send("ada").await.refused(429, "subject_locked");
}

#[tokio::test]
async fn unknown_places_and_methods_are_told_apart() {
    let rig = Rig::start(&[]);
    for path in ["/", "/v1", "/v1/verification", "/v1/verifications/", "/v1/verifications/a/b", "/V1/verifications"] {
        rig.client.get(path).await.refused(404, "not_found");
    }
    for (method, path, allowed) in [
        (Method::GET, "/v1/verifications", "POST"),
        (Method::DELETE, "/v1/verifications", "POST"),
        (Method::PUT, "/v1/status", "POST"),
        (Method::DELETE, "/v1/verifications/x", "GET"),
        (Method::GET, "/v1/verifications/x/cancel", "POST"),
        (Method::POST, "/livez", "GET"),
    ] {
        let refusal = rig.client.call(method, path).await.refused(405, "method_not_allowed");
        let allow = refusal.header("allow").unwrap_or_default();
        assert!(allow.split(',').any(|method| method.trim() == allowed), "{path}: {allow}");
    }
}

#[tokio::test]
async fn only_json_is_read() {
    let rig = Rig::start(&[]);
    let body = json!({"subject": "ada", "ip": fresh_ip()}).to_string();
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonx",
        "application/problem+json",
        "application/json; charset=latin1",
        "",
    ] {
        let client = rig.client.clone().with_header("content-type", kind);
        client.post_text("/v1/verifications", body.clone()).await.refused(415, "unsupported_media_type");
    }
    let packed = rig.client.clone().with_header("content-encoding", "gzip");
    packed.post_text("/v1/verifications", body).await.refused(415, "unsupported_media_type");
    for kind in ["application/json; charset=utf-8", "Application/JSON", "application/json;charset=\"UTF-8\"; q=1"] {
        let client = rig.client.clone().with_header("content-type", kind);
        let body = json!({"subject": kind, "ip": fresh_ip()}).to_string();
        client.post_text("/v1/verifications", body).await.is(201);
    }
    assert_eq!(rig.counted("ada").await, (0, 0));
}

/// Answers hold codes and who is locked: no cache may keep them, no browser may guess what they are.
#[tokio::test]
async fn no_answer_is_kept_and_who_shows_no_key_is_told_how() {
    let rig = Rig::start(&[]);
    let keyless = rig.client.clone().with_key("wrong-key-0123456789-0123456789-0123").send("ada").await;
    let issued = rig.client.send("ada").await.is(201);
    let reported = format!("/v1/verifications/{}/report", issued.str("id"));
    let empty = rig.client.post(&reported, &json!({"reason": "not_me"})).await.is(204);
    assert_eq!((empty.header("content-type"), empty.header("content-length")), (None, None));
    for answer in [&keyless, &issued, &empty, &rig.client.get("/livez").await] {
        let kept = ["cache-control", "x-content-type-options"].map(|name| answer.header(name));
        assert_eq!(kept, [Some("no-store"), Some("nosniff")], "{answer:?}");
    }
    assert_eq!((keyless.header("www-authenticate"), issued.header("www-authenticate")), (Some("Bearer"), None));
}

#[tokio::test]
async fn a_refusal_shows_nothing_of_the_inside() {
    let rig = Rig::start(&[]);
    rig.client.issue("ada").await;
    let secret = rig.redis.url();
    let answers = [
        rig.client.send("ada").await,
        rig.client.get("/nowhere").await,
        rig.client.post_text("/v1/verifications", "{").await,
        rig.client.clone().with_key("wrong-key-0123456789-0123456789-0123").send("ada").await,
    ];
    for answer in answers {
        let all = format!("{:?}{}", answer.headers, answer.text).to_lowercase();
        for word in
            ["redis", "lua", "panicked", "src/", ".rs", "hyper", env!("CARGO_PKG_VERSION"), "wrong-key", &secret]
        {
            assert!(!all.contains(word), "{word} in {all}");
        }
    }
}
