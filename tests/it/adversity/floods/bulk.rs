//! Requests with too much in them: header lines, nesting, bytes.

use hyper::Method;
use serde_json::json;

use crate::support::{Client, Rig};

/// What `OTP_MAX_BODY_BYTES` is by default.
const BODY: usize = 16_384;
/// The most that may be set.
const LARGEST_BODY: usize = 1024 * 1024;
const DEEP: usize = 1_000_000;

#[tokio::test]
async fn five_hundred_header_lines_are_431_and_run_nothing() {
    let rig = Rig::unlimited(&[]);
    let mut many = rig.client.clone();
    for n in 0..500 {
        many = many.with_header(&format!("x-{n}"), "y");
    }
    let answer = many.send("ada").await;
    assert_eq!((answer.status, answer.header("connection")), (431, Some("close")));
    // Nor does it help to put all into one line, or to spread them over more than fits.
    for value in ["y".repeat(BODY), "y ".repeat(200_000)] {
        let long = rig.client.clone().with_header("x", &value);
        match long.try_call(Method::POST, "/v1/verifications", json!({"subject": "ada"}).to_string().into()).await {
            Ok(answer) => assert_eq!(answer.status, 431),
            // Closed while the client was still sending.
            Err(error) => eprintln!("{} bytes: {error}", value.len()),
        }
    }
    assert_eq!(rig.counted("ada").await, (0, 0));
}

fn arrays(depth: usize) -> String {
    format!("{{\"subject\":{}{}}}", "[".repeat(depth), "]".repeat(depth))
}

fn objects(depth: usize) -> String {
    format!("{{\"subject\":{}1{}}}", "{\"a\":".repeat(depth), "}".repeat(depth))
}

/// The whole process would end, were it read by a function that calls itself for each level.
async fn survives(client: &Client) {
    client.get("/livez").await.is(200);
}

#[tokio::test]
async fn a_million_levels_of_json_are_too_large_and_as_many_as_fit_too_deep() {
    let rig = Rig::unlimited(&[]);
    for body in [arrays(DEEP), objects(DEEP), "[".repeat(DEEP)] {
        rig.client.post_text("/v1/verifications", body).await.refused(413, "too_large");
        survives(&rig.client).await;
    }
    let fits = [arrays((BODY - 20) / 2), objects((BODY - 20) / 6), "[".repeat(BODY), "{\"a\":".repeat(BODY / 5)];
    for body in fits {
        assert!((BODY - 30..=BODY).contains(&body.len()), "{}", body.len());
        for path in ["/v1/verifications", "/v1/verifications/check", "/v1/status", "/v1/guard/request"] {
            rig.client.post_text(path, body.clone()).await.refused(400, "malformed");
        }
        survives(&rig.client).await;
    }
}

#[tokio::test]
async fn where_a_million_levels_fit_they_are_too_deep_as_well() {
    let rig = Rig::unlimited(&[("OTP_MAX_BODY_BYTES", &LARGEST_BODY.to_string())]);
    for body in ["[".repeat(DEEP), arrays(DEEP / 2), objects(DEEP / 6)] {
        rig.client.post_text("/v1/verifications", body).await.refused(400, "malformed");
        survives(&rig.client).await;
    }
}
