//! What a thief of the store or of the logs would read.

use std::{fs, path::Path};

use serde_json::json;

use crate::support::{Redis, RedisOptions, Rig, keys, rig::UNLIMITED, wait, wrong_code_than};

const SUBJECT: &str = "Ada.Lovelace@Example.org";
const IP: &str = "203.0.113.77";
const DEVICE: &str = "device-of-the-countess";
/// So long that no time stamp or counter contains it by chance.
const LONG_CODES: (&str, &str) = ("OTP_LENGTH", "12");

/// Everything a key holds, in whatever form Redis gives it out.
pub(super) fn contents(redis: &Redis, key: &[u8]) -> Vec<u8> {
    let (verb, rest): (&str, &[&str]) = match &*redis.ask_key::<String>("TYPE", key, &[]) {
        "string" => ("GET", &[]),
        "hash" => ("HGETALL", &[]),
        "list" => ("LRANGE", &["0", "-1"]),
        "set" => ("SMEMBERS", &[]),
        "zset" => ("ZRANGE", &["0", "-1", "WITHSCORES"]),
        "stream" => ("XRANGE", &["-", "+"]),
        // Gone between the two calls.
        _ => return Vec::new(),
    };
    [&flatten(&redis.ask_key(verb, key, rest)), key].concat()
}

fn flatten(value: &redis::Value) -> Vec<u8> {
    match value {
        redis::Value::BulkString(bytes) => [bytes, &b"\n"[..]].concat(),
        redis::Value::Array(items) => items.iter().flat_map(flatten).collect(),
        redis::Value::SimpleString(text) => text.clone().into_bytes(),
        redis::Value::Int(number) => number.to_string().into_bytes(),
        _ => Vec::new(),
    }
}

/// All files under `dir`, however deep.
fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let read = |path: &Path| if path.is_dir() { files(path) } else { vec![named(path)] };
    entries.filter_map(Result::ok).flat_map(|entry| read(&entry.path())).collect()
}

fn named(path: &Path) -> (String, Vec<u8>) {
    (path.display().to_string(), fs::read(path).unwrap_or_default())
}

/// A secret as it stands, in lower case, in hex and packed, as far as it has such forms.
pub(super) fn forms(secret: &str) -> Vec<Vec<u8>> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    vec![secret.into(), secret.to_lowercase().into(), hex.to_uppercase().into(), hex.into()]
}

pub(super) fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[tokio::test]
async fn nothing_that_was_said_can_be_read_at_rest_or_in_the_logs() {
    let redis = Redis::with(RedisOptions { aof: true, ..Default::default() });
    let rig = Rig::over(redis, &[&UNLIMITED[..], &[LONG_CODES, ("OTP_LOG", "debug")]].concat());
    let mut secrets: Vec<String> = [SUBJECT, "Lovelace", IP, DEVICE, "agent-of-the-countess", keys::KEY, keys::PEPPER]
        .into_iter()
        .chain([keys::INDEX_KEY, keys::ADMIN_KEY])
        .map(Into::into)
        .collect();
    for purpose in ["login", "sign_up", "password_reset"] {
        let sent = rig
            .client
            .send_body(json!({"subject": SUBJECT, "purpose": purpose, "ip": IP, "device_id": DEVICE,
                "user_agent": "agent-of-the-countess"}))
            .await
            .is(201);
        let (id, code) = (sent.str("id"), sent.str("code"));
        let wrong = wrong_code_than(code);
        for guess in [&wrong, code] {
            let body = json!({"id": id, "code": guess, "ip": IP, "device_id": DEVICE});
            rig.client.check_body(body).await.is(200);
        }
        rig.client.send_body(json!({"subject": SUBJECT, "purpose": "PURPOSE", "ip": IP})).await.is(422);
        secrets.extend([code.to_owned(), wrong]);
    }
    // One that stays live, one subject that gets locked, and one address that is no address.
    let live = rig.client.send_body(json!({"subject": SUBJECT, "ip": IP})).await.is(201);
    secrets.push(live.str("code").into());
    secrets.push(rig.lock_out("Lovelace").await.0.code);
    let mut places: Vec<_> =
        rig.redis.keys().into_iter().map(|key| (key.escape_ascii().to_string(), contents(&rig.redis, &key))).collect();
    let aof = || {
        let files = files(&rig.redis.dir().join("appendonlydir"));
        files.iter().any(|(_, bytes)| holds(bytes, b"otp:")).then_some(files)
    };
    places.extend(wait::until("the append-only file to be written", wait::PATIENCE, aof));
    places.push(("redis.log".into(), fs::read(rig.redis.dir().join("redis.log")).unwrap_or_default()));
    places.push(("stderr".into(), rig.sidecar.log_lines().join("\n").into_bytes()));
    places.push(("stdout".into(), rig.sidecar.event_lines().join("\n").into_bytes()));
    assert!(places.len() > 5, "something was stored");
    for secret in &secrets {
        for (place, bytes) in &places {
            for form in forms(secret) {
                assert!(!holds(bytes, &form), "{secret} stands in {place}");
            }
        }
    }
}

#[tokio::test]
async fn every_key_ends_by_itself_but_the_few_that_must_not() {
    let rig = Rig::unlimited(&[]);
    let issued = rig.client.issue("ada").await;
    rig.client.check_id(&issued.id, &wrong_code_than(&issued.code)).await.rejected("pending", "wrong_code");
    rig.lock_out("bob").await;
    let canceled = rig.client.issue("cyd").await;
    rig.client.cancel(&canceled.id).await.is(200);
    rig.client.send_body(json!({"subject": "dee", "ip": IP})).await.is(201);
    let limited = crate::support::Sidecar::builder().on(&rig.redis).start();
    limited.client().issue("eve").await;
    for key in rig.redis.keys() {
        let name = key.escape_ascii().to_string();
        assert!(name.starts_with("otp:"), "{name}");
        let lasting =
            ["epoch", "owner", "index-key", "audit-key", "exported", "disabled"].iter().any(|end| name.ends_with(end));
        let kind: String = rig.redis.ask_key("TYPE", &key, &[]);
        let ttl: i64 = rig.redis.ask_key("PTTL", &key, &[]);
        // -2: it has just ended, or was drained.
        assert!(ttl != -1 || lasting || kind == "stream", "{name} ({kind}) never ends");
    }
}
