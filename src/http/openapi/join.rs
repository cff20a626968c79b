//! A listener's document, put together: its parts, and what holds of every call and is therefore written once.

use super::node::{Members, Node};

/// What every call may answer, whatever it is: a head that is not HTTP or too long, and a fault of ours; and where no key is
/// configured, a request for another name than a loopback one.
const EVERY: &[(&str, &str)] =
    &[("400", "Malformed"), ("403", "Forbidden"), ("431", "HeadersTooLarge"), ("500", "Internal")];
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
    for (_, path) in document.get_mut("paths").into_iter().flat_map(Node::members_mut) {
        path.members_mut().for_each(|(_, operation)| complete(operation));
        if let Some(head) = path.get("get").map(|get| head(get, &whole)) {
            path.add("head", head);
        }
        let headers = HEADERS.iter().map(|name| Node::reference(&format!("#/components/parameters/{name}")));
        path.add("parameters", Node::List(headers.collect()));
    }
    Ok(document)
}

/// Adds to an operation what every one has.
fn complete(operation: &mut Node) {
    let open = operation.get("security").is_some_and(|security| security.items().is_empty());
    let keyed = if open { &[][..] } else { KEYED };
    let with_body = if operation.get("requestBody").is_some() { WITH_BODY } else { &[] };
    let Some(responses) = operation.get_mut("responses") else { return };
    for (status, name) in [EVERY, keyed, with_body].concat() {
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
    let mut head = get.clone();
    for (name, value) in head.members_mut() {
        match (name.as_str(), value) {
            ("operationId", Node::Text(id)) => id.push_str("Head"),
            ("summary", Node::Text(summary)) => summary.push_str(", without the body"),
            ("responses", responses) => {
                for (_, response) in responses.members_mut() {
                    let told = document.resolve(response).members().iter().filter(|(name, _)| name != "content");
                    *response = Node::Object(told.cloned().collect());
                }
            }
            _ => {}
        }
    }
    head
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
    fn head_is_get_without_a_body() {
        let document = join(&[PART]).unwrap();
        let head = document.at(&["paths", "/a", "head"]).unwrap();
        assert_eq!(statuses(head), ["200", "400", "401", "403", "431", "500"]);
        assert_eq!(head.text_of("operationId"), Some("aHead"));
        assert!(["200", "400"].iter().all(|status| head.at(&["responses", status, "content"]).is_none()));
        assert_eq!(head.at(&["responses", "400"]).unwrap().text_of("description"), Some("no"));
    }
}
