//! A person's rights: all that is held of them and nothing of anybody else, and its end.

use std::{collections::BTreeSet, time::Duration};

use hyper::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{admin, events, inspect, viewer};
use crate::support::{Chance, Redis, Rig, Sidecar, TrailDir, keys, rig::UNLIMITED, wait};

const SOON: Duration = wait::PATIENCE;

struct Trailed {
    rig: Rig,
    dir: TrailDir,
}

impl Trailed {
    fn start() -> Self {
        let (redis, dir) = (Redis::start(), TrailDir::new());
        let mut builder = Sidecar::builder().on(&redis).set_all(&UNLIMITED);
        builder = builder.set("OTP_VIEWER_KEYS", &keys::viewer_keys());
        for (name, value) in dir.variables() {
            builder = builder.set(name, &value);
        }
        let sidecar = builder.start();
        Self { rig: Rig { client: sidecar.client(), sidecar, redis }, dir }
    }

    async fn written(&self) {
        let left = || {
            let streams = self.rig.redis.streams();
            let left: u64 = streams.iter().map(|stream| self.rig.redis.ask_key::<u64>("XLEN", stream, &[])).sum();
            (left == 0).then_some(())
        };
        wait::until("an empty outbox", SOON, left);
    }

    async fn export(&self, subject: &str) -> Value {
        let body = json!({"subject": subject, "tenant": keys::TENANT, "reason": "asked for"});
        admin(&self.rig.sidecar).look(Method::POST, "/admin/v1/subjects/export", &body).await.body
    }

    async fn erase(&self, subject: &str) -> Value {
        let body = json!({"subject": subject, "tenant": keys::TENANT, "reason": "ticket 7"});
        admin(&self.rig.sidecar).post("/admin/v1/subjects/erase", &body).await.is(200).body
    }
}

fn send(subject: &str, agent: &str) -> Value {
    json!({"subject": subject, "ip": "203.0.113.9", "user_agent": agent})
}

fn told(exported: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let events = exported["events"].as_array().expect("events");
    events.iter().map(|event| (text(&event["type"]), text(&event["who"]["user_agent"]))).collect()
}

/// What was decided a moment ago is in it, too; and where that cannot be, it says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_that_says_it_is_complete_has_what_was_not_written_out_yet() {
    const AT_ONCE: usize = 16;
    const EACH: usize = 40;
    let trailed = Trailed::start();
    let checks = (0..AT_ONCE).map(|_| {
        let client = trailed.rig.client.clone();
        async move {
            for _ in 0..EACH {
                client.check("ann", "login", "000000").await.rejected("not_found", "not_found");
            }
        }
    });
    checks.collect::<JoinSet<_>>().join_all().await;
    // Where writing takes for longer than anybody waits, it says that there is more.
    let whole = || async { Some(trailed.export("ann").await).filter(|exported| exported["complete"] == json!(true)) };
    let exported = wait::until_async("an export that is complete", wait::PATIENCE, whole).await;
    let checked = told(&exported).into_iter().filter(|(kind, _)| kind == "check").count();
    assert_eq!(checked, AT_ONCE * EACH);
    let trailless = Rig::unlimited(&[]);
    let body = json!({"subject": "ann", "tenant": keys::TENANT});
    let exported = admin(&trailless.sidecar).post("/admin/v1/subjects/export", &body).await.is(200).body;
    assert_eq!(exported["complete"], json!(false), "standard output is nobody's to search");
}

#[tokio::test]
async fn an_export_has_one_persons_data_and_nobody_elses() {
    let trailed = Trailed::start();
    for (subject, agent) in [("ann", "agent of ann"), ("lovelace", "agent of her"), ("ann", "another of ann")] {
        trailed.rig.client.send_body(send(subject, agent)).await.is(201);
    }
    trailed.written().await;
    let exported = trailed.export("ann").await;
    assert_eq!((&exported["subject"], &exported["complete"]), (&json!("ann"), &json!(true)));
    assert_eq!(exported["status"]["requests_last_hour"], json!(2));
    let of_sends: Vec<_> = told(&exported).into_iter().filter(|(kind, _)| kind == "send").collect();
    let sent = |agent: &str| ("send".to_owned(), agent.to_owned());
    assert_eq!(of_sends, [sent("agent of ann"), sent("another of ann")]);
    let text = exported.to_string();
    assert!(!["lovelace", "of her", "sealed"].iter().any(|word| text.contains(word)), "{text}");
    let by = &events(&trailed.rig.sidecar, "admin.export", 1).await[0];
    assert_eq!((&by["actor"], &by["who"]["reason"]), (&json!("ops"), &json!("asked for")));
    // What has left Redis since is in the trail still.
    for key in trailed.rig.redis.keys() {
        if key.ends_with(b":recent") {
            trailed.rig.redis.ask_key::<u64>("DEL", &key, &[]);
        }
    }
    assert_eq!(told(&trailed.export("ann").await).iter().filter(|(kind, _)| kind == "send").count(), 2);
}

#[tokio::test]
async fn an_erasure_leaves_nothing_to_open_and_the_trail_sound_and_the_lock_in_force() {
    let mut trailed = Trailed::start();
    let client = trailed.rig.client.clone();
    client.send_body(send("ann", "agent of ann")).await.is(201);
    trailed.rig.lock_out("ann").await;
    // What lies in the outbox at this moment is erased with the rest.
    assert_eq!(trailed.erase("ann").await["erased"], json!(true));
    trailed.written().await;
    let exported = trailed.export("ann").await;
    let who = |event: &Value| event.get("who").map(Value::to_string).unwrap_or_default();
    for event in exported["events"].as_array().unwrap() {
        assert!(!who(event).contains("ann") && !who(event).contains("203.0"), "{event}");
    }
    client.send("ann").await.refused(429, "subject_locked");
    let seen = inspect(&trailed.rig.sidecar, "ann").await;
    assert_eq!(seen["blocked_by"][0]["rule"], json!("subject_locked"));
    let locks = viewer(&trailed.rig.sidecar).get("/admin/v1/locks").await.is(200).body;
    assert_eq!(locks["locks"].as_array().map(Vec::len), Some(1));
    let by = &events(&trailed.rig.sidecar, "admin.erase", 1).await[0];
    assert_eq!((&by["actor"], &by["who"]["reason"]), (&json!("ops"), &json!("ticket 7")));
    assert!(trailed.rig.sidecar.terminate().0.success());
    trailed.dir.is_sound();
}

/// Whatever was done before an erasure, nothing of it is exported or named again, and no id of before brings the name back.
#[tokio::test]
async fn after_any_history_an_erasure_is_whole() {
    const HISTORIES: u64 = 12;
    let trailed = Trailed::start();
    let client = trailed.rig.client.clone();
    for seed in 0..HISTORIES {
        let (mut chance, subject) = (Chance(seed), format!("person{seed}@example.com"));
        let mut ids: Vec<String> = Vec::new();
        for _ in 0..2 {
            // Erasures among them, and locks by wrong codes.
            for _ in 0..2 + chance.below(8) {
                match chance.below(5) {
                    0 if !ids.is_empty() => drop(trailed.erase(&subject).await),
                    1 => drop(client.check(&subject, "login", "000000").await),
                    2 if !ids.is_empty() => drop(client.check_id(&ids[chance.below(ids.len())], "000000").await),
                    _ => {
                        let sent = client.send_body(send(&subject, "agent of before")).await;
                        ids.extend(sent.body["id"].as_str().map(str::to_owned));
                    }
                }
            }
            trailed.erase(&subject).await;
            // By ids of before only.
            for _ in 0..chance.below(8) {
                if !ids.is_empty() {
                    client.check_id(&ids[chance.below(ids.len())], "000000").await;
                }
            }
            trailed.written().await;
            let exported = trailed.export(&subject).await;
            let events = exported["events"].as_array().unwrap();
            assert_eq!(exported["complete"], json!(true));
            assert_eq!(events[0]["type"], json!("admin.erase"), "seed {seed}: {exported}");
            // Two in one millisecond are both the last.
            let erasures = events.iter().filter(|event| event["type"] == "admin.erase");
            let times: BTreeSet<_> = erasures.map(|event| event["time"].to_string()).collect();
            assert_eq!(times.len(), 1, "seed {seed}: nothing is listed from before: {exported}");
            for event in events {
                let known = event.get("who").map(Value::to_string).unwrap_or_default();
                assert!(!known.contains(&subject) && !known.contains("before"), "seed {seed}: {event}");
            }
            let locks = viewer(&trailed.rig.sidecar).get("/admin/v1/locks?limit=500").await.is(200).body;
            assert!(!locks.to_string().contains(&subject), "seed {seed}: {locks}");
        }
    }
}

/// What was refused to somebody who was never seen is in no export afterwards either.
#[tokio::test]
async fn an_erasure_of_nobody_hides_what_was_refused_to_them() {
    let trailed = Trailed::start();
    trailed.rig.client.check("ann", "login", "000000").await.rejected("not_found", "not_found");
    trailed.written().await;
    assert_eq!(told(&trailed.export("ann").await).len(), 1);
    assert_eq!(trailed.erase("ann").await["erased"], json!(false));
    trailed.written().await;
    let exported = trailed.export("ann").await;
    assert_eq!((&exported["seen"], told(&exported)), (&json!(false), vec![]));
}

/// At once too: not one of them falls into the millisecond that counts as before.
#[tokio::test]
async fn who_comes_again_is_named_again() {
    let trailed = Trailed::start();
    let client = trailed.rig.client.clone();
    let people: Vec<_> = (0..12).map(|n| format!("person{n}@example.com")).collect();
    for subject in &people {
        client.send_body(send(subject, "agent")).await.is(201);
        trailed.erase(subject).await;
        client.send_body(send(subject, "agent")).await.is(201);
    }
    trailed.written().await;
    for subject in &people {
        let exported = trailed.export(subject).await;
        let last = exported["events"].as_array().unwrap().iter().rfind(|event| event["type"] == "send");
        assert_eq!(last.map(|event| &event["who"]["subject"]), Some(&json!(subject)), "{exported}");
    }
}

/// It is the operator's word on an act, and no personal field: the next erasure leaves it.
#[tokio::test]
async fn why_a_person_was_erased_can_be_read_after_they_are_erased_again() {
    let trailed = Trailed::start();
    let mut expected = Vec::new();
    for n in 0..3 {
        trailed.rig.client.send_body(send("ann", "agent of ann")).await.is(201);
        let reason = format!("request {n}");
        let body = json!({"subject": "ann", "tenant": keys::TENANT, "reason": reason});
        admin(&trailed.rig.sidecar).post("/admin/v1/subjects/erase", &body).await.is(200);
        expected.push(json!({"reason": reason}));
    }
    let told = events(&trailed.rig.sidecar, "admin.erase", 3).await;
    assert_eq!(told.iter().map(|event| event["who"].clone()).collect::<Vec<_>>(), expected);
    let sends = events(&trailed.rig.sidecar, "send", 3).await;
    assert!(sends.iter().all(|event| event.get("who").is_none()), "{sends:?}");
}

#[tokio::test]
async fn an_erasure_needs_a_reason() {
    let trailed = Trailed::start();
    trailed.rig.client.send_body(send("ann", "agent of ann")).await.is(201);
    for reason in [Value::Null, json!(""), json!(" "), json!("x".repeat(201))] {
        let body = json!({"subject": "ann", "tenant": keys::TENANT, "reason": reason});
        admin(&trailed.rig.sidecar).post("/admin/v1/subjects/erase", &body).await.refuses_field("reason");
    }
    trailed.written().await;
    assert_eq!(trailed.export("ann").await["subject"], json!("ann"), "nothing was erased");
}

#[tokio::test]
async fn who_only_looks_may_neither_erase_nor_export() {
    let trailed = Trailed::start();
    let body = json!({"subject": "ann", "tenant": keys::TENANT});
    for path in ["/admin/v1/subjects/erase", "/admin/v1/subjects/export"] {
        viewer(&trailed.rig.sidecar).post(path, &body).await.refused(403, "forbidden");
    }
}
