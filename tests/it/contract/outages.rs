//! 503: where the document has it, and nowhere else, when the store is gone.

use hyper::{Method, body::Bytes};
use serde_json::json;

use super::document::listeners;
use crate::support::{Rig, wait};

#[tokio::test]
async fn without_a_store_every_call_that_needs_one_says_so_as_documented() {
    let mut rig = Rig::unlimited(&[]);
    let issued = rig.client.issue("ann@example.com").await;
    rig.redis.kill();
    let gone = || async { (rig.client.get("/readyz").await.status == 503).then_some(()) };
    wait::until_async("the store to be missed", wait::PATIENCE, gone).await;
    for listener in listeners() {
        let client = (listener.client)(&rig.sidecar);
        for one in listener.operations() {
            let mut body = one.example();
            if let Some(id) = body.as_mut().and_then(|body| body.get_mut("id")) {
                *id = json!(issued.id);
            }
            let body = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
            let method: Method = one.method.parse().expect("a method");
            let answer = client.try_call(method, &one.path_of(&issued.id), body).await.expect("an answer");
            assert_eq!(answer.status == 503, one.statuses().contains(&503), "{} {}: {answer:?}", one.method, one.path);
            assert!(one.statuses().contains(&answer.status), "{} {}: {answer:?}", one.method, one.path);
            if answer.status == 503 && one.path != "/readyz" {
                assert!(listener.codes(&one, 503).contains(answer.str("code")), "{} {}", one.method, one.path);
                // Operators neither send nor check codes: they are told where to look.
                let detail = answer.str("detail");
                let of_operators = detail.contains("/readyz") && !detail.contains("Codes");
                assert_eq!(of_operators, one.path.starts_with("/admin/"), "{} {}: {detail}", one.method, one.path);
            }
        }
    }
}
