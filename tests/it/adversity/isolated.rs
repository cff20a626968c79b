//! One value in Redis that cannot be read stops nobody but whom it is about: it is named once and counted, nothing spins, and an
//! operator can replace it.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use hyper::Method;
use serde_json::{Value, json};

use crate::support::{Redis, Rig, keys, wait};

/// A sidecar that has nothing to do asks Redis some 600 times a second.
const IDLE_COMMANDS: f64 = 2000.0;

fn commands(redis: &Redis) -> u64 {
    redis.info("stats", "total_commands_processed").parse().unwrap()
}

/// Fails if more is asked of Redis than by one that has nothing to do.
async fn nothing_spins(rig: &Rig) {
    let (before, since) = (commands(&rig.redis), Instant::now());
    // What is measured is a rate.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let rate = (commands(&rig.redis) - before) as f64 / since.elapsed().as_secs_f64();
    assert!(rate < IDLE_COMMANDS, "{rate} commands a second");
}

fn events(rig: &Rig) -> Vec<Value> {
    let lines = rig.sidecar.event_lines();
    lines.iter().map(|line| serde_json::from_str(line).expect("an event")).collect()
}

fn count(rig: &Rig, kind: &str) -> usize {
    events(rig).iter().filter(|event| event["type"] == kind).count()
}

fn key_of(redis: &Redis, kind: &[u8]) -> Vec<u8> {
    redis.keys().into_iter().find(|key| key.get(9..12) == Some(kind)).expect("a key of this kind")
}

fn named(rig: &Rig, part: &str) -> usize {
    let lines = rig.sidecar.log_lines();
    lines.iter().filter(|line| line.contains("cannot be read") && line.contains(part)).count()
}

async fn unreadable(rig: &Rig) -> f64 {
    rig.metrics().await.value("otp_store_unreadable_total", &[])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_held_of_a_person_keeps_no_event_from_being_written_out() {
    for (verb, value) in [("SET", "x"), ("RPUSH", "x")] {
        let rig = Rig::unlimited(&[]);
        rig.client.issue("ada").await;
        wait::until("the first event", wait::PATIENCE, || (count(&rig, "send") == 1).then_some(()));
        let person = key_of(&rig.redis, b":p:");
        rig.redis.ask_key::<u64>("DEL", &person, &[]);
        rig.redis.ask_key::<redis::Value>(verb, &person, &[value]);
        rig.client.issue("ada").await;
        rig.client.issue("bob").await;
        wait::until("both events", wait::PATIENCE, || (count(&rig, "send") == 3).then_some(()));
        let sent: Vec<Value> = events(&rig).into_iter().filter(|event| event["type"] == "send").collect();
        let of_ada: Vec<bool> = sent
            .iter()
            .filter(|event| event["subject_ref"] == sent[0]["subject_ref"])
            .map(|event| event["sealed"].is_string())
            .collect();
        assert_eq!(of_ada, [true, false], "{verb}");
        assert!(sent.iter().any(|event| event["subject_ref"] != sent[0]["subject_ref"] && event["sealed"].is_string()));
        nothing_spins(&rig).await;
        assert_eq!(named(&rig, ":p:"), 1, "{verb}");
        assert!(unreadable(&rig).await > 0.0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_event_is_told_by_its_hash_and_a_later_version_keeps_its_own() {
    const NONE: usize = 100;
    // More than are read at once.
    const LATER: usize = 300;
    let rig = Rig::unlimited(&[]);
    rig.client.issue("ada").await;
    wait::until("the first event", wait::PATIENCE, || (count(&rig, "send") == 1).then_some(()));
    let epoch = events(&rig)[0]["epoch"].as_u64().unwrap();
    let record = key_of(&rig.redis, b":s:");
    let stream = [&record[..10], b"events"].concat();
    let mut adding = redis::pipe();
    let mut add = |value: &[u8]| {
        adding.cmd("XADD").arg(&stream).arg(format!("{epoch}-*")).arg("e").arg(value);
    };
    (0..LATER).for_each(|n| add(&[2, (n % 256) as u8]));
    (0..NONE).for_each(|n| add(&[1, 1, 11, n as u8]));
    adding.exec(&mut rig.redis.connect_to(&stream)).unwrap();
    rig.client.issue("ada").await;
    wait::until("all that can be written out", wait::PATIENCE, || {
        (count(&rig, "send") == 2 && count(&rig, "audit.unreadable") == NONE).then_some(())
    });
    let hashes: BTreeSet<String> =
        events(&rig).iter().filter_map(|event| Some(event["sha256"].as_str()?.to_owned())).collect();
    assert!(hashes.len() == NONE && hashes.iter().all(|hash| hash.len() == 64));
    let left = || (rig.redis.ask_key::<usize>("XLEN", &stream, &[]) == LATER).then_some(());
    wait::until("all but those of the later version to be deleted", wait::PATIENCE, left);
    let uncounted = || async { (rig.metrics().await.value("otp_audit_backlog_events", &[]) == 0.0).then_some(()) };
    wait::until_async("those to count to no limit", wait::PATIENCE, uncounted).await;
    nothing_spins(&rig).await;
    rig.client.issue("ada").await;
    wait::until("what comes behind them", wait::PATIENCE, || (count(&rig, "send") == 3).then_some(()));
    assert!(unreadable(&rig).await >= NONE as f64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_record_that_was_cut_is_listed_and_replaced_by_an_operator() {
    for all in [false, true] {
        let rig = Rig::unlimited(&[]);
        rig.lock_out("ada").await;
        let record = key_of(&rig.redis, b":s:");
        rig.lock_out("bob").await;
        rig.redis.ask_key::<u64>("HSET", &record, &["lock", "x"]);
        rig.client.send("ada").await.refused(503, "store_unavailable");
        let admin = rig.sidecar.admin_client();
        let listed = admin.get("/admin/v1/locks").await.is(200).body;
        let mut reasons: Vec<&str> =
            listed["locks"].as_array().unwrap().iter().map(|lock| lock["reason"].as_str().unwrap()).collect();
        reasons.sort_unstable();
        assert_eq!(reasons, ["too_many_failures", "unreadable"]);
        let body = match all {
            true => json!({"all": true, "reason": "a fault"}),
            false => json!({"subject": "ada", "tenant": keys::TENANT, "reason": "a fault"}),
        };
        let unlocked = admin.post("/admin/v1/unlock", &body).await.is(200);
        assert_eq!(unlocked.number("unlocked"), if all { 2 } else { 1 });
        let issued = rig.client.issue("ada").await;
        rig.client.check_id(&issued.id, &issued.code).await.approved();
        wait::until("the act to be told", wait::PATIENCE, || (count(&rig, "admin.unlock") > 0).then_some(()));
        assert_eq!(named(&rig, ":s:"), 1);
    }
}

/// Of each kind that a bucket has, one is a list.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_type_of_any_key_is_noticed_by_nobody_else() {
    let rig = Rig::unlimited(&[]);
    rig.lock_out("ada").await;
    wait::until("its events", wait::PATIENCE, || (count(&rig, "lockout") == 1).then_some(()));
    let record = key_of(&rig.redis, b":s:");
    let of_bucket = |key: &Vec<u8>| key.starts_with(&record[..10]) && !key.ends_with(b"-key");
    let mut connection = rig.redis.connect_to(&record);
    for key in rig.redis.keys().into_iter().filter(of_bucket) {
        redis::pipe().atomic().del(&key).rpush(&key, "x").exec(&mut connection).unwrap();
    }
    nothing_spins(&rig).await;
    // Of another bucket: one in 64 has the same.
    let served = || async { (rig.client.send("bob").await.status == 201).then_some(()) };
    wait::until_async("others to be served", wait::PATIENCE, served).await;
    assert_eq!(rig.client.get("/readyz").await.status, 200);
    let admin = rig.sidecar.admin_client();
    for path in ["/admin/v1/locks", "/admin/v1/stats", "/admin/v1/events"] {
        admin.look(Method::GET, path, &Value::Null).await;
    }
    wait::until("others' events", wait::PATIENCE, || (count(&rig, "send") >= 2).then_some(()));
    assert!(named(&rig, ":events") == 1 && unreadable(&rig).await > 0.0);
}
