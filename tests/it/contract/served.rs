//! `/openapi.json`: for everybody, and only asked for again where it changed.

use hyper::Method;

use super::document::listeners;
use crate::support::{Answer, Client, Rig};

const PATH: &str = "/openapi.json";

/// Clients of both listeners that show no key.
fn anybody(rig: &Rig) -> [Client; 2] {
    [rig.sidecar.app(), rig.sidecar.admin()].map(|address| Client::new(address.clone()))
}

fn tag(answer: &Answer) -> String {
    answer.header("etag").expect("a tag").to_owned()
}

#[tokio::test]
async fn anybody_reads_the_document_of_each_listener() {
    let rig = Rig::start(&[]);
    for (client, listener) in anybody(&rig).iter().zip(listeners()) {
        assert_eq!(client.get(PATH).await.is(200).body, listener.document);
    }
    let [app, admin] = anybody(&rig);
    assert_ne!(tag(&app.get(PATH).await), tag(&admin.get(PATH).await));
}

#[tokio::test]
async fn what_did_not_change_is_not_sent_again() {
    let rig = Rig::start(&[]);
    for client in anybody(&rig) {
        let whole = client.get(PATH).await.is(200);
        let kept = [whole.header("content-type"), whole.header("cache-control")];
        assert_eq!(kept, [Some("application/json"), Some("no-cache")]);
        let head = client.call(Method::HEAD, PATH).await.is(200);
        assert_eq!((&*head.text, head.header("content-length")), ("", Some(&*whole.text.len().to_string())));
        assert_eq!(tag(&head), tag(&whole));
        let again = client.clone().with_header("if-none-match", &tag(&whole)).get(PATH).await.is(304);
        assert_eq!((&*again.text, tag(&again)), ("", tag(&whole)));
        for known in [format!("W/{}", tag(&whole)), format!("\"b\" , {}", tag(&whole)), "*".into()] {
            client.clone().with_header("if-none-match", &known).get(PATH).await.is(304);
        }
        client.clone().with_header("if-none-match", "\"another\"").get(PATH).await.is(200);
    }
}

#[tokio::test]
async fn there_is_no_page_beside_it() {
    let rig = Rig::start(&[]);
    for client in anybody(&rig) {
        client.get("/docs").await.refused(404, "not_found");
    }
}
