//! A listener's document, and what tests ask of it.

use std::collections::BTreeSet;

use otp_sidecar::http::{
    calls::route::{ADMIN, APP, Operation, Row},
    openapi,
};
use serde_json::Value;

use crate::support::{Address, Client, Sidecar, keys};

/// One of the two listeners.
#[derive(Debug)]
pub struct Listener {
    /// Its document.
    pub document: Value,
    /// Its paths, as the router has them.
    pub routes: &'static [Row],
    /// Where it listens.
    pub address: fn(&Sidecar) -> &Address,
    /// A key that may do everything.
    pub key: &'static str,
    /// A client of it, with that key.
    pub client: fn(&Sidecar) -> Client,
}

/// An operation, as the document has it.
#[derive(Debug)]
pub struct Documented<'a> {
    /// `/v1/verifications/{id}`
    pub path: &'a str,
    /// `POST`
    pub method: String,
    /// All that is said of it.
    pub said: &'a Value,
}

/// Both.
pub fn listeners() -> [Listener; 2] {
    let read = |document: &openapi::Document| serde_json::from_slice(&document.body).expect("JSON");
    [
        Listener {
            document: read(&openapi::APP),
            routes: APP,
            address: Sidecar::app,
            key: keys::KEY,
            client: Sidecar::client,
        },
        Listener {
            document: read(&openapi::ADMIN),
            routes: ADMIN,
            address: Sidecar::admin,
            key: keys::ADMIN_KEY,
            client: Sidecar::admin_client,
        },
    ]
}

impl Listener {
    /// Every operation of the document.
    pub fn operations(&self) -> Vec<Documented<'_>> {
        let paths = self.document["paths"].as_object().expect("paths");
        let mut all = Vec::new();
        for (path, item) in paths {
            let methods = item.as_object().expect("a path").iter().filter(|(name, _)| *name != "parameters");
            all.extend(methods.map(|(method, said)| Documented { path, method: method.to_uppercase(), said }));
        }
        all
    }

    /// What a `$ref` points to, or the value itself.
    pub fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(target) => self.document.pointer(&target[1..]).unwrap_or_else(|| panic!("nothing at {target}")),
            None => value,
        }
    }

    /// What the router makes of a path of the document.
    pub fn operation_at(&self, path: &str) -> Option<Operation> {
        self.routes.iter().find(|(template, _)| *template == path).map(|(_, operation)| *operation)
    }

    /// The refusals that an operation may answer with this status.
    pub fn codes<'a>(&'a self, operation: &'a Documented<'_>, status: u16) -> BTreeSet<&'a str> {
        self.codes_of(&operation.said["responses"][status.to_string()])
    }

    /// The refusals that an answer may be: it has an example of each, since what narrows a schema down confuses generators.
    pub fn codes_of<'a>(&'a self, response: &'a Value) -> BTreeSet<&'a str> {
        let examples = self.resolved(response)["content"]["application/problem+json"]["examples"].as_object();
        examples.into_iter().flatten().map(|(code, _)| code.as_str()).collect()
    }
}

impl Documented<'_> {
    /// The statuses that it may answer with.
    pub fn statuses(&self) -> BTreeSet<u16> {
        let responses = self.said["responses"].as_object().expect("responses");
        responses.keys().map(|status| status.parse().expect("a status")).collect()
    }

    /// Its path with this in place of `{id}`.
    pub fn path_of(&self, id: &str) -> String {
        self.path.replace("{id}", id)
    }

    /// The examples of its body; none where it has no body.
    pub fn examples(&self) -> Vec<Value> {
        let examples = self.said["requestBody"]["content"]["application/json"]["examples"].as_object();
        examples.into_iter().flatten().map(|(_, example)| example["value"].clone()).collect()
    }

    /// The first of them.
    pub fn example(&self) -> Option<Value> {
        self.examples().into_iter().next()
    }

    /// Whether it needs a key, given what the document says of all.
    pub fn needs_key(&self) -> bool {
        self.said["security"].as_array().is_none_or(|ways| !ways.is_empty())
    }
}

/// What `const` or `enum` allow, as words.
pub fn words_of(schema: &Value) -> BTreeSet<&str> {
    let one = schema["const"].as_str();
    one.into_iter().chain(schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str)).collect()
}
