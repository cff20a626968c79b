//! What stands against a subject.

use serde_json::{Value, json};

use crate::support::{Rig, keys, wrong_code_than};

const FIELDS: [&str; 12] = [
    "locked",
    "locked_until",
    "lock_level",
    "disabled",
    "can_request",
    "next_request_in",
    "requests_last_hour",
    "sends_left",
    "failed_attempts",
    "attempts_left",
    "last_request_at",
    "last_attempt_at",
];

#[tokio::test]
async fn nothing_stands_against_a_subject_never_seen() {
    let rig = Rig::start(&[]);
    let status = rig.client.status("ada").await;
    let expected = [
        json!(false),
        Value::Null,
        json!(0),
        json!(false),
        json!(true),
        json!(0),
        json!(0),
        json!(3),
        json!(0),
        json!(5),
        Value::Null,
        Value::Null,
    ];
    assert_eq!(FIELDS.map(|field| status[field].clone()), expected, "{status}");
    assert!(status.as_object().unwrap().contains_key("pending"), "{status}");
}

#[tokio::test]
async fn a_send_and_a_wrong_code_show() {
    let rig = Rig::start(&[]);
    let issued = rig.client.issue("ada").await;
    rig.client.check_id(&issued.id, &wrong_code_than(&issued.code)).await.rejected("pending", "wrong_code");
    let status = rig.client.status("ada").await;
    let shown = ["can_request", "requests_last_hour", "sends_left", "failed_attempts", "attempts_left"];
    assert_eq!(
        shown.map(|field| status[field].clone()),
        [json!(false), json!(1), json!(2), json!(1), json!(4)],
        "{status}"
    );
    assert!((1..=60).contains(&status["next_request_in"].as_u64().unwrap()), "{status}");
    for at in ["last_request_at", "last_attempt_at"] {
        assert!(status[at].as_str().is_some_and(|at| at.ends_with('Z')), "{status}");
    }
}

#[tokio::test]
async fn a_lock_shows_with_its_end_and_level() {
    let rig = Rig::unlimited(&[]);
    let (_, locking) = rig.lock_out("ada").await;
    let status = rig.client.status("ada").await;
    let shown = ["locked", "locked_until", "lock_level", "can_request", "attempts_left", "disabled"];
    assert_eq!(
        shown.map(|field| status[field].clone()),
        [json!(true), locking["locked_until"].clone(), json!(1), json!(false), json!(0), json!(false)],
        "{status}"
    );
}

#[tokio::test]
async fn asking_changes_nothing() {
    let rig = Rig::start(&[]);
    let issued = rig.client.issue("ada").await;
    for _ in 0..20 {
        rig.client.status("ada").await;
    }
    assert_eq!(rig.counted("ada").await, (0, 1));
    rig.client.check_id(&issued.id, &issued.code).await.approved();
}

#[tokio::test]
async fn a_tenant_sees_only_its_own() {
    let rig = Rig::start(&[]);
    rig.client.issue("ada").await;
    let other = rig.client.clone().with_key(keys::OTHER_KEY);
    assert_eq!(other.status("ada").await["requests_last_hour"], json!(0));
}

#[tokio::test]
async fn a_purpose_with_a_budget_of_its_own_is_asked_for_by_name() {
    let rig = Rig::start(&[("MAX_ATTEMPTS_PER_USER_PER_HOUR__SIGN_UP", "9")]);
    let body = json!({"subject": "ada", "purpose": "sign_up"});
    let status = rig.client.post("/v1/status", &body).await.is(200).body;
    assert_eq!(status["sends_left"], json!(9));
}
