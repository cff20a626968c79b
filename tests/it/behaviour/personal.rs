//! Whom an event is about: sealed, opened with the person's own key alone, and kept as far as the person consented.

use std::sync::Arc;

use crate::support::{Redis, Rig, wait};
use otp_sidecar::{
    audit::personal,
    config::Config,
    metrics::Metrics,
    secret::{AuditKey, Person, Reference, who::Known},
    store::{Durability, Fingerprints, Server, Store, StoreOptions, person::Change},
};
use serde_json::{Value, json};

const AUDIT_KEY: &str = "YXVkaXQta2V5LW9mLXRoZS10ZXN0cy0wMTIzNDUtYS0=";

fn rig(variables: &[(&str, &str)]) -> Rig {
    Rig::unlimited(&[&[("OTP_AUDIT_KEY", AUDIT_KEY)], variables].concat())
}

fn key() -> AuditKey {
    use base64::prelude::{BASE64_STANDARD, Engine};
    AuditKey::new(&BASE64_STANDARD.decode(AUDIT_KEY).unwrap())
}

/// The events so far, once there are `n`.
fn events(rig: &Rig, n: usize) -> Vec<Value> {
    let all = || {
        let lines = rig.sidecar.event_lines();
        (lines.len() >= n).then(|| lines.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect())
    };
    wait::until(&format!("{n} events"), wait::PATIENCE, all)
}

fn reference(event: &Value) -> Reference {
    let hex = event["subject_ref"].as_str().expect("a subject");
    Reference(std::array::from_fn(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).unwrap()))
}

fn person_key(rig: &Rig, event: &Value) -> Option<Vec<u8>> {
    let end = [b":p:", &reference(event).0[..]].concat();
    rig.redis.keys().into_iter().find(|key| key.ends_with(&end))
}

fn person(rig: &Rig, event: &Value) -> Person {
    let key = person_key(rig, event).expect("a person");
    Person::read(&rig.redis.ask_key::<Vec<u8>>("GET", &key, &[])).expect("readable")
}

fn opened(person: &Person, event: &Value) -> Option<Known> {
    opened_with(Some(person), event)
}

fn opened_with(person: Option<&Person>, event: &Value) -> Option<Known> {
    let number = |name: &str| event[name].as_u64().unwrap();
    let identity = (number("bucket") as u8, number("epoch"), number("seq"));
    personal::open(&key(), person, identity, number("time_ms"), false, event["sealed"].as_str()?)
}

fn send(subject: &str, consent: &str) -> Value {
    json!({"subject": subject, "ip": "203.0.113.9", "user_agent": "Mozilla/5.0 (X)", "device_id": "phone-7",
        "consent": consent})
}

#[tokio::test]
async fn an_event_says_sealed_whom_it_is_about_and_in_the_clear_nothing() {
    let rig = rig(&[]);
    rig.client.send_body(send("Ann@Example.com", "full")).await.is(201);
    let events = events(&rig, 1);
    let person = person(&rig, &events[0]);
    let known = opened(&person, &events[0]).expect("its fields");
    let expected = Known {
        subject: Some("Ann@Example.com".into()),
        ip: "203.0.113.9".parse().ok(),
        user_agent: Some("Mozilla/5.0 (X)".into()),
        device_id: Some("phone-7".into()),
        ..Known::default()
    };
    assert_eq!(known, expected);
    assert_eq!(events[0]["device_ref"].as_str().map(str::len), Some(32));
    let line = events[0].to_string();
    assert!(!["Ann@", "203.0", "Mozilla", "phone"].iter().any(|clear| line.contains(clear)), "{line}");
    // Kept for 400 days after the event, and not for ever.
    let days = rig.redis.ask_key::<i64>("PTTL", &person_key(&rig, &events[0]).unwrap(), &[]) / 86_400_000;
    assert!((400..=431).contains(&days), "{days} days");
}

#[tokio::test]
async fn one_persons_key_opens_nobody_elses_fields() {
    let rig = rig(&[]);
    for subject in ["ann", "bob", "ann"] {
        rig.client.send_body(send(subject, "full")).await.is(201);
    }
    let events = events(&rig, 3);
    let of = |subject: &str| {
        let whose = |event: &&Value| opened(&person(&rig, event), event).unwrap().subject.as_deref() == Some(subject);
        events.iter().filter(whose).collect::<Vec<_>>()
    };
    let (ann, bob) = (of("ann"), of("bob"));
    assert_eq!((ann.len(), bob.len()), (2, 1));
    assert!(opened(&person(&rig, ann[0]), bob[0]).is_none());
    // Nor those of the same person's other event: fields cannot be moved.
    let mut moved = ann[0].clone();
    moved["sealed"] = ann[1]["sealed"].clone();
    assert!(opened(&person(&rig, ann[0]), &moved).is_none());
}

#[tokio::test]
async fn without_consent_user_agent_and_device_are_not_kept_until_there_is_one() {
    let rig = rig(&[]);
    let check = json!({"subject": "ann", "code": "000000", "ip": "203.0.113.9", "user_agent": "Mozilla/5.0 (X)",
        "device_id": "phone-7"});
    rig.client.send_body(send("ann", "security_only")).await.is(201);
    rig.client.check_body(check.clone()).await.is(200);
    rig.client.send_body(send("ann", "full")).await.is(201);
    rig.client.check_body(check).await.is(200);
    let events = events(&rig, 4);
    let kept = |event: &Value| {
        let known = opened(&person(&rig, event), event).unwrap();
        assert!(known.ip.is_some() && known.subject.is_some());
        (known.user_agent.is_some(), known.device_id.is_some(), event.get("device_ref").is_some())
    };
    let (nothing, all) = ((false, false, false), (true, true, true));
    assert_eq!(events.iter().map(kept).collect::<Vec<_>>(), [nothing, nothing, all, all]);
}

#[tokio::test]
async fn where_names_are_not_to_be_kept_there_are_none_anywhere() {
    let rig = rig(&[("OTP_AUDIT_NAMES", "false")]);
    rig.client.send_body(send("ann", "full")).await.is(201);
    let events = events(&rig, 1);
    assert!(events[0].get("sealed").is_none() && person_key(&rig, &events[0]).is_none(), "{}", events[0]);
}

#[tokio::test]
async fn who_was_locked_is_known_by_name_even_where_only_ids_were_checked() {
    let rig = rig(&[]);
    rig.lock_out("Ann@Example.com").await;
    let admin = rig.sidecar.admin_client();
    let named = || async {
        let page = admin.get("/admin/v1/locks").await.is(200).body;
        (page["locks"][0]["subject"] == "Ann@Example.com").then(|| page["locks"][0]["tenant"].clone())
    };
    assert_eq!(wait::until_async("the name", wait::PATIENCE, named).await, "shop");
    let kept = |kind: &[u8]| rig.redis.keys().into_iter().filter(|key| key[10..].starts_with(kind)).count();
    assert_eq!((kept(b"p:"), kept(b"n:")), (1, 1));
    rig.client.issue("bob").await;
    wait::until("the next person", wait::PATIENCE, || (kept(b"p:") == 2).then_some(()));
    assert_eq!(kept(b"n:"), 1, "who was never locked has no name there");
}

/// Else whoever makes up names fills Redis, and the trail, with them.
#[tokio::test]
async fn who_never_had_a_code_leaves_no_name_and_nothing_in_redis() {
    let rig = rig(&[("RESEND_COOLDOWN_SECONDS", "60")]);
    let decoy = |consent| {
        let mut body = send("Eve@Example.com", consent);
        body["subject_known"] = json!(false);
        body
    };
    let issued = rig.client.send_body(decoy("security_only")).await.is(201);
    rig.client.send_body(decoy("full")).await.refused(429, "resend_cooldown");
    let wrong = json!({"id": issued.str("id"), "code": issued.str("code"), "ip": "203.0.113.9", "user_agent": "X"});
    for _ in 0..5 {
        rig.client.check_body(wrong.clone()).await.is(200);
    }
    rig.client.check_body(json!({"subject": "nobody", "code": "000000", "ip": "203.0.113.9"})).await.is(200);
    // Two sends, five checks, the lock, and a check of nobody.
    let told = events(&rig, 9);
    let known: Vec<Known> = told.iter().map(|event| opened_with(None, event).expect("sealed with its day")).collect();
    let ip = "203.0.113.9".parse().ok();
    assert!(known.iter().all(|known| known.ip == ip && known.subject.is_none()), "{known:?}");
    let agents: Vec<_> = told.iter().zip(&known).map(|(event, known)| (&event["outcome"], &known.user_agent)).collect();
    let kept = |(outcome, agent): &(&Value, &Option<String>)| agent.is_some() == (**outcome == "resend_cooldown");
    assert!(agents.iter().all(kept), "kept by consent alone: {agents:?}");
    let of_persons = |kind: &[u8]| rig.redis.keys().into_iter().filter(|key| key[9..].starts_with(kind)).count();
    assert_eq!((of_persons(b":p:"), of_persons(b":n:")), (0, 0));
    // The lock is listed, by what it is known by.
    let page = rig.sidecar.admin_client().get("/admin/v1/locks").await.is(200).body;
    let lock = &page["locks"][0];
    assert!(lock["subject"].is_null() && lock["subject_ref"] == told[0]["subject_ref"], "{page}");
    // Whoever has a code is a person from then on, and not for what came before.
    let other = rig.client.send_body(send("ann", "full")).await.is(201);
    rig.client.check_id(other.str("id"), other.str("code")).await.approved();
    // With the look at locks, which is about nobody.
    let told = events(&rig, 12);
    let named = |event: &&Value| event["subject_ref"].is_string() && opened_with(None, event).is_none();
    let of_person = told.iter().filter(named);
    let names: Vec<_> = of_person.map(|event| opened(&person(&rig, event), event).unwrap().subject).collect();
    assert_eq!(names, [Some("ann".to_owned()), Some("ann".to_owned())]);
    assert_eq!(of_persons(b":p:"), 1);
}

/// An erasure may come between: what is written back then would be the key that it destroyed.
#[tokio::test]
async fn a_person_is_changed_only_where_what_was_read_still_stands() {
    let redis = Redis::start();
    let (config, _) = Config::from_env([]).unwrap();
    let server = Server::parse(&redis.sidecars_url()).unwrap();
    let options = StoreOptions { server: &server, timeout: wait::PATIENCE, durability: Durability::default() };
    let store = Store::new(options, &config.policy, "test", Arc::new(Metrics::new().unwrap())).unwrap();
    let ours = Fingerprints { index: [1; 16], audit: [1; 16], peppers: vec![[1; 4]] };
    store.examine(&ours).await.unwrap();
    let change = async |before: Option<&[u8]>, after: &[u8]| {
        let (reference, ends) = (Reference([7; 16]), u64::MAX >> 20);
        let change = Change { reference, before: before.map(<[u8]>::to_vec), after: after.to_vec(), ends };
        let changed = store.change_persons(&[change]).await.unwrap().is_empty();
        (changed, store.persons(&[reference]).await.unwrap().remove(0).unwrap())
    };
    assert_eq!(change(None, b"new").await, (true, b"new".to_vec()));
    assert_eq!(change(None, b"another").await, (false, b"new".to_vec()));
    assert_eq!(change(Some(b"new"), b"changed").await, (true, b"changed".to_vec()));
    assert_eq!(change(Some(b"new"), b"late").await, (false, b"changed".to_vec()));
}
