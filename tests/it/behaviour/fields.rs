//! A subject is one hash with named fields, which Redis keeps in its compact form.

use std::collections::BTreeMap;

use serde_json::json;

use crate::support::{
    Rig, keys,
    rig::UNLIMITED,
    scheme::{CHEAP, HMAC, Settings, both},
    wrong_code_than,
};

/// What Redis keeps in the compact form by default (`hash-max-listpack-value`).
const COMPACT: usize = 64;
/// Most comparisons that are open at once (`CLAIMS_MAX` in `lua/lib/claims.lua`), and the longest value of one.
const CLAIMS: usize = 200;
const CLAIM_BYTES: usize = 43;
/// Most purposes that a record holds.
const PURPOSES: usize = 32;

type Fields = BTreeMap<Vec<u8>, Vec<u8>>;

/// The only record.
fn record(rig: &Rig) -> (Vec<u8>, Fields) {
    let keys = rig.redis.keys();
    let mut records = keys.into_iter().filter(|key| key.get(9..12) == Some(b":s:"));
    let key = records.next().expect("a record");
    assert!(records.next().is_none(), "one record");
    let fields = rig.redis.ask_key("HGETALL", &key, &[]);
    (key, fields)
}

#[track_caller]
fn is_compact(rig: &Rig) -> Fields {
    let (key, fields) = record(rig);
    for (name, value) in &fields {
        let both = name.len().max(value.len());
        assert!(both <= COMPACT, "{} = {}", name.escape_ascii(), value.escape_ascii());
    }
    let mut connection = rig.redis.connect_to(&key);
    let encoding: String = redis::cmd("OBJECT").arg("ENCODING").arg(&key).query(&mut connection).expect("OBJECT");
    assert_eq!(encoding, "listpack", "{} fields", fields.len());
    fields
}

fn names(fields: &Fields) -> Vec<&str> {
    fields.keys().map(|name| std::str::from_utf8(name).expect("a name in words")).collect()
}

#[tokio::test]
async fn its_fields_are_named_for_what_they_hold_and_an_ended_code_leaves_no_digest() {
    both(async |scheme| {
        let rig = Rig::unlimited(scheme);
        let first = rig.client.issue("ada").await;
        assert_eq!(names(&is_compact(&rig)), ["code:login", "digest:login", "seen", "sends"]);
        rig.client.check_id(&first.id, &wrong_code_than(&first.code)).await.rejected("pending", "wrong_code");
        rig.client.issue("ada").await;
        let fields = is_compact(&rig);
        assert_eq!(
            names(&fields),
            ["code:login", "digest:login", "failures", "failures:login", "replaced:login", "seen", "sends"]
        );
        let last = rig.client.issue("ada").await;
        rig.client.check_id(&last.id, &last.code).await.approved();
        let held: Vec<_> = names(&is_compact(&rig)).into_iter().map(str::to_owned).collect();
        assert!(!held.iter().any(|name| name.starts_with("digest") || name.starts_with("replaced")), "{held:?}");
    })
    .await;
}

/// Of both presets as they are, as far as their quotas let anybody go.
#[tokio::test]
async fn it_is_compact_with_the_limits_of_each_preset() {
    for scheme in [HMAC, CHEAP] {
        for preset in ["hardened", "balanced"] {
            let rig = Rig::start(&[scheme, &[("OTP_PRESET", preset), ("RESEND_COOLDOWN_SECONDS", "0")]].concat());
            for n in 0..6 {
                let sent = rig.client.send_body(json!({"subject": "ada", "ip": format!("198.51.100.{n}")})).await;
                if sent.status == 201 {
                    let wrong = wrong_code_than(sent.str("code"));
                    rig.client.check_id(sent.str("id"), &wrong).await.is(200);
                }
                is_compact(&rig);
            }
        }
    }
}

async fn crowd(scheme: Settings) -> Rig {
    let rig = Rig::start(&[&UNLIMITED, scheme, &[("MAX_FAILED_VERIFICATIONS_PER_OTP", "60")]].concat());
    let key = format!("{}-of-purposes", keys::TENANT);
    for n in 0..PURPOSES + 8 {
        let purpose = format!("a_purpose_of_thirty_two_bytes_{n:02}");
        assert_eq!(purpose.len(), 32);
        for _ in 0..3 {
            let again =
                rig.client.clone().with_header("idempotency-key", &format!("{key}-{n}-{}", rand::random::<u32>()));
            let sent = again.send_body(json!({"subject": "ada", "purpose": purpose, "ip": "198.51.100.7"})).await;
            sent.is(201);
        }
        let guarded = json!({"subject": "ada", "purpose": purpose, "ip": "198.51.100.7"});
        rig.client.post("/v1/guard/failure", &guarded).await.is(200);
    }
    rig
}

#[tokio::test]
async fn it_is_compact_with_as_many_purposes_and_comparisons_as_there_can_be() {
    both(async |scheme| {
        let rig = crowd(scheme).await;
        let fields = is_compact(&rig);
        let of = |kind: &str| names(&fields).iter().filter(|name| name.starts_with(kind)).count();
        assert!(of("code:") <= PURPOSES && of("failures:") <= PURPOSES + 1, "{:?}", names(&fields));
        assert_eq!((of("digest:"), of("replaced:")), (16, 16), "16 are pending at most");
        let status = rig.client.status("ada").await;
        assert_eq!((&status["pending"], &status["failed_attempts"]), (&json!(16), &json!(PURPOSES + 8)), "{status}");
        let (key, _) = record(&rig);
        let mut connection = rig.redis.connect_to(&key);
        for n in 0..CLAIMS {
            let name = format!("claim:{n:08}");
            redis::cmd("HSET").arg(&key).arg(name).arg(vec![0xff; CLAIM_BYTES]).exec(&mut connection).expect("HSET");
        }
        is_compact(&rig);
    })
    .await;
}
