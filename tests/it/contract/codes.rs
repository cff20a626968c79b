//! Words of closed sets: refusals with their statuses and titles, types of events, outcomes.

use std::collections::BTreeSet;

use otp_sidecar::{event::Kind, http::Code, metrics::REQUESTS, policy::Outcome};
use serde_json::json;

use super::document::{Documented, Listener, listeners, words_of};

/// Every answer that several operations give, by its name.
fn responses(listener: &Listener) -> impl Iterator<Item = (&String, &serde_json::Value)> {
    listener.document["components"]["responses"].as_object().expect("answers").iter()
}

fn all() -> BTreeSet<&'static str> {
    Code::ALL.iter().map(|code| code.name()).collect()
}

#[test]
fn every_refusal_is_in_a_document_with_its_type_title_and_status() {
    let mut told = BTreeSet::new();
    for listener in listeners() {
        assert_eq!(words_of(&listener.document["components"]["schemas"]["Problem"]["properties"]["code"]), all());
        for (name, response) in responses(&listener) {
            let content = &response["content"]["application/problem+json"];
            let examples = content["examples"].as_object().unwrap_or_else(|| panic!("{name} has no examples"));
            assert_eq!(content["schema"], json!({"$ref": "#/components/schemas/Problem"}), "{name}");
            for (word, example) in examples {
                let code = Code::ALL.iter().find(|code| code.name() == word).unwrap_or_else(|| panic!("{word}"));
                let value = &example["value"];
                assert_eq!(value["code"], code.name());
                assert_eq!(value["type"], format!("urn:otp-sidecar:problem:{}", code.name()));
                assert_eq!(value["title"], code.title());
                assert_eq!(value["status"], code.status().as_u16());
                told.insert(code.name());
            }
        }
    }
    assert_eq!(told, all());
}

#[test]
fn every_error_status_is_in_a_document_and_an_operation_gives_it_under_its_own_number() {
    let statuses: BTreeSet<u16> = Code::ALL.iter().map(|code| code.status().as_u16()).collect();
    let mut told = BTreeSet::new();
    for listener in listeners() {
        for (_, response) in responses(&listener) {
            let words = listener.codes_of(response);
            let codes: Vec<_> = Code::ALL.iter().filter(|code| words.contains(code.name())).collect();
            told.extend(codes.iter().map(|code| code.status().as_u16()));
        }
        for operation in listener.operations() {
            for status in operation.statuses().into_iter().filter(|status| *status >= 400) {
                for word in listener.codes(&operation, status) {
                    let code = Code::ALL.iter().find(|code| code.name() == word).unwrap_or_else(|| panic!("{word}"));
                    assert_eq!(code.status().as_u16(), status, "{} {}: {word}", operation.method, operation.path);
                }
            }
        }
    }
    assert_eq!(told, statuses);
}

/// Refusals and faults that are counted of an operation are those of its document: no series for what cannot be.
#[test]
fn what_is_counted_of_an_operation_is_what_its_document_has() {
    for row in REQUESTS.iter().filter(|row| row.name != "other") {
        let mut documented = BTreeSet::from(["method_not_allowed"]);
        for listener in &listeners() {
            let operations = listener.operations();
            let ours = |one: &&Documented<'_>| listener.operation_at(one.path).is_some_and(|it| it.name() == row.name);
            for one in operations.iter().filter(ours) {
                for status in one.statuses().into_iter().filter(|status| *status >= 400) {
                    documented.extend(listener.codes(one, status).into_iter().filter_map(name));
                }
                // What is not even HTTP has no operation.
                if one.said.get("requestBody").is_none() {
                    documented.remove("malformed");
                }
            }
        }
        documented.remove("headers_too_large");
        let counted: BTreeSet<_> = row.values().filter(|outcome| name(outcome).is_some()).collect();
        // A check by an unknown id is an answer like any other; a probe says why it is not ready in words of its own.
        let elsewhere = match row.name {
            "check" => Some("not_found"),
            "readyz" => Some("store_unavailable"),
            _ => None,
        };
        documented.extend(elsewhere);
        assert_eq!(counted, documented, "{}", row.name);
    }
}

/// The refusal of that name.
fn name(word: &str) -> Option<&'static str> {
    Code::ALL.iter().map(|code| code.name()).find(|name| *name == word)
}

#[test]
fn types_of_events_and_outcomes_are_those_that_there_are() {
    let [_, admin] = listeners();
    let schemas = &admin.document["components"]["schemas"];
    assert_eq!(words_of(&schemas["EventType"]), Kind::ALL.iter().map(|kind| kind.label()).collect());
    assert_eq!(words_of(&schemas["Outcome"]), Outcome::ALL.iter().map(|outcome| outcome.label()).collect());
}
