//! What no version writes, where a record or a network's state should be: an error that names it once, and never an approval.

use redis::Cmd;
use serde_json::json;

use crate::support::{
    Issued, Redis, Rig,
    scheme::{HMAC, both},
    wait, wrong_code_than,
};

const IP: &str = "198.51.100.7";
const RECORD: &[u8] = b":s:";
const NETWORK: &[u8] = b":i:";
const HISTORY: &[u8] = b":h:";

/// What is done to the key of this kind.
struct Damage {
    what: &'static str,
    kind: &'static [u8],
    commands: fn(&[u8]) -> Vec<Cmd>,
}

fn command(verb: &str, key: &[u8], rest: &[&[u8]]) -> Cmd {
    let mut cmd = redis::cmd(verb);
    cmd.arg(key).arg(rest);
    cmd
}

fn instead(verb: &str, key: &[u8], rest: &[&[u8]]) -> Vec<Cmd> {
    vec![command("DEL", key, &[]), command(verb, key, rest)]
}

const DAMAGES: [Damage; 14] = [
    Damage { what: "a string", kind: RECORD, commands: |key| instead("SET", key, &[b"x"]) },
    Damage { what: "a list", kind: RECORD, commands: |key| instead("RPUSH", key, &[b"x"]) },
    Damage { what: "a foreign hash", kind: RECORD, commands: |key| instead("HSET", key, &[b"name", b"Ada"]) },
    Damage { what: "no clock", kind: RECORD, commands: |key| vec![command("HDEL", key, &[b"seen"])] },
    Damage { what: "a clock cut off", kind: RECORD, commands: |key| vec![command("HSET", key, &[b"seen", b"\x01"])] },
    Damage {
        what: "an unknown version",
        kind: RECORD,
        commands: |key| vec![command("HSET", key, &[b"seen", &[b"\x02", &[0; 19][..]].concat()])],
    },
    Damage { what: "a code cut off", kind: RECORD, commands: |key| vec![command("HSET", key, &[b"code:login", b"x"])] },
    Damage { what: "failures cut off", kind: RECORD, commands: |key| vec![command("HSET", key, &[b"failures", b"x"])] },
    Damage {
        what: "a digest cut off",
        kind: RECORD,
        commands: |key| vec![command("HSET", key, &[b"digest:login", b"x"])],
    },
    Damage {
        what: "a digest too long",
        kind: RECORD,
        commands: |key| vec![command("HSET", key, &[b"digest:login", &[7; 44]])],
    },
    Damage {
        what: "replaced cut off",
        kind: RECORD,
        commands: |key| vec![command("HSET", key, &[b"replaced:login", b"x"])],
    },
    Damage { what: "a list", kind: NETWORK, commands: |key| instead("RPUSH", key, &[b"x"]) },
    Damage { what: "a state cut off", kind: NETWORK, commands: |key| vec![command("SET", key, &[b"\x01\0\0"])] },
    Damage {
        what: "a log cut off",
        kind: NETWORK,
        commands: |key| vec![command("SET", key, &[&[&[1][..], &[0; 13], &[7, 1], &[0; 6]].concat()])],
    },
];

fn key_of(redis: &Redis, kind: &[u8]) -> Vec<u8> {
    redis.keys().into_iter().find(|key| key.get(9..12) == Some(kind)).expect("a key of this kind")
}

fn damage(redis: &Redis, key: &[u8], damage: &Damage) {
    let mut connection = redis.connect_to(key);
    for command in (damage.commands)(key) {
        command.exec(&mut connection).expect("a command");
    }
}

/// Lines of the log that name this key.
fn naming(rig: &Rig, key: &[u8]) -> Vec<String> {
    let reference: String = key[12..].iter().map(|byte| format!("{byte:02x}")).collect();
    wait::until("the log to name it", wait::PATIENCE, || {
        let lines = rig.sidecar.log_lines().into_iter();
        let naming: Vec<String> = lines.filter(|line| line.contains(&reference)).collect();
        (!naming.is_empty()).then_some(naming)
    })
}

async fn check(rig: &Rig, issued: &Issued, code: &str) -> crate::support::Answer {
    rig.client.check_body(json!({"id": issued.id, "code": code, "ip": IP})).await
}

#[tokio::test]
async fn each_is_an_error_named_once_and_stops_nobody_else() {
    both(async |scheme| {
        for one in &DAMAGES {
            let rig = Rig::start(&[scheme, &[("RESEND_COOLDOWN_SECONDS", "0")]].concat());
            let sent = rig.client.send_body(json!({"subject": "ada", "ip": IP})).await.is(201);
            let issued = Issued { id: sent.str("id").into(), code: sent.str("code").into() };
            let key = key_of(&rig.redis, one.kind);
            damage(&rig.redis, &key, one);
            for code in [&issued.code, &wrong_code_than(&issued.code), &issued.code] {
                let answer = check(&rig, &issued, code).await;
                assert_eq!(answer.status, 503, "{}: {answer:?}", one.what);
            }
            let again = rig.client.send_body(json!({"subject": "ada", "ip": IP})).await;
            assert_eq!(again.status, 503, "{}: {again:?}", one.what);
            let named = naming(&rig, &key);
            assert_eq!(named.len(), 1, "{}: {named:?}", one.what);
            assert!(named[0].contains("\"bucket\":"), "{}", named[0]);
            rig.client.issue("bob").await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_history_that_is_none_is_named_by_who_asks_for_it() {
    let rig = Rig::unlimited(&[("OTP_HASH", "hmac")]);
    let used = rig.client.issue("ada").await;
    rig.client.check_id(&used.id, &used.code).await.approved();
    rig.client.issue("ada").await;
    let key = key_of(&rig.redis, HISTORY);
    damage(&rig.redis, &key, &Damage { what: "", kind: HISTORY, commands: |key| instead("RPUSH", key, &[b"x"]) });
    for _ in 0..2 {
        rig.client.check_id(&used.id, &used.code).await.refused(503, "store_unavailable");
    }
    assert_eq!(naming(&rig, &key).len(), 1);
}

/// The fields of a record, or what else is under this key.
fn held(redis: &Redis, key: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut fields: Vec<_> = command("HGETALL", key, &[]).query(&mut redis.connect_to(key)).expect("a hash");
    fields.sort();
    fields
}

/// The key of the same bucket that ends so.
fn beside(key: &[u8], end: &[u8]) -> Vec<u8> {
    [&key[..9], end].concat()
}

fn of_history(key: &[u8]) -> Vec<u8> {
    [&key[..9], HISTORY, &key[12..]].concat()
}

/// A value, its kind, and what is done to a record whose code was replaced, used and is pending again.
struct Met {
    what: &'static str,
    key: fn(&[u8]) -> Vec<u8>,
    commands: fn(&[u8]) -> Vec<Cmd>,
    /// A wrong code that locks, or a send.
    locks: bool,
}

const MET: [Met; 7] = [
    Met {
        what: "sends",
        key: <[u8]>::to_vec,
        commands: |key| vec![command("HSET", key, &[b"sends", b"\x01xxxxxx"])],
        locks: false,
    },
    Met { what: "history cut off", key: of_history, commands: |key| vec![command("SET", key, &[b"x"])], locks: false },
    Met { what: "history, a list", key: of_history, commands: |key| instead("RPUSH", key, &[b"x"]), locks: false },
    Met {
        what: "epoch, no number",
        key: |key| beside(key, b":epoch"),
        commands: |key| vec![command("SET", key, &[b"-1"])],
        locks: false,
    },
    Met {
        what: "epoch, a hash",
        key: |key| beside(key, b":epoch"),
        commands: |key| instead("HSET", key, &[b"a", b"b"]),
        locks: false,
    },
    Met {
        what: "locked, a hash",
        key: |key| beside(key, b":locked"),
        commands: |key| instead("HSET", key, &[b"a", b"b"]),
        locks: true,
    },
    Met {
        what: "disabled, a list",
        key: |key| beside(key, b":disabled"),
        commands: |key| instead("RPUSH", key, &[b"a"]),
        locks: true,
    },
];

#[tokio::test]
async fn a_call_that_meets_one_names_it_and_writes_nothing() {
    both(async |scheme| {
        for Met { what, key, commands, locks } in &MET {
            let rig = Rig::unlimited(&[scheme, &[("MAX_FAILED_VERIFICATIONS_PER_OTP", "1")]].concat());
            let used = rig.client.issue("ada").await;
            rig.client.check_id(&used.id, &used.code).await.approved();
            let issued = if *locks { rig.client.issue("ada").await } else { used };
            let record = key_of(&rig.redis, RECORD);
            let key = key(&record);
            for command in commands(&key) {
                command.exec(&mut rig.redis.connect_to(&key)).expect("a command");
            }
            let before = held(&rig.redis, &record);
            for _ in 0..2 {
                let answer = match locks {
                    true => rig.client.check_id(&issued.id, &wrong_code_than(&issued.code)).await,
                    false => rig.client.send("ada").await,
                };
                assert_eq!(answer.status, 503, "{what}: {answer:?}");
            }
            // The first half of a send in two halves does not need the history.
            if scheme == HMAC || !what.starts_with("history") {
                assert_eq!(held(&rig.redis, &record), before, "{what}");
            }
            let shown = String::from_utf8_lossy(&key[..9]).into_owned();
            let named = wait::until("the log to name it", wait::PATIENCE, || {
                let lines = rig.sidecar.log_lines().into_iter();
                let naming: Vec<_> =
                    lines.filter(|line| line.contains(&shown) && line.contains("cannot be read")).collect();
                (!naming.is_empty()).then_some(naming)
            });
            assert_eq!(named.len(), 1, "{what}: {named:?}");
        }
    })
    .await;
}
