//! What operators do and see.

mod access;
mod cli;
mod counters;
mod erase;
mod events;
mod follow;
mod helpdesk;
mod inert;
mod inspect;
mod lock;
pub mod locks;
mod nobody;
mod report;
mod site;
mod stats;
mod unlock;

use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Rig, Sidecar, keys, wait};

/// What is written out is seen within a second or so; a loaded machine gets more.
pub const SOON: Duration = wait::PATIENCE;

/// A rig without pause and quotas, and with an operator who may only look.
#[track_caller]
pub fn rig(variables: &[(&str, &str)]) -> Rig {
    Rig::unlimited(&[&[("OTP_VIEWER_KEYS", &*keys::viewer_keys())], variables].concat())
}

pub fn admin(sidecar: &Sidecar) -> Client {
    sidecar.admin_client()
}

fn viewer(sidecar: &Sidecar) -> Client {
    sidecar.admin_client().with_key(keys::VIEWER_KEY)
}

/// Unlocks `subject` of the tenant that tests speak as.
async fn unlock(sidecar: &Sidecar, subject: &str) -> Answer {
    let body = json!({"subject": subject, "tenant": keys::TENANT, "reason": "asked for"});
    admin(sidecar).post("/admin/v1/unlock", &body).await
}

/// All that `inspect` tells of `subject`.
async fn inspect(sidecar: &Sidecar, subject: &str) -> Value {
    let body = json!({"subject": subject, "tenant": keys::TENANT});
    viewer(sidecar).post("/admin/v1/subjects/inspect", &body).await.is(200).body
}

/// The events of these types as an operator sees them, once there are as many as `n`.
pub async fn events(sidecar: &Sidecar, kinds: &str, n: usize) -> Vec<Value> {
    let viewer = viewer(sidecar);
    let look = || async {
        let page = viewer.look(Method::GET, &format!("/admin/v1/events?type={kinds}"), &Value::Null).await.body;
        let events = page["events"].as_array().expect("a list").clone();
        (events.len() >= n).then_some(events)
    };
    wait::until_async(&format!("{n} events of {kinds}"), SOON, look).await
}
