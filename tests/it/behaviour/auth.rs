//! Who may call.

use hyper::Method;
use serde_json::json;

use crate::support::{Client, Redis, Rig, Sidecar, keys};

#[tokio::test]
async fn without_a_known_key_nothing_is_said_and_nothing_is_done() {
    let rig = Rig::start(&[]);
    let anyone = Client::new(rig.sidecar.app().clone());
    let cut = &keys::KEY[..keys::KEY.len() - 1];
    let long = format!("{}x", keys::KEY);
    let headers = [
        String::new(),
        "Bearer".into(),
        "Bearer ".into(),
        format!("Bearer {cut}"),
        format!("Bearer {long}"),
        format!("Bearer {}", keys::KEY.to_uppercase()),
        format!("Bearer {}:{}", keys::TENANT, keys::KEY),
        format!("Basic {}", keys::KEY),
        format!("Bearer {}", keys::ADMIN_KEY),
    ];
    for header in headers {
        let client = anyone.clone().with_header("authorization", &header);
        let refusal = client.send("ada").await.refused(401, "unauthenticated");
        assert!(!refusal.text.contains("key-0123456789"), "{refusal:?}");
        client.check("ada", "login", "123456").await.refused(401, "unauthenticated");
    }
    anyone.send("ada").await.refused(401, "unauthenticated");
    anyone.verification("x").await.refused(401, "unauthenticated");
    anyone.call(Method::POST, "/v1/verifications/x/cancel").await.refused(401, "unauthenticated");
    anyone.post("/v1/status", &json!({"subject": "ada"})).await.refused(401, "unauthenticated");
    assert_eq!(rig.counted("ada").await, (0, 0));
}

#[tokio::test]
async fn probes_need_no_key() {
    let rig = Rig::start(&[]);
    for address in [rig.sidecar.app(), rig.sidecar.admin()] {
        let anyone = Client::new(address.clone());
        assert_eq!(anyone.get("/livez").await.status, 200);
        assert_eq!(anyone.get("/readyz").await.status, 200);
    }
}

#[tokio::test]
async fn the_operators_doors_are_not_on_the_apps_listener() {
    let rig = Rig::start(&[]);
    rig.client.get("/metrics").await.refused(404, "not_found");
    rig.client.get("/admin/v1/locks").await.refused(404, "not_found");
    rig.sidecar.admin_client().send("ada").await.refused(404, "not_found");
}

#[tokio::test]
async fn two_keys_of_one_tenant_share_its_state() {
    let rig = Rig::start(&[]);
    let issued = rig.client.issue("ada").await;
    let rotated = rig.client.clone().with_key(keys::ROTATED_KEY);
    rotated.send("ada").await.refused(429, "resend_cooldown");
    rotated.check_id(&issued.id, &issued.code).await.approved();
}

#[tokio::test]
async fn tenants_do_not_touch_each_other() {
    let rig = Rig::start(&[]);
    let bank = rig.client.clone().with_key(keys::OTHER_KEY);
    let mine = rig.client.issue("ada").await;
    bank.check_id(&mine.id, &mine.code).await.rejected("not_found", "not_found");
    bank.check("ada", "login", &mine.code).await.rejected("not_found", "not_found");
    let theirs = bank.issue("ada").await;
    rig.client.check_id(&theirs.id, &theirs.code).await.rejected("not_found", "not_found");
    rig.lock_out("bob").await;
    bank.issue("bob").await;
    rig.client.check_id(&mine.id, &mine.code).await.approved();
}

#[tokio::test]
async fn with_no_key_set_only_a_loopback_name_is_answered() {
    let redis = Redis::start();
    let sidecar = Sidecar::builder().on(&redis).unset("OTP_API_KEYS").start();
    let anyone = Client::new(sidecar.app().clone());
    anyone.issue("ada").await;
    for host in ["localhost", "localhost:8080", "127.0.0.1", "[::1]:8080"] {
        anyone.clone().with_header("host", host).get("/v1/verifications/x").await.refused(404, "not_found");
    }
    for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "203.0.113.1"] {
        anyone.clone().with_header("host", host).send("bob").await.refused(403, "forbidden");
    }
    let warned = |line: &String| line.contains("WARN") && line.contains("OTP_API_KEYS");
    assert!(sidecar.log_lines().iter().any(warned), "{:?}", sidecar.log_lines());
}

#[tokio::test]
async fn with_a_key_set_any_host_name_is_answered() {
    let rig = Rig::start(&[]);
    rig.client.clone().with_header("host", "otp.internal.example").issue("ada").await;
}

#[test]
fn without_keys_an_open_address_is_no_start() {
    let redis = Redis::start();
    for (listener, keys) in [("OTP_LISTEN", "OTP_API_KEYS"), ("OTP_ADMIN_LISTEN", "OTP_ADMIN_KEYS")] {
        let builder = Sidecar::builder().on(&redis).set(listener, "0.0.0.0:0").unset(keys);
        let (code, stderr) = builder.expect_no_start();
        assert_eq!(code, 64, "{stderr}");
        assert!(stderr.contains(keys), "{stderr}");
    }
}

#[test]
fn a_short_key_is_no_start_and_is_not_repeated() {
    let (code, stderr) = Sidecar::expect_no_start(&[("OTP_API_KEYS", "shop:tooshort")]);
    assert_eq!(code, 64, "{stderr}");
    assert!(stderr.contains("OTP_API_KEYS") && !stderr.contains("tooshort"), "{stderr}");
}
