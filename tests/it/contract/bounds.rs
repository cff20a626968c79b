//! Lengths, ranges and words: what the document allows is taken, and what lies just beyond is refused.
//!
//! Each value is sent beside a field or a parameter that no call knows, so that nothing is ever done: the refusal names the
//! unknown one where the value is good, and the value's own where it is not.

use hyper::{Method, body::Bytes};
use serde_json::{Value, json};

use super::document::{Documented, Listener, listeners};
use crate::support::{Client, Rig};

/// What no call knows.
const UNKNOWN: &str = "nonsense";

/// The schemas of which a value must fit one.
fn ways<'a>(listener: &'a Listener, schema: &'a Value) -> Vec<&'a Value> {
    let schema = listener.resolved(schema);
    match schema["anyOf"].as_array() {
        Some(all) => all.iter().flat_map(|way| ways(listener, way)).collect(),
        None => vec![schema],
    }
}

/// Values at the bounds of a schema, and just beyond them.
fn bounds(schema: &Value) -> (Vec<Value>, Vec<Value>) {
    let number = |name: &str| schema[name].as_i64();
    let text = |length: i64| json!("x".repeat(usize::try_from(length).expect("a length")));
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    let pairs = [("maxLength", 1), ("minLength", -1)].map(|(name, step)| (number(name), step));
    for (length, step) in pairs.into_iter().filter_map(|(length, step)| Some((length?, step))) {
        good.push(text(length));
        bad.push(text(length + step));
    }
    let pairs = [("maximum", 1), ("minimum", -1)].map(|(name, step)| (number(name), step));
    for (value, step) in pairs.into_iter().filter_map(|(value, step)| Some((value?, step))) {
        good.push(json!(value));
        bad.push(json!(value + step));
    }
    let words = schema["enum"].as_array().cloned().unwrap_or_default();
    if !words.is_empty() {
        bad.push(json!("some other word"));
    }
    good.extend(words.into_iter().chain(schema.get("const").cloned()));
    (good, bad)
}

/// The field that is refused.
async fn refused(client: &Client, one: &Documented<'_>, query: &str, body: Bytes) -> String {
    let method: Method = one.method.parse().expect("a method");
    let path = one.path_of("x") + query;
    client.try_call(method, &path, body).await.expect("an answer").refused(422, "invalid_field").str("field").to_owned()
}

#[tokio::test]
async fn the_bounds_of_a_field_are_those_that_hold() {
    let rig = Rig::unlimited(&[]);
    let mut tried = 0;
    for listener in listeners() {
        let client = (listener.client)(&rig.sidecar);
        for one in listener.operations().iter().filter(|one| one.said.get("requestBody").is_some()) {
            let schema = listener.resolved(&one.said["requestBody"]["content"]["application/json"]["schema"]);
            for (name, field) in schema["properties"].as_object().into_iter().flatten() {
                // The way to call it that has this field, as far as there are several.
                let examples = one.examples();
                let example = examples.iter().find(|example| example.get(name).is_some()).unwrap_or(&examples[0]);
                let (mut good, mut bad) = (Vec::new(), Vec::new());
                for way in ways(&listener, field) {
                    let (more_good, more_bad) = bounds(way);
                    good.extend(more_good);
                    bad.extend(more_bad);
                }
                let wanted = good
                    .into_iter()
                    .map(|value| (value, UNKNOWN))
                    .chain(bad.into_iter().map(|value| (value, name.as_str())));
                for (value, wanted) in wanted {
                    let mut body = example.clone();
                    (body[name], body[UNKNOWN]) = (value, json!(1));
                    let field = refused(&client, one, "", body.to_string().into()).await;
                    assert_eq!(field, wanted, "{} {body}", one.path);
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 50, "{tried}");
}

#[tokio::test]
async fn the_bounds_of_a_parameter_are_those_that_hold() {
    let rig = Rig::start(&[]);
    let [_, admin] = listeners();
    let client = (admin.client)(&rig.sidecar);
    let mut tried = 0;
    for one in admin.operations().iter().filter(|one| one.method == "GET") {
        for parameter in one.said["parameters"].as_array().into_iter().flatten().filter(|one| one["in"] == "query") {
            let name = parameter["name"].as_str().expect("a name");
            let (good, bad) = bounds(&parameter["schema"]);
            let wanted =
                good.into_iter().map(|value| (value, UNKNOWN)).chain(bad.into_iter().map(|value| (value, name)));
            for (value, wanted) in wanted {
                let field = refused(&client, one, &format!("?{name}={value}&{UNKNOWN}=1"), Bytes::new()).await;
                assert_eq!(field, wanted, "{} {name}={value}", one.path);
                tried += 1;
            }
        }
    }
    assert!(tried >= 8, "{tried}");
}
