//! Patterns over several calls, by a real sidecar: strangers, networks that fail at one user, and refused sends.

use otp_sidecar::risk::table::Table;
use serde_json::{Value, json};

use super::learned::{AWAY, HOME, Place, codes, each_ends, issue, of_kind, profiles, rig, sign_in, waiting};
use crate::support::{Monitor, Rig, client::wrong_code_than, keys, monitor::Command, wait};

/// Whose `2001:db8::/32` is, by `mmdb/make.py`.
const CARRIER: u32 = 64_504;

#[tokio::test]
async fn strangers_who_fail_from_one_network_are_told_of_at_the_threshold_and_not_before() {
    let rig = rig(&[("OTP_RISK", "step_up"), ("OTP_RISK_SPRAY", "4/1h"), ("OTP_RISK_GUESS", "2/24h")]);
    let fail = async |subject: &str, ip: &str| {
        let with = Place { ip: HOME.ip, ..AWAY };
        let (issued, _) = issue(&rig.client, subject, with).await;
        let body = json!({"id": issued.id, "code": wrong_code_than(&issued.code), "ip": ip, "device_id": "x"});
        assert_eq!(rig.client.check_body(body).await.is(200).body["reason"], "wrong_code");
    };
    // Users of an office: its network is known to each of them.
    for user in 0..4 {
        sign_in(&rig.client, &format!("known{user}"), HOME).await;
    }
    wait::until("their profiles", wait::PATIENCE, || (profiles(&rig.redis).len() == 4).then_some(()));
    for user in 0..4 {
        fail(&format!("known{user}"), HOME.ip).await;
    }
    // The same three strangers, again and again.
    for user in 0..9 {
        fail(&format!("user{}", user % 3), AWAY.ip).await;
    }
    wait::until("an empty outbox", wait::PATIENCE, || waiting(&rig.redis));
    assert!(of_kind(&rig.redis, ":flagged").is_empty());
    fail("user3", AWAY.ip).await;
    rig.sidecar.tells("the spraying", |line| line.contains(r#""type":"suspicious","outcome":"spraying""#));
    // Somebody who comes from there and did nothing wrong.
    let flagged = || async {
        let (_, answer) = sign_in(&rig.client, "bob", AWAY).await;
        (codes(&answer).contains("spraying_network") && answer["risk"]["action"] == "step_up").then_some(())
    };
    wait::until_async("the flag to be known", wait::PATIENCE, flagged).await;
    // One more network at a subject is too many.
    fail("user3", HOME.ip).await;
    rig.sidecar.tells("the guessing", |line| line.contains(r#""type":"suspicious","outcome":"guessing""#));
    each_ends(&rig.redis);
    let flags = || -> Vec<u8> {
        let keys = of_kind(&rig.redis, ":flagged");
        let all = keys.iter().flat_map(|key| rig.redis.ask_key::<Vec<Vec<u8>>>("ZRANGE", key, &["0", "-1"]));
        all.map(|flag| flag[0]).collect()
    };
    let unlock = async || {
        let unlock = json!({"ip": AWAY.ip, "tenant": keys::TENANT, "reason": "a class"});
        rig.sidecar.admin_client().post("/admin/v1/unlock", &unlock).await.is(200).body["unlocked"].clone()
    };
    assert_eq!((unlock().await, unlock().await), (json!(1), json!(0)));
    for outcome in ["recorded", "not_found"] {
        let told = format!(r#""type":"admin.unlock","outcome":"{outcome}""#);
        rig.sidecar.tells(outcome, |line| line.contains(&told));
    }
    assert_eq!(flags(), b"s");
    // Not by one more.
    fail("user4", AWAY.ip).await;
    wait::until("an empty outbox", wait::PATIENCE, || waiting(&rig.redis));
    assert_eq!(flags(), b"s");
    // Nothing of a user stays who is erased.
    let about = json!({"subject": "user3", "tenant": keys::TENANT, "reason": "asked for"});
    let whom = json!({"subject": "user3", "tenant": keys::TENANT});
    let inspect = async || {
        rig.sidecar.admin_client().post("/admin/v1/subjects/inspect", &whom).await.is(200).body["risk"].clone()
    };
    let held = inspect().await;
    assert_eq!((&held["failing_networks"], &held["under_guessing"]), (&json!(2), &json!(true)));
    rig.sidecar.admin_client().post("/admin/v1/subjects/erase", &about).await.is(200);
    assert_eq!((inspect().await, flags()), (Value::Null, Vec::new()));
}

#[tokio::test]
async fn on_an_offices_first_morning_nobody_is_a_stranger_who_mistypes_and_signs_in() {
    let rig = rig(&[("OTP_RISK", "step_up"), ("OTP_HASH", "hmac")]);
    let mistype = async |user: usize| {
        let (issued, _) = issue(&rig.client, &format!("user{user}"), HOME).await;
        let wrong = json!({"id": issued.id, "code": wrong_code_than(&issued.code), "ip": HOME.ip});
        rig.client.check_body(wrong).await.is(200);
        issued
    };
    // All of two dozen, and 8 of a hundred of two hundred.
    for user in (0..24).chain(100..300) {
        let issued = match user {
            100.. if user * 8 % 100 >= 8 => issue(&rig.client, &format!("user{user}"), HOME).await.0,
            _ => mistype(user).await,
        };
        // Some at once, some after it was written out.
        if user < 24 && user % 4 == 0 {
            wait::until("an empty outbox", wait::PATIENCE, || waiting(&rig.redis));
        }
        let right = json!({"id": issued.id, "code": issued.code, "ip": HOME.ip, "device_id": format!("{user}")});
        assert_eq!(rig.client.check_body(right).await.is(200).body["valid"], true);
    }
    // Whoever does not sign in is one; nine are not too many.
    for user in 24..33 {
        mistype(user).await;
    }
    wait::until("an empty outbox", wait::PATIENCE, || waiting(&rig.redis));
    assert!(of_kind(&rig.redis, ":flagged").is_empty());
    mistype(33).await;
    rig.sidecar.tells("the spraying", |line| line.contains(r#""type":"suspicious","outcome":"spraying""#));
}

#[tokio::test]
async fn at_a_new_address_of_their_carrier_its_users_are_no_strangers_and_others_are() {
    let rig = rig(&[("OTP_RISK", "shadow")]);
    let at = |n: u16| Place { ip: format!("2001:db8:{n:x}::1").leak(), ..HOME };
    // Each time another network of one operator.
    for n in 0..48 {
        sign_in(&rig.client, &format!("user{}", n % 12), at(n)).await;
    }
    let learned = || {
        let key = of_kind(&rig.redis, ":t:").pop()?;
        let table = Table::read(&rig.redis.ask_key::<Vec<u8>>("GET", &key, &[]))?;
        (table.churn(CARRIER) >= 2).then_some(())
    };
    wait::until("what users share", wait::PATIENCE, learned);
    let mut monitor = Monitor::start(&rig.redis);
    let reads = || {
        let is = |one: &Command| one.name == "GET" && one.first.contains(":t:");
        monitor.take().iter().any(is).then_some(())
    };
    wait::until("the sidecar to read it", wait::PATIENCE, reads);
    let fail = async |subject: &str| {
        let (issued, _) = issue(&rig.client, subject, at(999)).await;
        let body = json!({"id": issued.id, "code": wrong_code_than(&issued.code), "ip": at(999).ip, "device_id": "x"});
        assert_eq!(rig.client.check_body(body).await.is(200).body["reason"], "wrong_code");
    };
    for user in 0..12 {
        fail(&format!("user{user}")).await;
    }
    for user in 0..10 {
        fail(&format!("new{user}")).await;
    }
    rig.sidecar.tells("the spraying", |line| line.contains(r#""type":"suspicious","outcome":"spraying""#));
    let [key] = &of_kind(&rig.redis, ":w:")[..] else { panic!("one network") };
    assert_eq!(rig.redis.ask_key::<usize>("STRLEN", key, &[]), 10 * 8, "ten of 8 bytes each");
}

#[tokio::test]
async fn refused_sends_to_one_subject_are_told_of_once_they_are_many() {
    let rig = Rig::start(&[("OTP_RISK", "shadow"), ("OTP_RISK_BOMBING", "10/1h")]);
    rig.client.issue("ann").await;
    for _ in 0..10 {
        rig.client.send("ann").await.is(429);
    }
    rig.sidecar.tells("the bombing", |line| line.contains(r#""type":"suspicious","outcome":"bombing""#));
}
