//! The audit trail while sidecars are killed: nothing is lost, and what it says is what Redis holds.

use std::{
    collections::{BTreeSet, HashMap},
    fs,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use otp_sidecar::{
    event::{Bucket, time::rfc3339},
    policy::Subject,
    secret::{AuditKey, IndexKey, PublicKey, TrailKeys},
};
use serde_json::Value;

use super::faults::trial::number;
use crate::support::{
    Client, Clock, Metrics, Redis, Sidecar, Traffic, TrailDir, rig::UNLIMITED, trail::segments, wait,
};
use crate::trail_format::second::Both;

/// In the tests; a soak sets `OTP_TEST_KILLS`.
const KILLS: u64 = 6;
/// Of more kills so many are looked at on the way, since each reads all that is there.
const LOOKED_AT: u64 = 25;
const APPS: usize = 4;
/// Some writes of the trail fit into it.
const LONGEST_LIFE: Duration = Duration::from_millis(1500);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_the_trail_has_every_event_and_is_sound_at_once() {
    let (redis, dir) = (Redis::start(), TrailDir::new());
    let mut builder = Sidecar::builder().on(&redis).set_all(&UNLIMITED).unset("OTP_REDIS_TIMEOUT").on_unix_sockets();
    for (name, value) in dir.variables() {
        builder = builder.set(name, &value);
    }
    let mut sidecar = builder.clone().start();
    let kills = number("OTP_TEST_KILLS", KILLS);
    let many = kills > LOOKED_AT;
    // Of as few events as one round writes, so that the next kill finds the writer at something else.
    let traffic = Traffic::start(&sidecar.client(), if many { 1 } else { APPS });
    let mut both = Both::start(&public_key());
    let longest = if many { LONGEST_LIFE / 3 } else { LONGEST_LIFE };
    for kill in 0..kills {
        traffic.wait_issued(5).await;
        if kill % 2 == 0 {
            // Where lives are shorter than a round takes, what waits would grow from one to the next.
            let before = written(&dir);
            wait::until("lines to be written", wait::PATIENCE, || (written(&dir) > before).then_some(()));
        }
        tokio::time::sleep(longest.mul_f64(rand::random())).await;
        sidecar.kill();
        end_leases(&redis);
        // As it lies, before anybody has made it good.
        if !many || kill % (kills / LOOKED_AT) == 0 {
            dir.is_sound();
            assert_eq!(both.second(&dir.path()), 0);
        }
        sidecar = builder.clone().start();
    }
    let told = traffic.stop().await;
    let client = sidecar.client();
    let left = || {
        let left: u64 = redis.streams().iter().map(|stream| redis.ask_key::<u64>("XLEN", stream, &[])).sum();
        (left == 0).then_some(())
    };
    wait::until("an empty outbox", wait::PATIENCE, left);
    let (mut changes, events) = (0, dir.events());
    let mut of_subjects: HashMap<&str, Vec<&Value>> = HashMap::new();
    for event in &events {
        of_subjects.entry(event["subject_ref"].as_str().unwrap_or_default()).or_default().push(event);
    }
    let subjects: BTreeSet<&str> = told.entries.iter().map(|entry| &*entry.subject).collect();
    for subject in subjects {
        let own = of_subjects.remove(&*reference_of(subject)).unwrap_or_default();
        changes += agrees(&client, subject, own).await;
    }
    assert!(changes >= told.entries.len() as u64, "{changes} changes, {} codes", told.entries.len());
    assert!(sidecar.terminate().0.success());
    dir.is_sound();
    assert_eq!(dir.identities(), TrailDir::all_of(&redis));
    assert_eq!((dir.trails().len(), both.second(&dir.path())), (1, 0));
}

/// A host's clock that is wrong takes nothing away: neither at once nor while it stays so.
#[tokio::test]
async fn a_host_whose_clock_is_a_year_off_removes_nothing_and_says_so() {
    const YEAR: i64 = 366 * 86_400;
    let (redis, dir, clock) = (Redis::start(), TrailDir::new(), Clock::new(0));
    let mut builder = Sidecar::builder().on(&redis).set_all(&UNLIMITED).set("OTP_AUDIT_RETENTION_DAYS", "30");
    for (name, value) in
        dir.variables().into_iter().map(|(name, value)| (name.to_owned(), value)).chain(clock.variables())
    {
        builder = builder.set(&name, &value);
    }
    let mut sidecar = builder.clone().start();
    sidecar.client().issue("ann").await;
    assert!(sidecar.terminate().0.success());
    for offset in [YEAR, -YEAR] {
        clock.put(offset);
        let mut sidecar = builder.clone().start();
        let failing = || async {
            let metrics = Metrics::fetch(&sidecar).await;
            (metrics.value("otp_audit_write_errors_total", &[("what", "upkeep")]) > 0.0).then_some(())
        };
        wait::until_async("the clocks to be found apart", wait::PATIENCE, failing).await;
        assert!(
            sidecar.log_lines().iter().any(|line| line.contains("OTP_AUDIT_RETENTION_DAYS") && line.contains("apart"))
        );
        assert!(sidecar.terminate().0.success());
        dir.is_sound();
        assert!(dir.trails()[0].join("00000001.jsonl").exists());
    }
    assert!(dir.events().iter().any(|event| event["type"] == "send"));
}

/// Whether Redis holds of `subject` just what its own events say; answers how many codes were issued. What was done to calls
/// that were never answered is in both or in neither.
async fn agrees(client: &Client, subject: &str, mut own: Vec<&Value>) -> u64 {
    let status = client.status(subject).await;
    let since = SystemTime::now() - Duration::from_secs(59 * 60);
    let since = rfc3339(since.duration_since(UNIX_EPOCH).unwrap().as_millis() as u64);
    own.sort_by_key(|event| event["seq"].as_u64());
    // One that was written before the sidecar was killed is written again.
    own.dedup_by_key(|event| event["seq"].as_u64());
    let mut counts = HashMap::new();
    for event in &own {
        *counts.entry((event["type"].as_str().unwrap(), event["outcome"].as_str().unwrap())).or_insert(0u64) += 1;
    }
    let sent = counts.get(&("send", "issued")).copied().unwrap_or(0);
    // A soak may have begun earlier.
    let is_late = |event: &&&Value| event["time"].as_str().is_some_and(|time| *time >= *since);
    let late =
        own.iter().filter(is_late).filter(|event| event["type"] == "send" && event["outcome"] == "issued").count();
    let told = status["requests_last_hour"].as_u64().unwrap_or_default();
    assert!((late as u64..=sent).contains(&told), "{subject}: {told} told, {late} since {since}, {counts:?}");
    let compared = |event: &&&Value| event["outcome"] == "wrong_code" || event["outcome"] == "approved";
    if let Some(last) = own.last().filter(compared) {
        assert_eq!(status["failed_attempts"], last["failures"], "{subject}: {last}");
    }
    sent
}

/// How many bytes its segments have.
fn written(dir: &TrailDir) -> u64 {
    let segments = dir.trails().into_iter().flat_map(|trail| segments(&trail));
    segments.map(|path| fs::metadata(path).map_or(0, |file| file.len())).sum()
}

/// Whoever starts next writes at once: hardly one of these lives would outlast the lease of the one before.
fn end_leases(redis: &Redis) {
    let leases: Vec<String> = Bucket::all().map(|bucket| format!("otp:{{{}}}:lease", bucket.tag())).collect();
    redis.cli(&[&["DEL"], &leases.iter().map(String::as_str).collect::<Vec<_>>()[..]].concat());
}

/// What the trail's checkpoints are verified with.
fn public_key() -> PublicKey {
    let key = BASE64_STANDARD.decode(crate::support::keys::INDEX_KEY).unwrap();
    *TrailKeys::new(&AuditKey::from_index_key(&key)).unwrap().public()
}

/// The reference by which events name `subject`.
fn reference_of(subject: &str) -> String {
    let key = IndexKey::new(&BASE64_STANDARD.decode(crate::support::keys::INDEX_KEY).unwrap());
    key.subject(crate::support::keys::TENANT, &Subject::new(subject).unwrap()).hex()
}
