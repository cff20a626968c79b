//! Codes for subjects that the app does not know, where we deliver: nothing is sent, and nobody can tell.

use serde_json::{Value, json};

use super::{becomes, mail_to, relay::Relay, rig, send};
use crate::support::{Answer, Rig};

async fn decoy(rig: &Rig, address: &str) -> Answer {
    let mut body = mail_to(address);
    body["subject_known"] = json!(false);
    rig.client.send_body(body).await.is(201)
}

/// Sizes of the messages in Redis.
fn sizes(rig: &Rig) -> Vec<u64> {
    let keys = rig.redis.keys().into_iter().filter(|key| key[9..].starts_with(b":m:"));
    keys.map(|key| rig.redis.ask_key("STRLEN", &key, &[])).collect()
}

#[tokio::test]
async fn nothing_is_sent_to_a_decoy_and_it_looks_like_any_other() {
    let relay = Relay::plain();
    let rig = rig(&relay, &[]);
    // A decoy takes as long as one of those before.
    let first = send(&rig.client, "slow-cid@example.com").await;
    becomes(&rig.client, &first, "accepted").await;
    let real = rig.client.send_body(mail_to("slow-ann@example.com")).await.is(201);
    let fake = decoy(&rig, "slow-bob@example.com").await;
    let mut size = sizes(&rig);
    size.sort_unstable();
    // What is over has no code any more.
    assert!(size.len() == 3 && size[0] < size[1] && size[1] == size[2], "{size:?}");
    let blank = |answer: &Answer| {
        let mut body = answer.body.clone();
        for field in ["id", "expires_at", "to"] {
            body[field] = json!(body[field].as_str().map(str::len));
        }
        body
    };
    assert_eq!(blank(&real), blank(&fake));
    let (mut told, mut faked): (Value, Value) = (
        becomes(&rig.client, real.str("id"), "accepted").await,
        becomes(&rig.client, fake.str("id"), "accepted").await,
    );
    (told["at"], faked["at"]) = (json!(null), json!(null));
    assert_eq!(told, faked);
    assert!(relay.mails("slow-bob@example.com").is_empty());
    assert_eq!(relay.noted().len(), 2);
}

/// While a relay is down, a decoy fails as real ones do: else its answer would tell it.
#[tokio::test]
async fn a_decoy_fails_where_real_ones_do() {
    let relay = Relay::plain();
    let rig = rig(&relay, &[]);
    for n in 0..70 {
        let id = send(&rig.client, &format!("550-{n}@example.com")).await;
        becomes(&rig.client, &id, "failed").await;
    }
    let fake = decoy(&rig, "bob@example.com").await;
    assert_eq!(becomes(&rig.client, fake.str("id"), "failed").await["reason"], "refused");
    assert!(relay.mails("bob@example.com").is_empty());
}
