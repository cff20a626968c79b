//! What goes to Redis: one script a call, two where a hash stands between, and nothing else.

use std::collections::BTreeMap;

use otp_sidecar::store::functions;
use serde_json::json;

use crate::support::{
    Monitor, Redis, RedisOptions, Rig,
    client::fresh_ip,
    monitor::Command,
    redis::user,
    rig::UNLIMITED,
    scheme::{CHEAP, HMAC},
    wrong_code_than,
};

/// What the sidecar may say of its own accord: it looks after the server's settings and clock, reads and deletes events, and
/// counts those that wait.
const BACKGROUND: [&str; 5] = ["INFO", "TIME", "XRANGE", "MGET", "XLEN"];
/// Odd numbers that nothing in the background reaches by chance.
const SENDS: usize = 137;
const CHECKS: usize = 149;

/// A Redis whose sidecar may load its scripts beforehand, so that not even the first call of each sends its text.
fn started(variables: &[(&str, &str)]) -> Rig {
    Rig::over(Redis::with(RedisOptions { acl: Some(user::ANYBODY.into()), ..Default::default() }), variables)
}

fn unlimited(variables: &[(&str, &str)]) -> Rig {
    started(&[&UNLIMITED, variables].concat())
}

/// How often each script was called, but for those that the sidecar calls of its own accord.
///
/// # Panics
/// If anything but scripts and [`BACKGROUND`] was sent.
fn scripts(seen: Vec<Command>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    let background =
        [&*functions::EXPORT, &functions::PERSON, &functions::ACKNOWLEDGE, &functions::NOTE, &functions::START];
    let own = |command: &Command| {
        BACKGROUND.contains(&&*command.name)
            || background.iter().any(|function| function.registered == command.first)
            // The name of somebody who was locked, for operators, and what seals whom events are about.
            || (command.name == "SET" && ["}:n:", "}:p:"].iter().any(|kind| command.first.contains(kind)))
    };
    for command in seen.into_iter().filter(|command| !own(command)) {
        assert!(command.name.starts_with("FCALL"), "{command:?}");
        *counts.entry(command.first).or_default() += 1;
    }
    counts
}

/// The scripts called exactly so often, which must be as many as `kinds`.
fn exactly(counts: &BTreeMap<String, usize>, kinds: usize, times: usize) -> Vec<String> {
    let all: Vec<_> = counts.iter().filter(|(_, count)| **count == times).map(|(script, _)| script.clone()).collect();
    assert_eq!(all.len(), kinds, "{kinds} scripts called {times} times: {counts:?}");
    all
}

#[tokio::test]
async fn each_send_and_each_check_is_one_script_call_and_with_a_hash_two() {
    for (scheme, calls) in [(HMAC, 1), (CHEAP, 2)] {
        let rig = unlimited(scheme);
        let warm = rig.client.issue("warm").await;
        rig.client.check_id(&warm.id, &warm.code).await.approved();
        let mut monitor = Monitor::start(&rig.redis);
        let mut issued = Vec::new();
        for n in 0..SENDS {
            issued.push(rig.client.issue(&format!("user{n}")).await);
        }
        let send = exactly(&scripts(monitor.take()), calls, SENDS);
        for code in issued.iter().cycle().take(CHECKS) {
            rig.client.check_id(&code.id, &wrong_code_than(&code.code)).await.rejected("pending", "wrong_code");
        }
        let checks = scripts(monitor.take());
        let check = exactly(&checks, calls, CHECKS);
        assert!(send.iter().all(|script| !checks.contains_key(script)), "{checks:?}");
        for code in &issued {
            rig.client.check_id(&code.id, &code.code).await.approved();
        }
        let right = exactly(&scripts(monitor.take()), calls, SENDS);
        assert_eq!(right, check, "a right code costs no more than a wrong one");
    }
}

#[tokio::test]
async fn every_other_call_is_one_script_call() {
    for scheme in [HMAC, CHEAP] {
        let rig = unlimited(&[scheme, &[("MAX_FAILED_VERIFICATIONS_PER_OTP", "60")]].concat());
        let issued = rig.client.issue("ada").await;
        let ids: Vec<_> = rig.issue_all("cancel", SENDS).await.into_iter().map(|issued| issued.id).collect();
        let mut monitor = Monitor::start(&rig.redis);
        let mut seen = Vec::new();
        let mut one = |monitor: &mut Monitor| seen.extend(exactly(&scripts(monitor.take()), 1, SENDS));
        for _ in 0..SENDS {
            rig.client.status("ada").await;
        }
        one(&mut monitor);
        for _ in 0..SENDS {
            rig.client.verification(&issued.id).await.is(200);
        }
        one(&mut monitor);
        for id in &ids {
            assert_eq!(rig.client.cancel(id).await.is(200).str("status"), "canceled");
        }
        one(&mut monitor);
        for call in ["request", "failure"] {
            for n in 0..SENDS {
                let body = json!({"subject": format!("guard{n}"), "ip": fresh_ip()});
                rig.client.post(&format!("/v1/guard/{call}"), &body).await.is(200);
            }
            one(&mut monitor);
        }
        for n in 0..SENDS {
            rig.client.post("/v1/guard/success", &json!({"subject": format!("guard{n}")})).await.is(200);
        }
        one(&mut monitor);
        for id in &ids {
            let path = format!("/v1/verifications/{id}/delivery");
            rig.client.post(&path, &json!({"outcome": "delivered"})).await.is(204);
        }
        one(&mut monitor);
        for id in &ids {
            let path = format!("/v1/verifications/{id}/report");
            rig.client.post(&path, &json!({"reason": "not_me"})).await.is(204);
        }
        one(&mut monitor);
        let calls = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), calls, "one script for each call");
    }
}

/// A refusal comes before any hash, and so does the end of a code that is live no more.
#[tokio::test]
async fn what_needs_no_hash_is_at_most_one_script_call() {
    for scheme in [HMAC, CHEAP] {
        let rig = started(&[scheme, &[("MAX_ATTEMPTS_PER_IP_PER_HOUR", "off")]].concat());
        let issued = rig.client.issue("ada").await;
        rig.client.check_id(&issued.id, &issued.code).await.approved();
        let mut monitor = Monitor::start(&rig.redis);
        for _ in 0..SENDS {
            rig.client.send("ada").await.refused(429, "resend_cooldown");
        }
        let counts = scripts(monitor.take());
        assert!(counts.values().all(|count| *count <= SENDS), "{counts:?}");
        for _ in 0..SENDS {
            rig.client.check_id(&issued.id, &issued.code).await.rejected("used", "already_used");
        }
        exactly(&scripts(monitor.take()), 1, SENDS);
        let (locked, _) = rig.lock_out("bob").await;
        scripts(monitor.take());
        for _ in 0..SENDS {
            rig.client.check_id(&locked.id, &locked.code).await.refused(429, "subject_locked");
        }
        let counts = scripts(monitor.take());
        assert!(counts.values().all(|count| *count <= SENDS), "{counts:?}");
    }
}

#[tokio::test]
async fn what_is_refused_for_its_form_costs_the_store_nothing() {
    for scheme in [HMAC, CHEAP] {
        let rig = unlimited(scheme);
        let mut monitor = Monitor::start(&rig.redis);
        for _ in 0..SENDS {
            rig.client.send("").await.refuses_field("subject");
            rig.client.check("ada", "login", "x").await.refused(422, "invalid_code");
            rig.client.verification("forged").await.refused(404, "not_found");
            rig.client.clone().with_key("no-key-of-ours-0123456789-0123456789").send("ada").await.is(401);
        }
        let counts = scripts(monitor.take());
        assert!(counts.values().all(|count| *count < SENDS), "{counts:?}");
    }
}
