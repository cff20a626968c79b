//! Who may call.

use hyper::Method;
use serde_json::json;

use crate::support::{Address, Client, Redis, Rig, Sidecar, keys};

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

/// What a request without a key says of its host; HAProxy's checks, of either version, say nothing.
const HEADS: [&str; 6] = [
    "HTTP/1.0",
    "HTTP/1.1",
    "HTTP/1.1\r\nHost:",
    "HTTP/1.1\r\nHost: unix",
    "HTTP/1.1\r\nHost: 10.1.2.3:8080",
    "HTTP/1.0\r\nHost: evil.example",
];

/// The status that a request of these first lines gets on a connection of its own.
async fn status(address: &Address, start: &str) -> u16 {
    let head = format!("{start}\r\nConnection: close\r\n\r\n");
    let answer = String::from_utf8(Client::new(address.clone()).raw(head.as_bytes()).await).expect("text");
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{start}: {answer}"))
}

/// With keys and without, over TCP and over unix sockets.
fn doors(redis: &Redis) -> [Sidecar; 4] {
    let keyed = || Sidecar::builder().on(redis);
    let keyless = || keyed().unset("OTP_API_KEYS").unset("OTP_ADMIN_KEYS");
    [keyed(), keyless(), keyed().on_unix_sockets(), keyless().on_unix_sockets()].map(|builder| builder.start())
}

#[tokio::test]
async fn probes_need_neither_key_nor_host() {
    let redis = Redis::start();
    for sidecar in doors(&redis) {
        for (address, paths) in
            [(sidecar.app(), &["/livez", "/readyz"][..]), (sidecar.admin(), &["/livez", "/readyz", "/metrics"])]
        {
            for (path, head) in paths.iter().flat_map(|path| HEADS.map(|head| (path, head))) {
                for method in ["GET", "HEAD", "OPTIONS"] {
                    let start = format!("{method} {path} {head}");
                    assert_eq!(status(address, &start).await, 200, "{start:?} at {address:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_unix_socket_without_keys_takes_any_host_and_tcp_only_loopback_names() {
    let redis = Redis::start();
    let [_, tcp, _, unix] = doors(&redis);
    for (sidecar, expected) in [(&tcp, 403), (&unix, 200)] {
        for (address, path) in [(sidecar.app(), "/openapi.json"), (sidecar.admin(), "/admin/v1/config")] {
            for head in HEADS {
                assert_eq!(status(address, &format!("GET {path} {head}")).await, expected, "{head:?} at {address:?}");
            }
            assert_eq!(status(address, &format!("GET {path} HTTP/1.1\r\nHost: localhost:1")).await, 200);
        }
    }
    Client::new(unix.app().clone()).with_header("host", "unix").issue("ada").await;
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
    sidecar.logs("a warning", |line| line.contains("WARN") && line.contains("OTP_API_KEYS"));
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
