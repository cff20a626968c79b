//! A listener's document, put together: its parts, and what holds of every call and is therefore written once.

use super::node::{Members, Node};

/// What every call may answer, whatever it is: a head that is not HTTP or too long, and a fault of ours.
const EVERY: &[(&str, &str)] = &[("400", "Malformed"), ("431", "HeadersTooLarge"), ("500", "Internal")];
/// What all but probes may answer as well: where no key is configured, a request for another name than a loopback one.
const NAMED: &[(&str, &str)] = &[("403", "Forbidden")];
/// Who asks here asks with any method that takes no body, and under any name.
const PROBES: &[&str] = &["/livez", "/readyz", "/metrics"];
/// What calls that need a key may answer as well.
const KEYED: &[(&str, &str)] = &[("401", "Unauthenticated")];
/// What calls with a body may answer as well.
const WITH_BODY: &[(&str, &str)] = &[("413", "TooLarge"), ("415", "UnsupportedMediaType")];
/// Headers that every call takes.
const HEADERS: &[&str] = &["RequestId", "Traceparent"];

/// Joins `parts`; a later one adds to objects of an earlier one.
///
/// # Errors
/// If one of them is not JSON.
pub fn join(parts: &[&str]) -> Result<Node, serde_json::Error> {
    let mut document = Node::Object(Members::new());
    for part in parts {
        let part: Node = serde_json::from_str(part)?;
        for (name, value) in part.members() {
            document.add(name, value.clone());
        }
    }
    let responses = document.get_mut("components").and_then(|components| components.get_mut("responses"));
    responses.into_iter().flat_map(Node::members_mut).for_each(|(_, response)| name_request(response));
    let whole = document.clone();
    for (name, path) in document.get_mut("paths").into_iter().flat_map(Node::members_mut) {
        let probe = PROBES.contains(&name.as_str());
        path.members_mut().for_each(|(_, operation)| complete(operation, probe));
        if let Some(get) = path.get("get").cloned() {
            path.add("head", head(&get, &whole));
            if probe {
                path.add("options", renamed(get, "Options", ", for probes that ask so"));
            }
        }
        let headers = HEADERS.iter().map(|name| Node::reference(&format!("#/components/parameters/{name}")));
        path.add("parameters", Node::List(headers.collect()));
    }
    Ok(document)
}

/// Adds to an operation what every one has, or every one but a probe.
fn complete(operation: &mut Node, probe: bool) {
    let open = operation.get("security").is_some_and(|security| security.items().is_empty());
    let keyed = if open { &[][..] } else { KEYED };
    let with_body = if operation.get("requestBody").is_some() { WITH_BODY } else { &[] };
    let Some(responses) = operation.get_mut("responses") else { return };
    let named = if probe { &[][..] } else { NAMED };
    for (status, name) in [EVERY, named, keyed, with_body].concat() {
        responses.add(status, Node::reference(&format!("#/components/responses/{name}")));
    }
    if let Node::Object(all) = responses {
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        all.iter_mut().for_each(|(_, response)| name_request(response));
    }
}

/// Every answer names its request. What is only referred to is completed where it stands.
fn name_request(response: &mut Node) {
    if response.get("$ref").is_none() {
        let id = ("X-Request-Id".to_owned(), Node::reference("#/components/headers/RequestId"));
        response.add("headers", Node::Object(vec![id]));
    }
}

/// HEAD, which answers what GET does, without a body: refusals, too.
fn head(get: &Node, document: &Node) -> Node {
    let mut head = renamed(get.clone(), "Head", ", without the body");
    for (_, response) in head.get_mut("responses").into_iter().flat_map(Node::members_mut) {
        let told = document.resolve(response).members().iter().filter(|(name, _)| name != "content");
        *response = Node::Object(told.cloned().collect());
    }
    head
}

/// The same operation by another method, whose name and summary say so.
fn renamed(mut operation: Node, suffix: &str, note: &str) -> Node {
    for (name, more) in [("operationId", suffix), ("summary", note)] {
        if let Some(Node::Text(text)) = operation.get_mut(name) {
            text.push_str(more);
        }
    }
    operation
}

#[cfg(test)]
mod tests {
    use super::*;

    const PART: &str = r##"{"paths":{"/a":{"get":{"operationId":"a","responses":{"200":{"description":"ok","content":{}}}},
        "post":{"requestBody":{},"security":[],"responses":{"400":{"description":"own"}}}}},
        "components":{"responses":{"Malformed":{"description":"no","content":{}}}}}"##;

    fn statuses(operation: &Node) -> Vec<&str> {
        operation.get("responses").unwrap().members().iter().map(|(status, _)| status.as_str()).collect()
    }

    #[test]
    fn what_holds_of_every_call_is_added_and_what_a_call_says_itself_stays() {
        let document = join(&[PART, r#"{"paths":{"/b":{}}}"#]).unwrap();
        let path = document.at(&["paths", "/a"]).unwrap();
        let [get, post] = ["get", "post"].map(|method| path.get(method).unwrap());
        assert_eq!(statuses(get), ["200", "400", "401", "403", "431", "500"]);
        assert_eq!(statuses(post), ["400", "403", "413", "415", "431", "500"]);
        assert_eq!(post.at(&["responses", "400"]).unwrap().text_of("description"), Some("own"));
        assert!(get.at(&["responses", "200", "headers", "X-Request-Id"]).is_some());
        assert_eq!(document.get("paths").unwrap().members().len(), 2);
    }

    #[test]
    fn probes_take_one_method_more_and_refuse_no_name() {
        let document = join(&[&PART.replace("/a", "/livez")]).unwrap();
        for (method, name) in [("get", "a"), ("head", "aHead"), ("options", "aOptions")] {
            let operation = document.at(&["paths", "/livez", method]).unwrap();
            assert_eq!(statuses(operation), ["200", "400", "401", "431", "500"]);
            assert_eq!(operation.text_of("operationId"), Some(name));
        }
        assert!(join(&[PART]).unwrap().at(&["paths", "/a", "options"]).is_none());
    }

    #[test]
    fn head_is_get_without_a_body() {
        let document = join(&[PART]).unwrap();
        let head = document.at(&["paths", "/a", "head"]).unwrap();
        assert_eq!(statuses(head), ["200", "400", "401", "403", "431", "500"]);
        assert_eq!(head.text_of("operationId"), Some("aHead"));
        assert!(["200", "400"].iter().all(|status| head.at(&["responses", status, "content"]).is_none()));
        assert_eq!(head.at(&["responses", "400"]).unwrap().text_of("description"), Some("no"));
    }
}
