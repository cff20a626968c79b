//! Fields and parameters: those that a call reads, and no others.
//!
//! What a call knows is asked of a running sidecar, word by word: a word that it does not know is refused as such, one that
//! it knows for what it holds. Nothing is done by any of these calls.

use std::collections::BTreeSet;

use hyper::{Method, body::Bytes};
use serde_json::{Value, json};

use super::{
    document::{Documented, Listener, listeners},
    words::words,
};
use crate::support::{Answer, Client, Rig};

const NO_FIELD: &str = "This call has no such field.";
const NO_PARAMETER: &str = "This call has no such parameter.";
/// Known, and refused whatever they hold but `null`: no document has a field that nobody can use.
const RESERVED: [&str; 1] = ["device_token"];

async fn call(client: &Client, one: &Documented<'_>, query: &str, body: &Value) -> Answer {
    let path = one.path_of("x") + query;
    let body = if one.method == "POST" { Bytes::from(body.to_string()) } else { Bytes::new() };
    let method: Method = one.method.parse().expect("a method");
    client.try_call(method, &path, body).await.unwrap_or_else(|error| panic!("{} {path}: {error}", one.method))
}

/// Whether the answer says that it does not know the word.
fn unknown(answer: &Answer, word: &str, detail: &str) -> bool {
    answer.status == 422 && answer.body["detail"] == detail && answer.body["field"] == word
}

#[tokio::test]
async fn a_body_has_the_fields_that_its_call_reads_and_no_others() {
    let rig = Rig::start(&[]);
    let words = words();
    for listener in listeners() {
        let client = (listener.client)(&rig.sidecar);
        for one in listener.operations().iter().filter(|one| one.said.get("requestBody").is_some()) {
            let documented = documented(&listener, one);
            let mut read = BTreeSet::new();
            // One field may rule out another, so that each of the ways to call it is asked.
            for example in one.examples() {
                for word in words.iter().map(String::as_str).chain(documented.iter().copied()) {
                    let mut body = example.clone();
                    // What no field takes.
                    body[word] = json!([]);
                    let answer = call(&client, one, "", &body).await;
                    assert_eq!(answer.status, 422, "{} {word}: {answer:?}", one.path);
                    if !RESERVED.contains(&word) && !unknown(&answer, word, NO_FIELD) {
                        read.insert(word);
                    }
                }
            }
            assert_eq!(documented, read, "{}", one.path);
        }
    }
}

/// What is misspelt is unknown, and what it was to be is missing: the first is what its writer has to see.
#[tokio::test]
async fn an_unknown_field_is_named_before_a_missing_one_and_a_known_one_never() {
    let rig = Rig::start(&[]);
    for listener in listeners() {
        let client = (listener.client)(&rig.sidecar);
        for one in listener.operations().iter().filter(|one| one.said.get("requestBody").is_some()) {
            let documented = documented(&listener, one);
            let mut body: Value = documented.iter().map(|name| ((*name).to_owned(), Value::Null)).collect();
            if !documented.is_empty() {
                let missing = call(&client, one, "", &body).await.refused(422, "invalid_field");
                assert!(documented.contains(missing.str("field")), "{} {missing:?}", one.path);
                assert_ne!(missing.str("detail"), NO_FIELD, "{}", one.path);
            }
            body["misspelt"] = json!(1);
            for body in [body, json!({"misspelt": null})] {
                let unknown = call(&client, one, "", &body).await.refused(422, "invalid_field");
                assert_eq!(unknown.str("field"), "misspelt", "{}", one.path);
            }
        }
    }
}

/// The names of an operation's fields.
fn documented<'a>(listener: &'a Listener, one: &'a Documented<'_>) -> BTreeSet<&'a str> {
    let schema = listener.resolved(&one.said["requestBody"]["content"]["application/json"]["schema"]);
    assert_eq!(schema["additionalProperties"], json!(false), "{}", one.path);
    schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect()
}

#[tokio::test]
async fn an_operator_s_call_has_the_parameters_that_it_reads_and_no_others() {
    let rig = Rig::start(&[]);
    let words = words();
    let [_, admin] = listeners();
    let client = (admin.client)(&rig.sidecar);
    for one in admin.operations().iter().filter(|one| one.needs_key()) {
        let parameters = one.said["parameters"].as_array().into_iter().flatten();
        let documented: BTreeSet<_> =
            parameters.filter(|one| one["in"] == "query").map(|one| one["name"].as_str().expect("a name")).collect();
        let mut read = BTreeSet::new();
        for word in words.iter().map(String::as_str).chain(documented.iter().copied()) {
            // What no parameter takes.
            let answer = call(&client, one, &format!("?{word}=%5B"), &json!({})).await;
            assert_eq!(answer.status, 422, "{} {word}: {answer:?}", one.path);
            if !unknown(&answer, word, NO_PARAMETER) {
                read.insert(word);
            }
        }
        // A call without parameters refuses all of them before it reads its body.
        assert_eq!(documented, read, "{}", one.path);
    }
}

#[tokio::test]
async fn an_idempotency_key_is_read_where_the_document_says_so_and_nowhere_else() {
    let rig = Rig::start(&[]);
    for listener in listeners() {
        let client = (listener.client)(&rig.sidecar).with_header("idempotency-key", "not visible");
        for one in listener.operations().iter().filter(|one| one.said.get("requestBody").is_some()) {
            let answer = call(&client, one, "", &json!({"nonsense": 1})).await.refused(422, "invalid_field");
            let parameters = one.said["parameters"].as_array().into_iter().flatten();
            let documented = parameters.map(|one| listener.resolved(one)).any(|one| one["name"] == "Idempotency-Key");
            assert_eq!(answer.str("field") == "Idempotency-Key", documented, "{}", one.path);
        }
    }
}
