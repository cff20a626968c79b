//! Paths and methods: those of the router, and who may call them.

use std::collections::BTreeSet;

use otp_sidecar::{
    http::calls::route::{self, Access},
    metrics::REQUESTS,
};

use super::document::listeners;

#[test]
fn every_path_and_method_of_the_router_is_in_the_document_and_no_other() {
    for listener in listeners() {
        let routed: BTreeSet<_> = listener
            .routes
            .iter()
            .flat_map(|row| row.methods.split(", ").map(|method| (row.path, method.to_owned())))
            // What is in every answer to GET but the body, and a probe's own way to ask: `info` says so for all.
            .filter(|(_, method)| method != "HEAD" && method != "OPTIONS")
            .collect();
        let documented: BTreeSet<_> =
            listener.operations().into_iter().map(|operation| (operation.path, operation.method)).collect();
        assert_eq!(documented, routed);
    }
}

#[test]
fn every_path_leads_to_its_row_and_every_label_is_counted() {
    for (listener, of_app) in listeners().iter().zip([true, false]) {
        for row in &listener.routes {
            let path = row.path.replace("{id}", "x");
            let own = if of_app { route::APP } else { route::ADMIN };
            let found = route::find(&[own, route::SHARED], &path).expect("a route").row;
            assert_eq!(found.operation, row.operation, "{}", row.path);
            assert!(REQUESTS.iter().any(|counted| counted.name == row.label), "{}", row.label);
        }
    }
}

#[test]
fn every_operation_has_a_name_of_its_own_and_a_tag_that_is_listed() {
    for listener in listeners() {
        let operations = listener.operations();
        let names: BTreeSet<_> =
            operations.iter().map(|one| one.said["operationId"].as_str().expect("a name")).collect();
        assert_eq!(names.len(), operations.len());
        let tags: BTreeSet<_> =
            listener.document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str()).collect();
        let used: BTreeSet<_> = operations.iter().map(|one| one.said["tags"][0].as_str()).collect();
        assert_eq!(used, tags);
    }
}

#[test]
fn the_keys_that_an_operation_asks_for_are_those_that_it_takes() {
    let [app, admin] = listeners();
    for (listener, looks) in [(app, &["key"][..]), (admin, &["admin", "viewer"])] {
        for one in listener.operations() {
            let access = listener.route_at(one.path).expect("a route").access;
            let ways = one.said["security"].as_array().or(listener.document["security"].as_array()).expect("keys");
            let names: Vec<_> =
                ways.iter().flat_map(|way| way.as_object().unwrap().keys().map(String::as_str)).collect();
            let taken = match access {
                Access::Probe | Access::Open => &[][..],
                Access::Keyed => looks,
                Access::Admin => &["admin"],
            };
            assert_eq!(names, taken, "{} {}", one.method, one.path);
            for name in names {
                let scheme = &listener.document["components"]["securitySchemes"][name];
                assert_eq!(
                    (scheme["type"].as_str(), scheme["scheme"].as_str()),
                    (Some("http"), Some("bearer")),
                    "{name}"
                );
            }
        }
    }
}

/// Both documents are whole, so that what both have stands twice.
#[test]
fn what_both_documents_have_says_the_same_in_both() {
    let [app, admin] = listeners();
    let mut both = 0;
    for (kind, parts) in app.document["components"].as_object().expect("components") {
        for (name, part) in parts.as_object().expect("parts") {
            if let Some(other) = admin.document["components"][kind].get(name) {
                assert_eq!(part, other, "{kind}: {name}");
                both += 1;
            }
        }
    }
    assert!(both > 20, "{both}");
}
