//! What is learned of sign-ins, by a real sidecar in a real Redis: told, shared, taken back, and never twice.

use std::{collections::BTreeSet, time::Duration};

use otp_sidecar::risk::{level::Level, profile::Profile, table::Table};
use serde_json::{Value, json};

use crate::support::{
    Client, Issued, Monitor, Redis, Rig, Sidecar, TrailDir, keys,
    rig::UNLIMITED,
    scheme::{CHEAP, HMAC, Settings},
    wait,
};

const WINDOWS: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36";
const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile/15E148 Safari/604.1";
/// In Norway and in the Netherlands, by `mmdb/make.py`.
pub(super) const HOME: Place = Place { ip: "192.0.2.7", agent: WINDOWS, device: "laptop" };
pub(super) const AWAY: Place = Place { ip: "198.51.100.9", agent: IPHONE, device: "stolen" };

/// Where somebody signs in from, and with what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) ip: &'static str,
    pub(super) agent: &'static str,
    pub(super) device: &'static str,
}

pub(super) fn rig(variables: &[(&str, &str)]) -> Rig {
    let mmdb = |name| format!("{}/tests/it/risk/mmdb/{name}.mmdb", env!("CARGO_MANIFEST_DIR"));
    let files = ["country", "asn", "anonymous"].map(mmdb).join(",");
    Rig::unlimited(&[&[("OTP_GEO_DB", &*files), ("OTP_RISK_MIN_SIGN_INS", "1")], variables].concat())
}

pub(super) async fn issue(client: &Client, subject: &str, with: Place) -> (Issued, Value) {
    let Place { ip, agent, device } = with;
    let body = json!({"subject": subject, "ip": ip, "user_agent": agent, "device_id": device});
    let body = client.send_body(body).await.is(201).body;
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    (Issued { id: text("id"), code: text("code") }, body)
}

pub(super) async fn sign_in(client: &Client, subject: &str, with: Place) -> (String, Value) {
    let (Issued { id, code }, _) = issue(client, subject, with).await;
    let Place { ip, agent, device } = with;
    let body = json!({"id": id, "code": code, "ip": ip, "user_agent": agent, "device_id": device});
    let body = client.check_body(body).await.is(200).body;
    assert_eq!(body["valid"], true);
    (id, body)
}

pub(super) fn of_kind(redis: &Redis, kind: &str) -> Vec<Vec<u8>> {
    let is = |key: &Vec<u8>| key.get(9..).is_some_and(|rest| rest.starts_with(kind.as_bytes()));
    redis.keys().into_iter().filter(is).collect()
}

pub(super) fn profiles(redis: &Redis) -> Vec<Profile> {
    let keys = of_kind(redis, ":r:");
    keys.iter().filter_map(|key| Profile::read(&redis.ask_key::<Vec<u8>>("GET", key, &[]))).collect()
}

/// Waits until the one profile there is `is` so.
#[track_caller]
pub(super) fn learns(redis: &Redis, what: &str, is: impl Fn(&Profile) -> bool) -> Profile {
    wait::until(what, wait::PATIENCE, || profiles(redis).into_iter().next().filter(|profile| is(profile)))
}

pub(super) fn codes(body: &Value) -> BTreeSet<String> {
    let reasons = body["risk"]["reasons"].as_array().unwrap_or_else(|| panic!("no reasons: {body}"));
    reasons.iter().map(|reason| reason["code"].as_str().unwrap().to_owned()).collect()
}

/// Each key ends by itself but for those that never do.
pub(super) fn each_ends(redis: &Redis) {
    for key in [":r:", ":t:", ":w:", ":d:", ":flagged"].iter().flat_map(|kind| of_kind(redis, kind)) {
        assert!(redis.ask_key::<i64>("PTTL", &key, &[]) > 0, "{}", String::from_utf8_lossy(&key));
    }
}

#[tokio::test]
async fn a_stranger_is_told_from_the_user_held_back_and_learned_when_it_was_the_user() {
    let rig = rig(&[("OTP_RISK", "step_up"), ("OTP_RISK_STEP_UP", "25")]);
    let (_, first) = sign_in(&rig.client, "ann", HOME).await;
    assert_eq!(first["risk"], json!({"score": 0, "level": "learning", "action": "none", "sign_ins": 0, "reasons": []}));
    learns(&rig.redis, "the first sign-in", |profile| profile.sign_ins == 1);
    // Another sidecar over the same Redis knows as much.
    let other = rig.another(&[("OTP_RISK", "report"), ("OTP_RISK_MIN_SIGN_INS", "1")]);
    let (_, again) = sign_in(&other.client(), "ann", HOME).await;
    assert_eq!((&again["risk"]["sign_ins"], &again["risk"]["action"]), (&json!(1), &json!("none")));
    let (id, stranger) = sign_in(&rig.client, "ann", AWAY).await;
    assert_eq!(stranger["risk"]["action"], "step_up");
    assert!(codes(&stranger).contains("new_country") && codes(&stranger).contains("new_device"), "{stranger}");
    let waiting = learns(&rig.redis, "the stranger to wait", |profile| profile.pending.is_some());
    assert_eq!(waiting.values(Level::Device).count(), 1);
    // A send tells it too, a decoy nothing: the app does not know whom.
    let (issued, sent) = issue(&rig.client, "ann", AWAY).await;
    assert_eq!(sent["risk"]["action"], "step_up");
    let decoy = json!({"subject": "ann", "ip": AWAY.ip, "device_id": "x", "subject_known": false});
    let decoy = rig.client.send_body(decoy).await.is(201).body;
    assert_eq!((&decoy["risk"]["sign_ins"], &decoy["risk"]["score"]), (&json!(0), &json!(0)));
    let was_me = json!({"reason": "was_me"});
    let report = |id: &str| format!("/v1/verifications/{id}/report");
    rig.client.post(&report(&issued.id), &was_me).await.is(422);
    for _ in 0..2 {
        rig.client.post(&report(&id), &was_me).await.is(204);
    }
    let confirmed = learns(&rig.redis, "the user's word", |profile| profile.pending.is_none());
    assert_eq!((confirmed.sign_ins, confirmed.values(Level::Device).count()), (2, 2));
    let (_, known) = sign_in(&rig.client, "ann", AWAY).await;
    assert_eq!(known["risk"]["action"], "none");
    let about = json!({"subject": "ann", "tenant": keys::TENANT});
    let held = rig.sidecar.admin_client().post("/admin/v1/subjects/inspect", &about).await.is(200).body["risk"].clone();
    assert_eq!((&held["countries"], &held["devices"]), (&json!(["NO", "US"]), &json!(2)), "{held}");
    assert!(held["odds"][0].as_str().unwrap().contains("of users with such a history comes from a new"), "{held}");
    let export = json!({"subject": "ann", "tenant": keys::TENANT, "reason": "asked for"});
    let exported = rig.sidecar.admin_client().post("/admin/v1/subjects/export", &export).await.is(200);
    assert_eq!(exported.body["risk"]["countries"], held["countries"]);
    // It is shown for as long as it is held, whether anything is learned or not.
    let off = rig.another(&[("OTP_RISK", "off"), ("OTP_GEO_DB", "none")]);
    let shown = off.admin_client().post("/admin/v1/subjects/inspect", &about).await.is(200).body["risk"].clone();
    assert_eq!((&shown["countries"], &shown["sign_ins"]), (&held["countries"], &held["sign_ins"]), "{shown}");
    let line = rig.sidecar.tells("a scored sign-in", |line| line.contains(r#""country":"US","asn":64502,"risk":"#));
    assert!(!line.contains("37.75"), "{line}");
    each_ends(&rig.redis);
    let metrics = rig.metrics().await;
    let actions = |action| metrics.value("otp_risk_actions_total", &[("action", action), ("mode", "step_up")]);
    assert!(actions("step_up") >= 1.0 && actions("none") >= 1.0);
    // It goes out and goes like all else of a user, whether anything is learned or not.
    let exported = off.admin_client().post("/admin/v1/subjects/export", &export).await.is(200);
    assert_eq!(exported.body["risk"]["countries"], held["countries"]);
    off.admin_client().post("/admin/v1/subjects/erase", &export).await.is(200);
    assert!(profiles(&rig.redis).is_empty());
}

#[tokio::test]
async fn shadow_answers_as_if_there_were_nothing_and_asks_redis_for_nothing_more() {
    let told = |mode: &'static str, scheme: Settings| async move {
        let rig = rig(&[scheme, &[("OTP_RISK", mode)]].concat());
        let mut monitor = Monitor::start(&rig.redis);
        let mut answers = Vec::new();
        for with in [HOME, AWAY, HOME] {
            let (issued, mut sent) = issue(&rig.client, "ann", with).await;
            let body = json!({"id": issued.id, "code": issued.code, "ip": with.ip, "device_id": with.device});
            let mut checked = rig.client.check_body(body).await.is(200).body;
            for answer in [&mut sent, &mut checked] {
                ["id", "code", "expires_at"]
                    .iter()
                    .for_each(|name| drop(answer.as_object_mut().unwrap().remove(*name)));
            }
            answers.extend([sent.to_string(), checked.to_string()]);
        }
        rig.sidecar.tells("where it was", |line| line.contains(r#""country":"NO","asn":64500"#));
        let asked = monitor.take();
        let calls = |function: &str| asked.iter().filter(|one| one.first.ends_with(function)).count();
        let calls = ["_send", "_check", "_reserve", "_store", "_claim", "_settle"].map(calls);
        let of_profile = asked.iter().filter(|one| one.name == "GET" && one.first.contains(":r:")).count();
        let lookups = rig.metrics().await.value("otp_geo_lookups_total", &[("result", "hit")]) as usize;
        (answers, calls, [of_profile, lookups])
    };
    let (off, shadow) = (told("off", HMAC).await, told("shadow", HMAC).await);
    assert_eq!(off, shadow);
    // Each call looks once, however often it calls the store.
    assert_eq!((off.2, told("report", HMAC).await.2, told("report", CHEAP).await.2), ([0, 6], [6, 6], [6, 6]));
}

#[tokio::test]
async fn who_was_erased_is_not_learned_again_of_what_was_on_its_way() {
    let rig = rig(&[("OTP_RISK", "shadow")]);
    sign_in(&rig.client, "ann", HOME).await;
    let first = learns(&rig.redis, "a profile", |_| true);
    let erase = json!({"subject": "ann", "tenant": keys::TENANT, "reason": "asked for"});
    for _ in 0..3 {
        // It is exported at some moment before, during or after the erasure.
        sign_in(&rig.client, "ann", AWAY).await;
        tokio::time::sleep(Duration::from_millis(rand::random_range(0..900))).await;
        rig.sidecar.admin_client().post("/admin/v1/subjects/erase", &erase).await.is(200);
        assert!(of_kind(&rig.redis, ":r:").is_empty());
        wait::until("an empty outbox", wait::PATIENCE, || waiting(&rig.redis));
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(of_kind(&rig.redis, ":r:").is_empty());
    }
    // Nor of what is written out together with what came after it.
    sign_in(&rig.client, "ann", AWAY).await;
    rig.sidecar.admin_client().post("/admin/v1/subjects/erase", &erase).await.is(200);
    sign_in(&rig.client, "ann", HOME).await;
    wait::until("an empty outbox", wait::PATIENCE, || waiting(&rig.redis));
    let profile = learns(&rig.redis, "a profile", |_| true);
    let devices: Vec<u32> = profile.values(Level::Device).collect();
    assert_eq!((profile.sign_ins, devices), (1, first.values(Level::Device).collect::<Vec<_>>()));
}

/// Whether all events are written out.
pub(super) fn waiting(redis: &Redis) -> Option<()> {
    let left: u64 = redis.streams().iter().map(|stream| redis.ask_key::<u64>("XLEN", stream, &[])).sum();
    (left == 0).then_some(())
}

#[tokio::test]
async fn a_profile_that_cannot_be_read_stays_and_keeps_nobody_out() {
    let rig = rig(&[("OTP_RISK", "report")]);
    sign_in(&rig.client, "ann", HOME).await;
    learns(&rig.redis, "a profile", |_| true);
    let key = of_kind(&rig.redis, ":r:").pop().unwrap();
    let unscored = async |why| rig.metrics().await.value("otp_risk_unscored_total", &[("why", why)]);
    rig.redis.ask_key::<()>("SETRANGE", &key, &["0", "\u{7f}"]);
    let (_, answer) = sign_in(&rig.client, "ann", AWAY).await;
    assert!(answer.get("risk").is_none(), "{answer}");
    wait::until("an empty outbox", wait::PATIENCE, || waiting(&rig.redis));
    assert_eq!(rig.redis.ask_key::<Vec<u8>>("GET", &key, &[])[0], 0x7f);
    // Send and check, in answers and in the trail.
    assert_eq!((unscored("profile").await >= 3.0, unscored("store").await), (true, 0.0));
    // Nor does one of another type.
    rig.redis.ask_key::<i64>("DEL", &key, &[]);
    rig.redis.ask_key::<i64>("HSET", &key, &["a", "b"]);
    let (_, answer) = sign_in(&rig.client, "ann", AWAY).await;
    assert!(answer.get("risk").is_none(), "{answer}");
    let about = json!({"subject": "ann", "tenant": keys::TENANT, "reason": "asked for"});
    for (call, body) in [("inspect", json!({"subject": "ann", "tenant": keys::TENANT})), ("export", about)] {
        let shown = rig.sidecar.admin_client().post(&format!("/admin/v1/subjects/{call}"), &body).await;
        assert!(shown.is(200).body.get("risk").is_none());
    }
    wait::until("an empty outbox", wait::PATIENCE, || waiting(&rig.redis));
    assert_eq!((rig.redis.ask_key::<i64>("HLEN", &key, &[]), unscored("store").await), (1, 0.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_nothing_is_learned_twice() {
    let (redis, dir) = (Redis::start(), TrailDir::new());
    let mut builder =
        Sidecar::builder().on(&redis).set_all(&UNLIMITED).set("OTP_RISK", "shadow").set("OTP_HASH", "hmac");
    for (name, value) in dir.variables() {
        builder = builder.set(name, &value);
    }
    const ROUNDS: usize = 4;
    const USERS: usize = 12;
    for round in 0..ROUNDS {
        let mut sidecar = builder.clone().start();
        let client = sidecar.client();
        for user in 0..USERS {
            let device = ["a", "b", "c", "d"][round];
            sign_in(&client, &format!("user{user}"), Place { device, ..HOME }).await;
        }
        tokio::time::sleep(Duration::from_millis(rand::random_range(0..1200))).await;
        sidecar.kill();
    }
    let _sidecar = builder.start();
    wait::until("an empty outbox", wait::PATIENCE, || waiting(&redis));
    // Taught last, and perhaps still on its way: read first.
    let tables = of_kind(&redis, ":t:");
    let table = tables.first().and_then(|key| Table::read(&redis.ask_key::<Vec<u8>>("GET", key, &[])));
    let all = profiles(&redis);
    assert!(all.iter().all(|profile| usize::from(profile.sign_ins) <= ROUNDS));
    let learned: usize = all.iter().map(|profile| usize::from(profile.sign_ins)).sum();
    assert!(learned > 0);
    // What is shared counts all but the first of each, and never one twice.
    let counted: u32 = table.map_or(0, |table| (56..84).map(|place| table.count(place).all).sum());
    assert!(counted as usize <= learned - all.len(), "{counted} counted, {learned} learned of {}", all.len());
}
