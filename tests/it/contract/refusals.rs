//! Statuses: each that an operation may answer with before it asks the store is provoked, and none comes that is not there.

use std::collections::BTreeSet;

use hyper::{Method, body::Bytes};
use serde_json::json;

use super::document::{Documented, Listener, listeners};
use crate::support::{Answer, Client, Redis, Rig, Sidecar};

/// What can be provoked in a call, whatever it does.
const PROVOKED: [u16; 8] = [400, 401, 403, 404, 413, 415, 422, 431];

async fn call(client: &Client, one: &Documented<'_>, query: &str, body: impl Into<Bytes>) -> Answer {
    let method: Method = one.method.parse().expect("a method");
    client.try_call(method, &(one.path_of("x") + query), body.into()).await.expect("an answer")
}

/// Everything that is wrong with a request, each time one thing.
async fn provoke(client: &Client, open: &Client, one: &Documented<'_>) -> Vec<Answer> {
    let example = one.example().map_or_else(String::new, |example| example.to_string());
    let elsewhere = open.clone().with_header("host", "evil.example");
    let mut answers = vec![
        call(&client.clone().with_key("nobody's, and as long as a key has to be"), one, "", "").await,
        call(&elsewhere, one, "", "").await,
        call(&client.clone().with_header("sec-fetch-site", "cross-site"), one, "", "").await,
        call(&client.clone().with_header("x-long", &"x".repeat(20_000)), one, "", "").await,
        call(client, one, "?nonsense=1", example.clone()).await,
    ];
    if one.path.contains("{id}") {
        answers.push(call(client, one, "", example.clone()).await);
    }
    if one.method == "POST" {
        answers.push(call(client, one, "", "{").await);
        answers.push(call(client, one, "", json!({"nonsense": 1}).to_string()).await);
        answers.push(call(client, one, "", " ".repeat(20_000)).await);
        answers.push(call(&client.clone().with_header("content-type", "text/plain"), one, "", example).await);
    }
    answers
}

#[tokio::test]
async fn every_refusal_that_can_be_provoked_is_documented_and_every_documented_one_can_be() {
    let rig = Rig::unlimited(&[]);
    let redis = Redis::start();
    let keyless = ["OTP_API_KEYS", "OTP_ADMIN_KEYS"];
    let open = keyless.iter().fold(Sidecar::builder().on(&redis), |builder, name| builder.unset(name)).start();
    for listener in listeners() {
        let client = (listener.client)(&rig.sidecar);
        let open = Client::new((listener.address)(&open).clone());
        for one in listener.operations() {
            let mut seen = BTreeSet::new();
            for answer in provoke(&client, &open, &one).await {
                documented(&listener, &one, &answer);
                seen.insert(answer.status);
            }
            let wanted: BTreeSet<_> = one.statuses().into_iter().filter(|status| PROVOKED.contains(status)).collect();
            let seen: BTreeSet<_> = seen.into_iter().filter(|status| PROVOKED.contains(status)).collect();
            assert_eq!(wanted, seen, "{} {}", one.method, one.path);
        }
    }
}

/// The document has this answer's status, and its refusal under it.
fn documented(listener: &Listener, one: &Documented<'_>, answer: &Answer) {
    let shown = format!("{} {}: {answer:?}", one.method, one.path);
    assert!(one.statuses().contains(&answer.status), "{shown}");
    if answer.status >= 400 {
        let code = answer.body["code"].as_str().unwrap_or_else(|| panic!("{shown}"));
        assert!(listener.codes(one, answer.status).contains(code), "{shown}");
    }
}

#[tokio::test]
async fn whoever_may_only_look_is_refused_what_only_an_admin_may() {
    let rig = Rig::start(&[("OTP_VIEWER_KEYS", &crate::support::keys::viewer_keys())]);
    let [_, admin] = listeners();
    let viewer = (admin.client)(&rig.sidecar).with_key(crate::support::keys::VIEWER_KEY);
    for one in admin.operations().iter().filter(|one| one.needs_key()) {
        let status = call(&viewer, one, "", "").await.status;
        let only_admins = one.said["security"].as_array().is_some_and(|ways| ways.len() == 1);
        assert_eq!(status == 403, only_admins, "{} {}: {status}", one.method, one.path);
    }
}
