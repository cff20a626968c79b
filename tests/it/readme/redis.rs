//! What the README tells operators to type into Redis.

use std::{collections::BTreeSet, process::Command, time::Duration};

use serde_json::Value;

use super::block;
use crate::support::{Address, Redis, RedisOptions, Rig, Sidecar, client::wrong_code_than, keys, rig::UNLIMITED, wait};

const FITNESS: &str = include_str!("../../../src/store/fitness.rs");
const SOON: Duration = Duration::from_secs(5);

/// A Redis whose user `otp` has the README's rights, but for `without`, and the sidecar's URL for it.
fn restricted(without: &str) -> (Redis, String) {
    let [user] = &block::marked("acl")[..] else { panic!("one user") };
    let user = user.text.replace("PASSWORD", "secret").replace(without, "");
    let acl = format!("user default on nopass ~* &* +@all\n{user}\n");
    let redis = Redis::with(RedisOptions { tcp: true, acl: Some(acl), ..Default::default() });
    let url = redis.url().replace("redis://", "redis://otp:secret@");
    (redis, url)
}

#[test]
fn the_users_commands_are_those_that_are_asked_for() {
    let (_, list) = FITNESS.split_once("const COMMANDS").unwrap();
    let (list, _) = list.split_once("];").unwrap();
    let needed: BTreeSet<_> = list.split('"').skip(1).step_by(2).map(str::to_lowercase).collect();
    let text = block::marked("acl")[0].text;
    let given: BTreeSet<_> = text.split(' ').filter_map(|rule| rule.strip_prefix('+')).map(str::to_owned).collect();
    assert_eq!(given, needed);
}

/// Redis 7.0 crashes over some questions about what a user with a list of keys may do: the server must outlive the start.
#[tokio::test]
async fn with_the_users_rights_everything_works() {
    let (redis, url) = restricted("no such right");
    let cheap = [("OTP_HASH", "argon2id"), ("OTP_ARGON2_MEMORY_KIB", "1024"), ("OTP_ARGON2_ITERATIONS", "1")];
    let sidecar = Sidecar::builder().set("REDIS_URL", &url).set_all(&UNLIMITED).set_all(&cheap).start();
    let rig = Rig { client: sidecar.client(), sidecar, redis };
    let again = rig.sidecar.client().with_header("idempotency-key", "2NpWfhXxIv3RbQmrKq7cZA");
    let body = serde_json::json!({"subject": "cyd"});
    let remembered = again.send_body(body.clone()).await.is(201);
    rig.client.cancel(remembered.str("id")).await.is(200);
    // Its sealed code was erased with it.
    assert_eq!(again.send_body(body).await.is(201).body.get("code"), None);
    for call in ["request", "failure", "success"] {
        rig.client.post(&format!("/v1/guard/{call}"), &serde_json::json!({"subject": "dan"})).await.is(200);
    }
    let used = rig.client.issue("ada").await;
    rig.client.check_id(&used.id, &used.code).await.approved();
    let canceled = rig.client.issue("ada").await;
    rig.client.verification(&canceled.id).await.is(200);
    rig.client.cancel(&canceled.id).await.is(200);
    rig.lock_out("bob").await;
    assert_eq!(rig.client.status("bob").await["locked"], Value::Bool(true));
    let locked = || rig.sidecar.event_lines().iter().any(|line| line.contains("\"lockout\"")).then_some(());
    wait::until("the events", SOON, locked);
    let denied: Vec<Vec<redis::Value>> = rig.redis.ask(&["ACL", "LOG"]);
    let denied: Vec<_> = denied.iter().map(|entry| format!("{entry:?}")).collect();
    assert!(denied.iter().all(|entry| entry.contains("script|load")), "{denied:?}");
}

#[test]
fn a_right_that_is_missing_is_named() {
    let (_redis, url) = restricted("+xadd ");
    let (code, stderr) = Sidecar::expect_no_start(&[("REDIS_URL", &url)]);
    assert_eq!(code, 69, "{stderr}");
    assert!(stderr.contains("XADD"), "{stderr}");
}

#[tokio::test]
async fn a_hard_stop_is_lifted_as_shown() {
    let rig = Rig::unlimited(&[("OTP_MAX_CONSECUTIVE_FAILURES", "3")]);
    let issued = rig.client.issue("ann@example.com").await;
    for wrong in issued.wrong_codes().take(3) {
        rig.client.check_id(&issued.id, &wrong).await.is(200);
    }
    rig.client.send("ann@example.com").await.refused(429, "subject_disabled");
    let Address::Tcp(admin) = rig.sidecar.admin() else { panic!("not TCP") };
    let shell = block::marked("lift")[0].text.replace("otp-sidecar", env!("CARGO_BIN_EXE_otp-sidecar"));
    let done = Command::new("sh")
        .args(["-c", &shell])
        .envs([("OTP_ADMIN_URL", &*format!("http://{admin}")), ("OTP_ADMIN_KEY", keys::ADMIN_KEY)])
        .output()
        .expect("a shell");
    assert_eq!(String::from_utf8_lossy(&done.stdout), "Unlocked.\n", "{}", String::from_utf8_lossy(&done.stderr));
    let issued = rig.client.issue("ann@example.com").await;
    rig.client.check_id(&issued.id, &wrong_code_than(&issued.code)).await.rejected("pending", "wrong_code");
}
