//! Unlock: what it ends, what it leaves, and how soon it holds everywhere.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{admin, events, rig, unlock};
use crate::support::{Rig, client::fresh_ip, keys, wrong_code_than};

/// How soon an unlock holds in every sidecar.
const HEALED_WITHIN: Duration = Duration::from_secs(1);

#[tokio::test]
async fn it_ends_lock_failures_and_level_and_no_code_comes_back() {
    let rig = rig(&[]);
    let other = rig.client.issue_for("ada", "sign_up").await;
    let (burnt, _) = rig.lock_out("ada").await;
    assert_eq!(unlock(&rig.sidecar, "ada").await.is(200).body, json!({"unlocked": 1}));
    let status = rig.client.status("ada").await;
    for (field, expected) in [
        ("locked", json!(false)),
        ("lock_level", json!(0)),
        ("failed_attempts", json!(0)),
        ("attempts_left", json!(5)),
        ("can_request", json!(true)),
    ] {
        assert_eq!(status[field], expected, "{field}: {status}");
    }
    for old in [&burnt, &other] {
        rig.client.check_id(&old.id, &old.code).await.rejected("burnt", "too_many_failures");
    }
    let fresh = rig.client.issue("ada").await;
    rig.client.check_id(&fresh.id, &fresh.code).await.approved();
    assert_eq!(rig.indexed("locked"), 0);
}

/// An act on everybody is told like any other, and what it found.
#[tokio::test]
async fn an_unlock_of_all_that_finds_nobody_is_in_the_trail_too() {
    let rig = rig(&[]);
    let all = json!({"all": true, "reason": "false alarm"});
    assert_eq!(admin(&rig.sidecar).post("/admin/v1/unlock", &all).await.is(200).body, json!({"unlocked": 0}));
    let told = &events(&rig.sidecar, "admin.unlock", 1).await[0];
    assert_eq!((&told["actor"], &told["who"]["reason"]), (&json!("ops"), &json!("false alarm")));
    assert_eq!((&told["outcome"], told.get("subject_ref")), (&json!("not_found"), None));
    rig.lock_out("ada").await;
    assert_eq!(admin(&rig.sidecar).post("/admin/v1/unlock", &all).await.is(200).number("unlocked"), 1);
    let told = events(&rig.sidecar, "admin.unlock", 2).await;
    assert!(told.len() == 2 && told[1]["subject_ref"].is_string(), "{told:?}");
}

#[tokio::test]
async fn it_lifts_a_hard_stop() {
    let rig = rig(&[("OTP_MAX_CONSECUTIVE_FAILURES", "3")]);
    let issued = rig.client.issue("ada").await;
    for wrong in issued.wrong_codes().take(3) {
        rig.client.check_id(&issued.id, &wrong).await.is(200);
    }
    rig.client.send("ada").await.refused(429, "subject_disabled");
    assert_eq!(unlock(&rig.sidecar, "ada").await.is(200).number("unlocked"), 1);
    assert_eq!(rig.indexed("disabled"), 0);
    let fresh = rig.client.issue("ada").await;
    rig.client.check_id(&fresh.id, &wrong_code_than(&fresh.code)).await.rejected("pending", "wrong_code");
    rig.client.check_id(&issued.id, &issued.code).await.rejected("burnt", "too_many_failures");
    let ends: Vec<i64> = rig
        .redis
        .keys()
        .iter()
        .filter(|key| key.get(9..12) == Some(b":s:"))
        .map(|key| rig.redis.ask_key("PTTL", key, &[]))
        .collect();
    assert!(ends.iter().all(|ms| *ms > 0), "a record that is disabled no more ends by itself: {ends:?}");
}

#[tokio::test]
async fn it_gives_back_neither_quota_nor_pause() {
    let rig = Rig::start(&[("MAX_ATTEMPTS_PER_USER_PER_HOUR", "2"), ("MAX_ATTEMPTS_PER_IP_PER_HOUR", "off")]);
    let first = rig.client.issue("ada").await;
    for wrong in first.wrong_codes().take(5) {
        rig.client.check_id(&first.id, &wrong).await.is(200);
    }
    assert_eq!(unlock(&rig.sidecar, "ada").await.is(200).number("unlocked"), 1);
    rig.client.send("ada").await.refused(429, "resend_cooldown");
    assert_eq!(rig.client.status("ada").await["sends_left"], json!(1));
    assert_eq!(rig.client.status("ada").await["requests_last_hour"], json!(1));
}

#[tokio::test]
async fn failures_short_of_a_lock_are_cleared_too_and_a_live_code_stays_live() {
    let rig = rig(&[]);
    let issued = rig.client.issue("ada").await;
    for wrong in issued.wrong_codes().take(3) {
        rig.client.check_id(&issued.id, &wrong).await.rejected("pending", "wrong_code");
    }
    assert_eq!(unlock(&rig.sidecar, "ada").await.is(200).number("unlocked"), 1);
    assert_eq!(rig.counted("ada").await.0, 0);
    rig.client.check_id(&issued.id, &issued.code).await.approved();
    assert_eq!(unlock(&rig.sidecar, "ada").await.is(200).number("unlocked"), 0, "nothing was left to end");
    assert_eq!(unlock(&rig.sidecar, "nobody-ever").await.is(200).number("unlocked"), 0);
}

#[tokio::test]
async fn a_network_gets_its_failures_back_and_no_sends() {
    let ip = "203.0.113.5";
    let rig = Rig::start(&[
        ("OTP_MAX_FAILURES_PER_IP_PER_HOUR", "2"),
        ("MAX_ATTEMPTS_PER_IP_PER_HOUR", "2"),
        ("RESEND_COOLDOWN_SECONDS", "0"),
    ]);
    let issued = [0, 1].map(|n| json!({"subject": format!("user{n}"), "ip": ip}));
    let mut codes = Vec::new();
    for body in issued {
        codes.push(rig.client.send_body(body).await.is(201).body);
    }
    let check = |n: usize, code: String| json!({"id": codes[n]["id"], "code": code, "ip": ip});
    let (right, wrong) = (codes[0]["code"].as_str().unwrap(), wrong_code_than(codes[0]["code"].as_str().unwrap()));
    for _ in 0..2 {
        rig.client.check_body(check(0, wrong.clone())).await.rejected("pending", "wrong_code");
    }
    rig.client.check_body(check(0, right.into())).await.refused(429, "ip_blocked");
    let body = json!({"ip": ip, "tenant": keys::TENANT, "reason": "an office"});
    assert_eq!(admin(&rig.sidecar).post("/admin/v1/unlock", &body).await.is(200).number("unlocked"), 1);
    rig.client.check_body(check(0, right.into())).await.approved();
    rig.client.send_body(json!({"subject": "user2", "ip": ip})).await.refused(429, "quota_ip");
    assert_eq!(admin(&rig.sidecar).post("/admin/v1/unlock", &body).await.is(200).number("unlocked"), 0);
    // Nobody else's network, and nobody's failures of their own.
    let elsewhere = json!({"ip": ip, "tenant": "bank", "reason": "an office"});
    assert_eq!(admin(&rig.sidecar).post("/admin/v1/unlock", &elsewhere).await.is(200).number("unlocked"), 0);
}

#[tokio::test]
async fn all_is_all_that_are_stopped_and_each_is_told() {
    let rig = rig(&[("MAX_FAILED_VERIFICATIONS_PER_OTP", "2"), ("OTP_MAX_CONSECUTIVE_FAILURES", "3")]);
    for n in 0..20 {
        rig.lock_out(&format!("user{n}")).await;
    }
    // Three of them reach the hard stop at the third wrong code in a row.
    for n in 0..3 {
        unlock(&rig.sidecar, &format!("user{n}")).await.is(200);
        let issued = rig.client.issue(&format!("user{n}")).await;
        for wrong in issued.wrong_codes().take(2) {
            rig.client.check_id(&issued.id, &wrong).await.is(200);
        }
    }
    let disabled = rig.client.issue("dee").await;
    rig.client.check_id(&disabled.id, &wrong_code_than(&disabled.code)).await.is(200);
    let answer = admin(&rig.sidecar).post("/admin/v1/unlock", &json!({"all": true, "reason": "an incident"})).await;
    assert_eq!(answer.is(200).number("unlocked"), 20);
    assert_eq!((rig.indexed("locked"), rig.indexed("disabled")), (0, 0));
    for n in 0..20 {
        rig.client.issue(&format!("user{n}")).await;
    }
    assert_eq!(rig.counted("dee").await.0, 1, "who was not stopped is left alone");
    let told = events(&rig.sidecar, "admin.unlock", 23).await;
    let reasons: Vec<_> = told.iter().filter(|event| event["who"]["reason"] == "an incident").collect();
    assert_eq!(reasons.len(), 20);
    assert!(
        reasons.iter().all(|event| event["actor"] == "ops" && event["who"]["subject"] != Value::Null),
        "{reasons:?}"
    );
}

#[tokio::test]
async fn what_is_meant_must_be_said_once_and_why() {
    let rig = rig(&[]);
    let admin = admin(&rig.sidecar);
    let post = async |body: Value| admin.post("/admin/v1/unlock", &body).await;
    post(json!({"reason": "x"})).await.refuses_field("subject");
    post(json!({"all": false, "reason": "x"})).await.refuses_field("subject");
    post(json!({"subject": "ada", "tenant": "shop"})).await.refuses_field("reason");
    post(json!({"subject": "ada", "tenant": "shop", "reason": "  "})).await.refuses_field("reason");
    post(json!({"subject": "ada", "tenant": "shop", "reason": "x".repeat(201)})).await.refuses_field("reason");
    post(json!({"subject": "ada", "reason": "x"})).await.refuses_field("tenant");
    post(json!({"ip": "203.0.113.5", "reason": "x"})).await.refuses_field("tenant");
    post(json!({"subject": "ada", "tenant": "SHOP", "reason": "x"})).await.refuses_field("tenant");
    post(json!({"subject": "ada", "subject_ref": "0".repeat(32), "reason": "x"})).await.refuses_field("subject_ref");
    post(json!({"subject_ref": "0f", "reason": "x"})).await.refuses_field("subject_ref");
    post(json!({"subject_ref": "1".repeat(32), "tenant": "shop", "reason": "x"})).await.refuses_field("tenant");
    post(json!({"ip": "nowhere", "reason": "x"})).await.refuses_field("ip");
    post(json!({"subject": "ada", "tenant": "shop", "ip": "203.0.113.5", "reason": "x"})).await.refuses_field("ip");
    post(json!({"subject": "ada", "tenant": "shop", "all": true, "reason": "x"})).await.refuses_field("all");
}

#[tokio::test]
async fn the_tenant_may_be_left_out_where_there_is_but_one() {
    let rig = rig(&[("OTP_API_KEYS", &format!("shop:{}", keys::KEY))]);
    rig.lock_out("ada").await;
    let answer = admin(&rig.sidecar).post("/admin/v1/unlock", &json!({"subject": "ADA", "reason": "x"})).await;
    assert_eq!(answer.is(200).number("unlocked"), 1, "any variant of the name is the same user");
}

#[tokio::test]
async fn a_reference_is_enough() {
    let rig = rig(&[]);
    rig.lock_out("ada").await;
    let reference = super::inspect(&rig.sidecar, "ada").await["subject_ref"].clone();
    let body = json!({"subject_ref": reference, "reason": "x"});
    assert_eq!(admin(&rig.sidecar).post("/admin/v1/unlock", &body).await.is(200).number("unlocked"), 1);
    rig.client.issue("ada").await;
}

#[tokio::test]
async fn it_says_in_the_trail_what_it_ended_and_the_reason_only_sealed() {
    let rig = rig(&[]);
    let (_, locking) = rig.lock_out("lovelace").await;
    unlock(&rig.sidecar, "lovelace").await.is(200);
    let told = &events(&rig.sidecar, "admin.unlock", 1).await[0];
    assert_eq!(
        (&told["actor"], &told["outcome"], &told["tenant"]),
        (&json!("ops"), &json!("recorded"), &json!("shop"))
    );
    assert_eq!((&told["failures"], &told["lock_level"]), (&json!(5), &json!(1)));
    assert_eq!((&told["who"]["reason"], &told["who"]["subject"]), (&json!("asked for"), &json!("lovelace")));
    let until = humantime::parse_rfc3339(locking["locked_until"].as_str().unwrap()).unwrap();
    let until = until.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    assert_eq!(u128::from(told["until_ms"].as_u64().unwrap()), until);
    let line = rig.sidecar.tells("its line", |line| line.contains("\"admin.unlock\""));
    assert!(line.contains("\"actor\":\"ops\"") && line.contains("\"sealed\""), "{line}");
    assert!(!line.contains("asked for") && !line.contains("lovelace"), "{line}");
}

#[tokio::test]
async fn a_full_store_still_lets_an_operator_unlock() {
    let rig = rig(&[]);
    rig.lock_out("ada").await;
    rig.redis.cli(&["CONFIG", "SET", "maxmemory", "1"]);
    assert_eq!(unlock(&rig.sidecar, "ada").await.is(200).number("unlocked"), 1);
    admin(&rig.sidecar).get("/admin/v1/locks").await.is(200);
    rig.redis.cli(&["CONFIG", "SET", "maxmemory", "0"]);
    rig.client.issue("ada").await;
}

/// Both sidecars refuse out of memory when one of them is told to unlock. From a second later on nobody is refused any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_a_flood_it_holds_within_a_second_in_every_sidecar() {
    let a = rig(&[]);
    let b = a.another(&[]);
    a.lock_out("ada").await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut flood = JoinSet::new();
    for client in [a.client.clone(), b.client(), a.client.clone(), b.client()] {
        let stop = Arc::clone(&stop);
        flood.spawn(async move {
            let mut refused = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let asked = Instant::now();
                if client.send_for("ada", "flood").await.status == 429 {
                    refused.push(asked);
                }
            }
            refused
        });
    }
    let remembered = || async {
        let from_memory = crate::support::Metrics::fetch(&b).await.value("otp_refusals_from_memory_total", &[]);
        (from_memory > 50.0).then_some(())
    };
    crate::support::wait::until_async("a flood that is refused from memory", super::SOON, remembered).await;
    unlock(&a.sidecar, "ada").await.is(200);
    let unlocked = Instant::now();
    let let_in = || async {
        let answer = b.client().send_body(json!({"subject": "ada", "ip": fresh_ip()})).await;
        (answer.status == 201).then_some(())
    };
    crate::support::wait::until_async("the other sidecar to let her in", HEALED_WITHIN, let_in).await;
    // On for as long again: whatever was still believed after the second would be given now.
    let calm = || async { (unlocked.elapsed() > 2 * HEALED_WITHIN).then_some(()) };
    crate::support::wait::until_async("two seconds", super::SOON, calm).await;
    stop.store(true, Ordering::Relaxed);
    let refused: Vec<Instant> = flood.join_all().await.into_iter().flatten().collect();
    let late = refused.iter().filter(|at| at.saturating_duration_since(unlocked) > HEALED_WITHIN).count();
    assert!(refused.len() > 100, "a flood: {}", refused.len());
    assert_eq!(late, 0, "of {} refusals", refused.len());
}
