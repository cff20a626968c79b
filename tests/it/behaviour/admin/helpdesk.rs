//! Somebody calls and cannot get in: who they are, why it is, and what ends it.

use serde_json::{Value, json};

use super::{SOON, admin, inspect, rig, unlock};
use crate::support::{Client, Rig, keys, wait, wrong_code_than};

/// Waits until a user is remembered longer than their record is.
pub async fn known(rig: &Rig, subject: &str) {
    rig.client.issue(subject).await;
    let exported = || rig.redis.keys().iter().any(|key| key.windows(3).any(|part| part == b":p:")).then_some(());
    wait::until("the export of its event", SOON, exported);
}

fn near(answer: &Value) -> Vec<(&str, &str)> {
    let text = |near: &Value, name: &str| near[name].as_str().unwrap().to_owned().leak() as &str;
    answer["near"].as_array().unwrap().iter().map(|near| (text(near, "subject"), text(near, "tenant"))).collect()
}

#[tokio::test]
async fn somebody_never_seen_is_told_apart_and_near_spellings_that_were_are_offered() {
    let rig = rig(&[]);
    for user in ["ann@example.com", "anne@example.com", "+15550001234"] {
        known(&rig, user).await;
    }
    let other = Client::new(rig.sidecar.app().clone()).with_key(keys::OTHER_KEY);
    other.issue("carol").await;
    for (typed, found) in [
        ("nan@example.com", vec![("ann@example.com", "shop")]),
        ("ann@exmaple.com", vec![("ann@example.com", "shop")]),
        ("Annn@example.com", vec![("ann@example.com", "shop"), ("anne@example.com", "shop")]),
        ("+1555001234", vec![("+15550001234", "shop")]),
        ("carol", vec![("carol", "bank")]),
        ("somebody else", vec![]),
    ] {
        let offered = || async {
            let answer = inspect(&rig.sidecar, typed).await;
            (near(&answer) == found).then_some(answer)
        };
        let answer = wait::until_async(typed, SOON, offered).await;
        assert_eq!(answer["seen"], false, "{typed}");
        assert!(answer["sentence"].as_str().unwrap().starts_with("Nobody was ever seen under this spelling"));
    }
    let seen = inspect(&rig.sidecar, "ANN@example.com").await;
    assert_eq!(
        (&seen["seen"], &seen["sentence"], near(&seen).len()),
        (&true.into(), &"Nothing stops this user.".into(), 0)
    );
}

#[tokio::test]
async fn to_unlock_somebody_never_seen_makes_nobody_of_them() {
    let rig = rig(&[]);
    known(&rig, "ann@example.com").await;
    assert_eq!(unlock(&rig.sidecar, "nan@example.com").await.is(200).number("unlocked"), 0);
    let told = super::events(&rig.sidecar, "admin.unlock", 1).await;
    assert_eq!((&told[0]["actor"], &told[0]["who"]["reason"]), (&"ops".into(), &"asked for".into()));
    assert_eq!(told[0]["who"].get("subject"), None);
    let answer = inspect(&rig.sidecar, "nan@example.com").await;
    assert_eq!((&answer["seen"], near(&answer)), (&false.into(), vec![("ann@example.com", "shop")]));
}

#[tokio::test]
async fn an_unlock_with_sends_ends_the_pause_and_the_quotas_and_one_without_does_not() {
    let ip = "203.0.113.7";
    let rig = Rig::start(&[
        ("OTP_VIEWER_KEYS", &keys::viewer_keys()),
        ("MAX_ATTEMPTS_PER_USER_PER_HOUR", "1"),
        ("MAX_ATTEMPTS_PER_IP_PER_HOUR", "4"),
        ("MAX_ATTEMPTS_PER_USER_PER_HOUR__RESET", "1"),
        ("RESEND_COOLDOWN_SECONDS__RESET", "60s"),
    ]);
    let send = |subject: &str, purpose: &str| json!({"subject": subject, "purpose": purpose, "ip": ip});
    let act = async |body: Value| admin(&rig.sidecar).post("/admin/v1/unlock", &body).await.is(200).number("unlocked");
    let ann = json!({"subject": "ann", "tenant": "shop", "reason": "called"});
    let with = |body: &Value| {
        let mut body = body.clone();
        body["sends"] = true.into();
        body
    };
    for purpose in ["login", "reset"] {
        rig.client.send_body(send("ann", purpose)).await.is(201);
        rig.client.send_body(send("ann", purpose)).await.is(429);
    }
    assert_eq!(act(ann.clone()).await, 0);
    rig.client.send_body(send("ann", "login")).await.is(429);
    let answer = inspect(&rig.sidecar, "ann").await;
    assert!(
        answer["sentence"]
            .as_str()
            .unwrap()
            .starts_with("No more codes are sent, since as many were as may be, for 60 more")
    );
    assert_eq!(answer["blocked_by"][0]["ended_by"], "time, or an unlock with sends");
    assert_eq!(act(with(&ann)).await, 1);
    assert_eq!(act(with(&ann)).await, 0, "nothing was left to end");
    // When they were last sent one is known still.
    assert!(inspect(&rig.sidecar, "ann").await["status"]["last_request_at"].is_string());
    for purpose in ["login", "reset"] {
        rig.client.send_body(send("ann", purpose)).await.is(201);
    }
    // Now it is their network's turn.
    rig.client.send_body(send("bob", "login")).await.refused(429, "quota_ip");
    let network = json!({"ip": ip, "tenant": "shop", "reason": "an office"});
    assert_eq!(act(network.clone()).await, 0);
    rig.client.send_body(send("bob", "login")).await.refused(429, "quota_ip");
    assert_eq!(act(with(&network)).await, 1);
    wait::until_async("no refusal from memory", SOON, || async {
        (rig.client.send_body(send("bob", "login")).await.status == 201).then_some(())
    })
    .await;
}

/// A pause is told in seconds, to the second.
#[tokio::test]
async fn a_short_wait_is_told_in_seconds() {
    let rig = rig(&[("RESEND_COOLDOWN_SECONDS", "90s")]);
    rig.client.issue("ann").await;
    let said = inspect(&rig.sidecar, "ann").await["sentence"].as_str().unwrap().to_owned();
    let rest = said.strip_prefix("The next code is sent only after a pause, for ").expect(&said);
    let (count, until) = rest.split_once(" more second").expect(&said);
    assert!((1..=90).contains(&count.parse::<u32>().unwrap()), "{said}");
    assert!(
        until.contains("(until 2") && until.ends_with("Z).") && !until.trim_end_matches('.').contains('.'),
        "{said}"
    );
}

#[tokio::test]
async fn why_a_user_is_stopped_is_one_sentence_that_can_be_read_out() {
    let rig = rig(&[("MAX_FAILED_VERIFICATIONS_PER_OTP", "2"), ("OTP_MAX_CONSECUTIVE_FAILURES", "3")]);
    let says = async |subject: &str| inspect(&rig.sidecar, subject).await["sentence"].as_str().unwrap().to_owned();
    rig.lock_out("ann").await;
    let said = says("ann").await;
    assert!(
        said.starts_with("No code is sent or taken, after 2 failed attempts, for 15 more minutes (until 2"),
        "{said}"
    );
    assert!(said.ends_with("Z), or until an operator unlocks."), "{said}");
    let body = json!({"subject": "bob", "tenant": "shop", "minutes": 30, "reason": "stolen"});
    admin(&rig.sidecar).post("/admin/v1/lock", &body).await.is(200);
    let said = says("bob").await;
    assert!(said.contains("since an operator locked this user, for 30 more minutes"), "{said}");
    let issued = rig.client.issue("cyd").await;
    for _ in 0..2 {
        rig.client.check_id(&issued.id, &wrong_code_than(&issued.code)).await.is(200);
    }
    unlock(&rig.sidecar, "cyd").await.is(200);
    let issued = rig.client.issue("cyd").await;
    for wrong in issued.wrong_codes().take(2) {
        rig.client.check_id(&issued.id, &wrong).await;
    }
    rig.lock_out("ann2").await;
    assert!(says("cyd").await.starts_with("No code is sent or taken, after"));
}
