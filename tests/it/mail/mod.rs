//! Codes that the sidecar delivers: handed to real relays (aiosmtpd, Postfix), once, whatever fails or dies.

mod decoys;
mod faults;
mod fields;
mod handed;
mod hanging;
mod kills;
mod postfix;
pub mod relay;
mod start;

use serde_json::{Value, json};

use crate::support::{
    Answer, Client, Redis, Rig, Sidecar,
    client::fresh_ip,
    rig::UNLIMITED,
    wait::{self, PATIENCE},
};
use relay::Relay;

/// A sidecar that delivers by this relay, without pause and quotas.
#[track_caller]
fn rig(relay: &Relay, more: &[(&str, &str)]) -> Rig {
    Rig::over(Redis::start(), &[&UNLIMITED[..], &borrowed(&relay.variables()), more].concat())
}

pub(crate) fn borrowed<'a>(variables: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    variables.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

pub(crate) fn mail_to(address: &str) -> Value {
    json!({"subject": address, "channel": "email", "ip": fresh_ip()})
}

/// Sends a code to this address; answers the verification's id.
#[track_caller]
fn id(answer: &Answer) -> String {
    answer.str("id").to_owned()
}

async fn send(client: &Client, address: &str) -> String {
    id(&client.send_body(mail_to(address)).await.is(201))
}

/// What became of a message, once it is this.
pub(crate) async fn becomes(client: &Client, id: &str, state: &str) -> Value {
    wait::until_async(&format!("delivery to be {state}"), PATIENCE, || async {
        let delivery = client.verification(id).await.is(200).body["delivery"].clone();
        (delivery["state"] == state).then_some(delivery)
    })
    .await
}

/// In how many values of Redis this text stands.
pub(crate) fn in_clear(rig: &Rig, text: &str) -> usize {
    let values = rig.redis.keys().into_iter().map(|key| {
        let dumped: Option<Vec<u8>> = rig.redis.ask_key("DUMP", &key, &[]);
        dumped.unwrap_or_default()
    });
    values.filter(|value| value.windows(text.len()).any(|part| part == text.as_bytes())).count()
}

/// The events of a type so far.
pub(crate) fn events(sidecar: &Sidecar, kind: &str) -> Vec<Value> {
    let all = sidecar.event_lines().into_iter().map(|line| serde_json::from_str::<Value>(&line).expect("JSON"));
    all.filter(|event| event["type"] == kind).collect()
}
