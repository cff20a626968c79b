//! What operators do, and what others write.

use std::fs;

use serde_json::json;

use super::{browse, browse_at, nothing_is_asked};
use crate::{
    behaviour::admin::{admin, events, rig},
    mail::{becomes, borrowed, relay::Relay},
    support::{Client, Redis, Rig, Sidecar, keys, redis::port::Port, rig::UNLIMITED, wait},
};

/// Markup, and text that runs backwards.
const HOSTILE: &str = "<img src=x onerror=\"document.title='owned'\">\u{202e}moc";

/// A user who is locked out and another who is locked by hand.
async fn some_trouble(rig: &Rig) {
    rig.lock_out("ann@example.com").await;
    let body = json!({"subject": "bob@example.com", "tenant": keys::TENANT, "minutes": 600, "reason": "a theft"});
    admin(&rig.sidecar).post("/admin/v1/lock", &body).await.is(200);
    events(&rig.sidecar, "lockout,admin.lock", 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_can_use_it_in_light_and_dark() {
    let rig = rig(&[]);
    some_trouble(&rig).await;
    browse("accessible", &rig.sidecar, nothing_is_asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_write_is_text_and_nothing_is_asked_of_anybody_else() {
    let rig = rig(&[]);
    let body = json!({"subject": HOSTILE, "tenant": keys::TENANT, "minutes": 5, "reason": HOSTILE});
    admin(&rig.sidecar).post("/admin/v1/lock", &body).await.is(200);
    let body = json!({"subject": HOSTILE, "ip": "203.0.113.5", "user_agent": HOSTILE, "device_id": HOSTILE});
    rig.client.send_body(body).await.refused(429, "subject_locked");
    events(&rig.sidecar, "admin.lock,send", 2).await;
    browse("hostile", &rig.sidecar, nothing_is_asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_meant_is_found_or_it_says_why_not() {
    let rig = rig(&[]);
    some_trouble(&rig).await;
    let reference =
        events(&rig.sidecar, "lockout", 1).await[0]["subject_ref"].as_str().expect("a reference").to_owned();
    for alike in ["0123456789abcdef0123456789abcdef", &reference] {
        rig.client.issue(alike).await;
    }
    browse("look_up", &rig.sidecar, |_| reference.clone());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_looked_up_and_unlocked_without_a_mouse() {
    let rig = rig(&[]);
    some_trouble(&rig).await;
    browse("keyboard", &rig.sidecar, nothing_is_asked);
    assert_eq!(rig.client.status("ann@example.com").await["locked"], json!(false));
    let told = events(&rig.sidecar, "admin.unlock", 1).await;
    assert_eq!((&told[0]["actor"], &told[0]["who"]["reason"]), (&json!("ops"), &json!("called the desk")));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_act_of_the_page_is_done_with_its_reason() {
    let relay = Relay::plain();
    let limits = [("MAX_ATTEMPTS_PER_IP_PER_HOUR", "10"), ("OTP_MAX_FAILURES_PER_IP_PER_HOUR", "20")];
    let risk = [("OTP_RISK", "shadow"), ("OTP_RISK_BOMBING", "2/1h")];
    let rig = rig(&[&borrowed(&relay.variables())[..], &limits, &risk].concat());
    some_trouble(&rig).await;
    for _ in 0..4 {
        rig.client.send("bob@example.com").await.refused(429, "subject_locked");
    }
    events(&rig.sidecar, "suspicious", 1).await;
    rig.client.issue("cara@example.com").await;
    let body = json!({"subject": "dora@example.com", "channel": "email", "ip": "203.0.113.9"});
    let sent = rig.client.send_body(body).await.is(201);
    becomes(&rig.client, sent.str("id"), "accepted").await;
    browse("acts", &rig.sidecar, nothing_is_asked);
    let told = events(&rig.sidecar, "admin.lock,admin.export,admin.erase,admin.unlock", 5).await;
    let with_reason = |kind: &str| {
        let acts = told.iter().filter(|act| act["type"] == kind);
        acts.filter(|act| act["actor"] == "ops" && act["who"]["reason"] == "an act of the test").count()
    };
    let kinds = ["admin.lock", "admin.export", "admin.erase"];
    assert_eq!(kinds.map(with_reason), [1; 3], "{told:?}");
    assert!(with_reason("admin.unlock") > 0, "{told:?}");
    let locks = admin(&rig.sidecar).get("/admin/v1/locks").await.is(200).body;
    assert_eq!(locks["locks"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_decides_what_is_shown_and_one_that_goes_takes_all_with_it() {
    let (redis, files) = (Redis::start(), tempfile::tempdir().unwrap());
    let path = files.path().join("admin");
    fs::write(&path, keys::admin_keys()).unwrap();
    let builder = Sidecar::builder().on(&redis).set_all(&UNLIMITED).set("OTP_VIEWER_KEYS", &keys::viewer_keys());
    let sidecar = builder.unset("OTP_ADMIN_KEYS").set("OTP_ADMIN_KEYS_FILE", path.to_str().unwrap()).start();
    let rig = Rig { client: sidecar.client(), sidecar, redis };
    some_trouble(&rig).await;
    browse("keys", &rig.sidecar, |what| {
        assert_eq!(what, "rotate");
        fs::write(&path, "ops:another-key-0123456789abcdefghijklmno").unwrap();
        rig.sidecar.signal_hangup();
        String::new()
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn it_asks_only_while_somebody_looks_and_comes_back_with_the_sidecar() {
    let (redis, port) = (Redis::start(), Port::take());
    let host = format!("127.0.0.1:{}", port.number());
    let start = || Sidecar::builder().on(&redis).set("OTP_ADMIN_LISTEN", &host).start();
    let mut sidecar = Some(start());
    browse_at("gone", &host, |what| {
        match what {
            "stop" => drop(sidecar.take()),
            "start" => sidecar = Some(start()),
            other => panic!("it asks for {other}"),
        }
        String::new()
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_site_gets_nothing_and_does_nothing() {
    let redis = Redis::start();
    let tenants = format!("{}:{}", keys::TENANT, keys::KEY);
    let builder = Sidecar::builder().on(&redis).set_all(&UNLIMITED).set("OTP_API_KEYS", &tenants);
    // No key at all: whatever a browser sends would be from an operator.
    let sidecar = builder.unset("OTP_ADMIN_KEYS").start();
    let rig = Rig { client: sidecar.client(), sidecar, redis };
    rig.lock_out("ann@example.com").await;
    browse("foreign", &rig.sidecar, nothing_is_asked);
    assert_eq!(rig.client.status("ann@example.com").await["locked"], json!(true));
    rig.client.issue("last@example.com").await;
    let last = || {
        rig.sidecar.event_lines().iter().any(|line| line.contains("\"issued\"") && line.contains("send")).then_some(())
    };
    wait::until("what came after it", wait::PATIENCE, last);
    let anyone = Client::new(rig.sidecar.admin().clone());
    let told = anyone.get("/admin/v1/events?type=admin.locks,admin.unlock,admin.inspect,admin.lock").await.is(200).body;
    assert_eq!(told["events"], json!([]));
}
