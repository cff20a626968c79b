//! The same `Idempotency-Key` is the same call.

use serde_json::{Value, json};

use crate::support::{
    Answer, Client, Issued, Rig, Sidecar, Swarm,
    client::fresh_ip,
    keys,
    scheme::{HMAC, Settings, both},
    wait, wrong_code_than,
};

pub(super) const KEY: &str = "550e8400-e29b-41d4-a716-446655440000";
/// Limits that are far from reached and that every spent send shows in.
const LIMITS: [(&str, &str); 3] = [
    ("RESEND_COOLDOWN_SECONDS", "0"),
    ("MAX_ATTEMPTS_PER_USER_PER_HOUR", "50"),
    ("MAX_ATTEMPTS_PER_IP_PER_HOUR", "50"),
];

pub(super) fn rig(scheme: Settings) -> Rig {
    Rig::start(&[scheme, &LIMITS].concat())
}

/// A second sidecar over the same Redis.
fn beside(rig: &Rig, scheme: Settings) -> Sidecar {
    Sidecar::builder().on(&rig.redis).set_all(scheme).set_all(&LIMITS).start()
}

pub(super) fn keyed(client: &Client, key: &str) -> Client {
    client.clone().with_header("idempotency-key", key)
}

/// A code for `ada` under `key`, and the body that asked for it.
pub(super) async fn send(rig: &Rig, key: &str) -> (Answer, Value) {
    let body = json!({"subject": "ada", "ip": "203.0.113.7"});
    (keyed(&rig.client, key).send_body(body.clone()).await.is(201), body)
}

pub(super) fn issued(answer: &Answer) -> Issued {
    Issued { id: answer.str("id").into(), code: answer.str("code").into() }
}

/// That `again` is `first` once more, byte for byte, and says so.
pub(super) fn replays(again: &Answer, first: &Answer) {
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    assert_eq!(again.header("idempotent-replayed"), Some("true"), "{again:?}");
    assert_eq!(first.header("idempotent-replayed"), None, "{first:?}");
}

#[tokio::test]
async fn a_send_that_is_repeated_is_the_same_send() {
    both(async |scheme| {
        let rig = rig(scheme);
        let other = beside(&rig, scheme);
        let (first, body) = send(&rig, KEY).await;
        for client in [&rig.client, &other.client(), &rig.client] {
            let again = keyed(client, KEY).send_body(body.clone()).await;
            replays(&again, &first);
        }
        assert_eq!(rig.counted("ada").await, (0, 1), "one send");
        assert_eq!(rig.client.status("ada").await["sends_left"], json!(49));
        let metrics = rig.metrics().await;
        assert_eq!(metrics.value("otp_idempotent_replays_total", &[("operation", "send")]), 2.0);
        assert_eq!(metrics.value("otp_resends_total", &[]), 0.0);
        let issued = issued(&first);
        other.client().check_id(&issued.id, &issued.code).await.approved();
    })
    .await;
}

#[tokio::test]
async fn a_check_that_is_repeated_is_the_same_attempt() {
    both(async |scheme| {
        let rig = rig(scheme);
        let other = beside(&rig, scheme);
        let issued = rig.client.issue("ada").await;
        let wrong = json!({"id": issued.id, "code": wrong_code_than(&issued.code), "ip": fresh_ip()});
        let mistyped = keyed(&rig.client, "wrong").check_body(wrong.clone()).await.rejected("pending", "wrong_code");
        assert_eq!(mistyped.number("attempts_left"), 4);
        for client in [&other.client(), &rig.client] {
            replays(&keyed(client, "wrong").check_body(wrong.clone()).await, &mistyped);
        }
        assert_eq!(rig.counted("ada").await.0, 1, "one attempt");
        let right = json!({"id": issued.id, "code": issued.code, "ip": fresh_ip()});
        let first = keyed(&rig.client, "right").check_body(right.clone()).await.approved();
        for client in [&other.client(), &rig.client] {
            replays(&keyed(client, "right").check_body(right.clone()).await, &first);
        }
        // Whoever comes without that key is told the truth.
        rig.client.check_body(right).await.rejected("used", "already_used");
        replays(&keyed(&rig.client, "wrong").check_body(wrong).await, &mistyped);
    })
    .await;
}

#[tokio::test]
async fn the_guess_that_locks_and_the_end_of_a_code_are_remembered_too() {
    both(async |scheme| {
        let rig = rig(scheme);
        let issued = rig.client.issue("ada").await;
        let wrong: Vec<_> = issued.wrong_codes().take(5).collect();
        for wrong in &wrong[..4] {
            rig.client.check_id(&issued.id, wrong).await.rejected("pending", "wrong_code");
        }
        let last = json!({"id": issued.id, "code": wrong[4], "ip": fresh_ip()});
        let first = keyed(&rig.client, KEY).check_body(last.clone()).await.rejected("locked", "wrong_code");
        // Before the lock is looked at: idempotency stands first.
        replays(&keyed(&rig.client, KEY).check_body(last).await, &first);
        assert_eq!(rig.metrics().await.value("otp_lockouts_total", &[]), 1.0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_twenty_at_once_under_one_key_one_is_issued() {
    both(async |scheme| {
        let rig = rig(scheme);
        let other = beside(&rig, scheme);
        let swarm = Swarm::open(&[keyed(&rig.client, KEY), keyed(&other.client(), KEY)], 20).await;
        for trial in 0..20 {
            let subject = format!("user{trial}");
            let body = json!({"subject": subject, "ip": fresh_ip()});
            let answers = swarm.post("/v1/verifications", vec![body; 20]).await;
            let (made, others): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
            let new = made.iter().filter(|answer| answer.header("idempotent-replayed").is_none()).count();
            assert_eq!(new, 1, "{made:?}");
            assert!(made.iter().all(|answer| answer.text == made[0].text), "{made:?}");
            for other in others {
                assert_ne!(scheme, HMAC, "one call has no middle: {other:?}");
                match other.status {
                    503 => other.refused(503, "overloaded"),
                    _ => other.refused(409, "request_in_progress"),
                };
            }
            assert_eq!(rig.counted(&subject).await, (0, 1));
            let issued = issued(&made[0]);
            rig.client.check_id(&issued.id, &issued.code).await.approved();
        }
    })
    .await;
}

#[tokio::test]
async fn a_refusal_is_not_remembered() {
    both(async |scheme| {
        let rig = Rig::start(&[scheme, &LIMITS, &[("RESEND_COOLDOWN_SECONDS", "3")]].concat());
        let (_, body) = send(&rig, "first").await;
        keyed(&rig.client, KEY).send_body(body.clone()).await.refused(429, "resend_cooldown");
        let sent = wait::until_async("the end of the pause", wait::PATIENCE, || async {
            Some(keyed(&rig.client, KEY).send_body(body.clone()).await).filter(|answer| answer.status == 201)
        });
        assert_eq!(sent.await.header("idempotent-replayed"), None);
        keyed(&rig.client, "sick").send_body(json!({"subject": ""})).await.refuses_field("subject");
        keyed(&rig.client, "sick").check("ada", "login", "1x").await.refused(422, "invalid_code");
        keyed(&rig.client, "sick").check("ada", "login", "000000").await.is(200);
    })
    .await;
}

#[tokio::test]
async fn a_key_belongs_to_its_tenant_its_operation_and_its_subject() {
    both(async |scheme| {
        let rig = rig(scheme);
        let (first, body) = send(&rig, KEY).await;
        let bank = keyed(&rig.client, KEY).with_key(keys::OTHER_KEY).send_body(body).await.is(201);
        assert_ne!(bank.str("id"), first.str("id"));
        let bob = keyed(&rig.client, KEY).send("bob").await.is(201);
        let issued = issued(&first);
        let check = keyed(&rig.client, KEY).check_id(&issued.id, &issued.code).await.approved();
        for answer in [bank, bob, check] {
            assert_eq!(answer.header("idempotent-replayed"), None, "{answer:?}");
        }
        // The tenant's second key is the same tenant's.
        let (again, body) = send(&rig, "rotated").await;
        replays(&keyed(&rig.client, "rotated").with_key(keys::ROTATED_KEY).send_body(body).await, &again);
    })
    .await;
}

#[tokio::test]
async fn what_is_no_key_is_refused_before_anything_is_done() {
    let rig = rig(HMAC);
    let issued = rig.client.issue("ada").await;
    for key in ["", " ", "a b", "\u{e4}", &"k".repeat(65)] {
        let client = keyed(&rig.client, key);
        client.send("ada").await.refuses_field("Idempotency-Key");
        client.check_id(&issued.id, &issued.code).await.refuses_field("Idempotency-Key");
    }
    assert_eq!(rig.counted("ada").await, (0, 1));
    keyed(&rig.client, &"k".repeat(64)).check_id(&issued.id, &issued.code).await.approved();
}

#[tokio::test]
async fn after_its_code_ended_the_answer_is_the_same_but_for_the_code() {
    both(async |scheme| {
        for end in ["used", "canceled", "superseded", "burnt"] {
            let rig = rig(scheme);
            let (first, body) = send(&rig, KEY).await;
            let issued = issued(&first);
            match end {
                "used" => drop(rig.client.check_id(&issued.id, &issued.code).await.approved()),
                "canceled" => drop(rig.client.cancel(&issued.id).await.is(200)),
                "superseded" => drop(rig.client.issue("ada").await),
                _ => {
                    for wrong in issued.wrong_codes().take(5) {
                        rig.client.check_id(&issued.id, &wrong).await.is(200);
                    }
                }
            }
            let again = keyed(&rig.client, KEY).send_body(body).await.is(201);
            assert_eq!(again.header("idempotent-replayed"), Some("true"), "{end}");
            let mut expected = first.body.clone();
            expected.as_object_mut().unwrap().remove("code");
            assert_eq!(again.body, expected, "{end}");
        }
    })
    .await;
}

/// 422 comes before idempotency: what can be no code is told so, also where its length is known to the store alone.
#[tokio::test]
async fn under_a_reused_key_what_can_be_no_code_is_still_no_code() {
    both(async |scheme| {
        let rig = rig(scheme);
        let longer = Sidecar::builder().on(&rig.redis).set_all(scheme).set_all(&LIMITS).set("OTP_LENGTH", "8").start();
        let issued = rig.client.issue("ada").await;
        let check = |code: &str| json!({"subject": "ada", "code": code, "ip": "203.0.113.7"});
        let first = keyed(&rig.client, KEY).check_body(check(&wrong_code_than(&issued.code))).await;
        first.rejected("pending", "wrong_code");
        for client in [&rig.client, &longer.client()] {
            for malformed in ["1", "12345678", "abcdef"] {
                keyed(client, KEY).check_body(check(malformed)).await.refused(422, "invalid_code");
            }
            keyed(client, KEY).check_body(check(&issued.code)).await.refused(422, "idempotency_key_reused");
        }
        assert_eq!(rig.counted("ada").await, (1, 1), "nothing was evaluated");
    })
    .await;
}
