//! The review: figures against a history that is known.

use std::time::{SystemTime, UNIX_EPOCH};

use super::{SOON, rig, unlock, viewer};
use crate::support::{
    Redis, Sidecar, TrailDir,
    trail::{Verified, run},
    wait,
};
use otp_sidecar::{event::Bucket, store::key::OfTime};
use serde_json::{Value, json};

const HOUR: u64 = 3_600_000;

async fn report(sidecar: &Sidecar, since: &str) -> Value {
    viewer(sidecar).get(&format!("/admin/v1/report?since={since}")).await.is(200).body
}

fn figure(report: &Value, list: &str, name: &str) -> (u64, u64) {
    let figures = report[list].as_array().unwrap();
    let figure = figures.iter().find(|figure| figure["name"] == name).unwrap_or_else(|| panic!("no {name}: {report}"));
    (figure["count"].as_u64().unwrap(), figure["before"].as_u64().unwrap())
}

/// Adds events of one kind and outcome so long ago, as an export then would have.
fn happened(redis: &Redis, ago: u64, (kind, outcome): (u8, u8), count: u64) {
    let now = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let hour = (now - ago) / HOUR;
    let key = OfTime::Day.key(Bucket::all().nth((ago % 64) as usize).unwrap(), hour / 24);
    let mut connection = redis.connect_to(&key);
    let field = [u8::try_from(hour % 24).unwrap(), kind, outcome];
    redis::cmd("HINCRBY").arg(key).arg(&field).arg(count).exec(&mut connection).unwrap();
}

#[tokio::test]
async fn figures_are_those_of_the_period_beside_those_of_as_long_a_time_before() {
    let rig = rig(&[]);
    let day = 24 * HOUR;
    // Send 1, check 2, lockout 4; issued 10, wrong code 12, locked 21, pause 23.
    for (ago, what, count) in [
        (2 * day, (1, 10), 1000),
        (29 * day, (1, 10), 30),
        (31 * day, (1, 10), 500),
        (59 * day, (1, 10), 7),
        (61 * day + 2 * HOUR, (1, 10), 100_000),
        (day, (2, 12), 40),
        (35 * day, (2, 12), 80),
        (day, (1, 23), 9),
        (day, (2, 21), 4),
        (40 * day, (2, 21), 6),
        (day, (4, 21), 3),
        // What a later version counts.
        (day, (99, 10), 5),
    ] {
        happened(&rig.redis, ago, what, count);
    }
    let month = report(&rig.sidecar, "30d").await;
    assert_eq!(figure(&month, "figures", "codes_issued"), (1030, 507));
    assert_eq!(figure(&month, "figures", "wrong_codes"), (40, 80));
    assert_eq!(figure(&month, "figures", "refusals"), (13, 6));
    assert_eq!(figure(&month, "figures", "lockouts"), (3, 0));
    assert_eq!(figure(&month, "refusals", "resend_cooldown"), (9, 0));
    assert_eq!(figure(&month, "refusals", "subject_locked"), (4, 6));
    let week = report(&rig.sidecar, "7d").await;
    assert_eq!(figure(&week, "figures", "codes_issued"), (1000, 0));
    assert_eq!(week["events"]["send"]["issued"], json!(1000));
    let at = |of: &Value, name: &str| humantime::parse_rfc3339(of[name].as_str().unwrap()).unwrap();
    let length = |of: &Value| at(of, "until").duration_since(at(of, "from")).unwrap().as_secs();
    assert!((7 * 86_400..=7 * 86_400 + 3600).contains(&length(&week)));
    assert!((7 * 86_400..=7 * 86_400 + 3600).contains(&length(&week["before"])));
    assert_eq!(week["before"]["until"], week["from"]);
}

/// From the trail that a sidecar writes, the same sums, and who was locked and who acted.
#[tokio::test]
async fn with_the_trail_it_lists_who_was_locked_and_what_operators_did() {
    let dir = TrailDir::new();
    let variables = dir.variables();
    let rig = rig(&variables.iter().map(|(name, value)| (*name, &**value)).collect::<Vec<_>>());
    for subject in ["lovelace", "rob", "rob"] {
        rig.lock_out(subject).await;
        unlock(&rig.sidecar, subject).await.is(200);
    }
    super::inspect(&rig.sidecar, "cyd").await;
    let done = || async { (figure(&report(&rig.sidecar, "1h").await, "figures", "lockouts").0 == 3).then_some(()) };
    wait::until_async("all of it", SOON, done).await;
    let drawn = || {
        let path = dir.path().display().to_string();
        let keys = [("OTP_INDEX_KEY", crate::support::keys::INDEX_KEY)];
        let Verified { code, text } = run(&["report", &path, "--since", "1h", "--json"], &keys);
        assert_eq!(code, 0, "{text}");
        let told: Value = serde_json::from_str(&text).unwrap();
        let looked = |look: &Value| look["type"] == "admin.report" && look["actor"] == "desk";
        let looks = told["looks"].as_array()?;
        (told["acts_total"] == 4 && looks.iter().any(looked)).then_some(told)
    };
    let told = wait::until("all acts, and a look", SOON, drawn);
    let counters = report(&rig.sidecar, "1h").await;
    assert_eq!((&told["figures"], &told["refusals"]), (&counters["figures"], &counters["refusals"]));
    let subjects = told["locked_out"]["subjects"].as_array().unwrap();
    assert_eq!(subjects.iter().map(|one| one["lockouts"].as_u64().unwrap()).collect::<Vec<_>>(), [2, 1]);
    let acts = told["acts"].as_array().unwrap();
    let acts: Vec<_> = acts.iter().map(|act| (act["type"].as_str().unwrap(), act["actor"].as_str().unwrap())).collect();
    let unlock = ("admin.unlock", "ops");
    assert_eq!(acts, [unlock, unlock, unlock, ("admin.inspect", "desk")]);
    assert!(!told.to_string().contains("lovelace"), "names stay sealed");
}

#[tokio::test]
async fn refusals_from_memory_are_counted_with_their_exact_number() {
    let rig = rig(&[]);
    rig.lock_out("ada").await;
    for _ in 0..300 {
        rig.client.send("ada").await.refused(429, "subject_locked");
    }
    let done = || async {
        let told = figure(&report(&rig.sidecar, "2h").await, "refusals", "subject_locked").0;
        assert!(told <= 300, "{told}");
        (told == 300).then_some(())
    };
    wait::until_async("all refusals", SOON, done).await;
}
