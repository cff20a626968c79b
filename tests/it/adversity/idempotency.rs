//! Remembered answers, when calls are lost half-way and when somebody reads the store.

use hyper::Method;
use serde_json::{Value, json};

use super::at_rest::{contents, forms, holds};
use crate::support::{
    Client, HeldHash, Redis, Rig, Sidecar,
    client::fresh_ip,
    rig::UNLIMITED,
    scheme::{CHEAP, HMAC, both},
    wait, wrong_code_than,
};

const KEY: &str = "key-of-the-countess-0123456789";
const SEND: &str = "/v1/verifications";
const CHECK: &str = "/v1/verifications/check";
const LONGEST_MS: i64 = 60_000;

fn keyed(client: &Client) -> Client {
    client.clone().with_header("idempotency-key", KEY)
}

#[tokio::test]
async fn neither_code_nor_key_stands_in_the_store_and_both_are_gone_in_a_minute() {
    both(async |scheme| {
        // So long that no time stamp or counter contains it by chance.
        let rig = Rig::unlimited(&[scheme, &[("OTP_LENGTH", "12")]].concat());
        let sent = keyed(&rig.client).send("ada").await.is(201);
        let (id, code) = (sent.str("id"), sent.str("code"));
        let wrong = wrong_code_than(code);
        keyed(&rig.client).check_id(id, &wrong).await.rejected("pending", "wrong_code");
        let mut kinds = Vec::new();
        for key in rig.redis.keys() {
            let name = key.escape_ascii().to_string();
            let bytes = contents(&rig.redis, &key);
            for secret in [KEY, code, &wrong, id] {
                assert!(forms(secret).iter().all(|form| !holds(&bytes, form)), "{secret} stands in {name}");
            }
            let kind = [":k:", ":c:"].into_iter().find(|kind| holds(&key, kind.as_bytes()));
            if let Some(kind) = kind {
                let ttl: i64 = rig.redis.ask_key("PTTL", &key, &[]);
                assert!((1..=LONGEST_MS).contains(&ttl), "{name} ends in {ttl} ms");
                kinds.push(kind);
            }
        }
        kinds.sort_unstable();
        assert_eq!(kinds, [":c:", ":k:", ":k:"], "the answers of a send and a check, and one code");
        rig.client.check_id(id, code).await.approved();
        assert!(rig.redis.keys().iter().all(|key| !holds(key, b":c:")), "a code that ended is held no longer");
    })
    .await;
}

/// The connection is there and the scripts are known: one call of each is all that a frozen server is sent.
async fn warm(rig: Rig) -> Rig {
    let issued = rig.client.issue("warm").await;
    rig.client.check_id(&issued.id, &issued.code).await.approved();
    rig
}

/// Asks while the store is frozen, so that the script runs and its answer is lost; then lets the store go on.
async fn lost(rig: &Rig, path: &'static str, body: &Value) {
    rig.redis.pause();
    keyed(&rig.client).post(path, body).await.refused(503, "store_unavailable");
    rig.redis.resume();
}

/// The same call again, once the store answers.
async fn again(rig: &Rig, path: &'static str, body: &Value) -> crate::support::Answer {
    let call = || async { Some(keyed(&rig.client).post(path, body).await).filter(|answer| answer.status != 503) };
    wait::until_async("the store to be back", wait::PATIENCE, call).await
}

#[tokio::test]
async fn a_send_whose_answer_was_lost_is_told_when_asked_again() {
    let rig = warm(Rig::unlimited(HMAC)).await;
    let body = json!({"subject": "ada", "ip": fresh_ip()});
    lost(&rig, SEND, &body).await;
    let sent = again(&rig, SEND, &body).await.is(201);
    assert_eq!(sent.header("idempotent-replayed"), Some("true"), "it had happened: {sent:?}");
    assert_eq!(rig.counted("ada").await, (0, 1), "one send");
    rig.client.check_id(sent.str("id"), sent.str("code")).await.approved();
}

#[tokio::test]
async fn a_check_whose_answer_was_lost_is_told_when_asked_again() {
    for right in [false, true] {
        let rig = warm(Rig::unlimited(HMAC)).await;
        let issued = rig.client.issue("ada").await;
        let code = if right { issued.code.clone() } else { wrong_code_than(&issued.code) };
        let body = json!({"id": issued.id, "code": code, "ip": fresh_ip()});
        lost(&rig, CHECK, &body).await;
        let checked = again(&rig, CHECK, &body).await.is(200);
        assert_eq!(checked.header("idempotent-replayed"), Some("true"), "it had happened: {checked:?}");
        assert_eq!(checked.body["valid"], json!(right));
        assert_eq!(rig.counted("ada").await.0, u64::from(!right), "one attempt");
    }
}

/// With a hash between two calls the store may freeze in the middle: the second call is the one whose answer is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verdict_whose_answer_was_lost_is_told_when_asked_again() {
    for right in [false, true] {
        let (redis, hash) = (Redis::start(), HeldHash::new());
        let sidecar = hash.on(Sidecar::builder().on(&redis).set_all(&UNLIMITED).set_all(CHEAP)).start();
        let rig = warm(Rig { client: sidecar.client(), sidecar, redis }).await;
        let other = rig.another(HMAC);
        let issued = rig.client.issue("ada").await;
        let code = if right { issued.code.clone() } else { wrong_code_than(&issued.code) };
        let body = json!({"id": issued.id, "code": code, "ip": fresh_ip()});
        let (client, text) = (keyed(&rig.client), body.to_string());
        hash.hold();
        let call =
            tokio::spawn(async move { client.try_call(Method::POST, CHECK, text.into()).await.expect("an answer") });
        let charged = || async { (other.client().status("ada").await["failed_attempts"] == 1).then_some(()) };
        wait::until_async("the charge", wait::PATIENCE, charged).await;
        assert!(!call.is_finished(), "the hash still runs");
        keyed(&rig.client).post(CHECK, &body).await.refused(409, "request_in_progress");
        rig.redis.pause();
        hash.release();
        call.await.unwrap().refused(503, "store_unavailable");
        rig.redis.resume();
        let checked = again(&rig, CHECK, &body).await.is(200);
        assert_eq!(checked.header("idempotent-replayed"), Some("true"), "it had happened: {checked:?}");
        assert_eq!(checked.body["valid"], json!(right));
        assert_eq!(rig.counted("ada").await.0, u64::from(!right), "one attempt");
    }
}

/// The code was never compared, so there is no outcome to tell; the guess is gone, and the same key may try anew.
#[tokio::test]
async fn a_charge_whose_answer_was_lost_stands() {
    let rig = warm(Rig::unlimited(CHEAP)).await;
    let issued = rig.client.issue("ada").await;
    let body = json!({"id": issued.id, "code": issued.code, "ip": fresh_ip()});
    lost(&rig, CHECK, &body).await;
    again(&rig, CHECK, &body).await.refused(409, "request_in_progress");
    assert_eq!(rig.counted("ada").await.0, 1);
    let anew = || async {
        let answer = keyed(&rig.client).post(CHECK, &body).await;
        (answer.status != 409).then_some(answer)
    };
    let checked = wait::until_async("the key to be free", wait::PATIENCE, anew).await.approved();
    assert_eq!(checked.header("idempotent-replayed"), None);
}
