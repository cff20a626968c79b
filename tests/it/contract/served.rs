//! `/openapi.json` and `/docs`: for everybody, and only asked for again where they changed.

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::Method;
use sha2::{Digest, Sha256};

use super::document::listeners;
use crate::support::{Answer, Client, Rig};

const PATHS: [(&str, &str); 2] = [("/openapi.json", "application/json"), ("/docs", "text/html; charset=utf-8")];

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
        assert_eq!(client.get("/openapi.json").await.is(200).body, listener.document);
    }
    let [app, admin] = anybody(&rig);
    assert_ne!(tag(&app.get("/openapi.json").await), tag(&admin.get("/openapi.json").await));
}

#[tokio::test]
async fn what_did_not_change_is_not_sent_again() {
    let rig = Rig::start(&[]);
    for client in anybody(&rig) {
        for (path, kind) in PATHS {
            let whole = client.get(path).await.is(200);
            assert_eq!((whole.header("content-type"), whole.header("cache-control")), (Some(kind), Some("no-cache")));
            let head = client.call(Method::HEAD, path).await.is(200);
            assert_eq!((&*head.text, head.header("content-length")), ("", Some(&*whole.text.len().to_string())));
            assert_eq!(tag(&head), tag(&whole));
            let again = client.clone().with_header("if-none-match", &tag(&whole)).get(path).await.is(304);
            assert_eq!((&*again.text, tag(&again)), ("", tag(&whole)));
            client.clone().with_header("if-none-match", "\"another\"").get(path).await.is(200);
        }
    }
}

#[tokio::test]
async fn the_page_holds_every_operation_and_allows_its_own_style_sheet_alone() {
    let rig = Rig::start(&[]);
    for (client, listener) in anybody(&rig).iter().zip(listeners()) {
        let page = client.get("/docs").await.is(200);
        for one in listener.operations() {
            assert!(page.text.contains(&format!("<code>{}</code>", one.path)), "{}", one.path);
        }
        let style = page.text.split("<style>").nth(1).and_then(|rest| rest.split("</style>").next()).expect("a style");
        let digest = STANDARD.encode(Sha256::digest(style));
        let policy = page.header("content-security-policy").expect("a policy");
        assert!(policy.starts_with(&format!("default-src 'none'; style-src 'sha256-{digest}';")), "{policy}");
        assert!(!page.text.contains("<script"));
    }
}
