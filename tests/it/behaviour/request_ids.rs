//! One id from the caller through the answer to the log.

use serde_json::Value;

use crate::support::{Answer, Metrics, Rig, Sidecar, wait};

fn id(answer: &Answer) -> &str {
    answer.header("x-request-id").expect("a request id")
}

#[tokio::test]
async fn the_callers_id_comes_back_on_success_and_refusal() {
    let rig = Rig::start(&[]);
    let longest = "~".repeat(64);
    for given in ["a", "7f3c:42/!", &longest] {
        let client = rig.client.clone().with_header("x-request-id", given);
        assert_eq!(id(&client.send(given).await.is(201)), given);
        assert_eq!(id(&client.send(given).await.refused(429, "resend_cooldown")), given);
        assert_eq!(id(&client.get("/nowhere").await.refused(404, "not_found")), given);
        assert_eq!(id(&client.get("/livez").await), given);
    }
}

#[tokio::test]
async fn without_a_usable_id_each_answer_has_a_new_one() {
    let rig = Rig::start(&[]);
    let (first, second) = (rig.client.get("/livez").await, rig.client.get("/livez").await);
    assert_ne!(id(&first), id(&second));
    let long = "a".repeat(65);
    for given in ["", "two words", &long] {
        let answer = rig.client.clone().with_header("x-request-id", given).get("/livez").await;
        let new = id(&answer);
        assert!(new != given && (1..=64).contains(&new.len()) && new.bytes().all(|c| c.is_ascii_graphic()), "{new}");
    }
}

#[tokio::test]
async fn bytes_beyond_ascii_are_not_repeated() {
    let rig = Rig::start(&[]);
    let request = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: \xc3\xa4\xff\r\nConnection: close\r\n\r\n";
    let answer = rig.client.raw(request).await;
    assert!(answer.starts_with(b"HTTP/1.1 "), "{}", String::from_utf8_lossy(&answer));
    assert!(answer.is_ascii(), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn a_trace_parent_is_no_hindrance() {
    let rig = Rig::start(&[]);
    for parent in ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "nonsense", ""] {
        rig.client.clone().with_header("traceparent", parent).get("/livez").await.is(200);
    }
}

/// What is refused for its head never reaches a handler; the caller's id, the log and the metrics know of it all the same.
#[tokio::test]
async fn a_refused_head_is_named_logged_and_counted_too() {
    let rig = Rig::start(&[]);
    let long = "a".repeat(17 * 1024);
    let cases = [
        ("id-1", 400, "malformed", "GET /v1 HTTP/1.1\r\nHost: a\r\nHost: b\r\nX-Request-Id: id-1\r\n\r\n".to_owned()),
        ("id-2", 400, "malformed", "GET /v1 HTTP/1.1\nHost: a\nx-request-id:id-2 \n\nX-Request-Id: id-9\n".to_owned()),
        ("id-3", 431, "headers_too_large", format!("GET /v1 HTTP/1.1\r\nX-Request-Id: id-3\r\nX: {long}\r\n\r\n")),
        ("id-4", 431, "headers_too_large", format!("GET /v1 HTTP/1.1\r\nX-Request-Id: id-4\r\nX: {long}")),
    ];
    for (id, status, outcome, request) in &cases {
        let answer = String::from_utf8(rig.client.raw(request.as_bytes()).await).unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert!(answer.contains(&format!("x-request-id: {id}\r\n")), "{answer}");
        assert!(answer.contains(&format!("\"request_id\":\"{id}\"")), "{answer}");
        let line = logged(&rig.sidecar, id);
        assert_eq!((&line["operation"], &line["outcome"]), (&"other".into(), &(*outcome).into()), "{line}");
        assert_eq!(line["status"], *status, "{line}");
        assert!(line["micros"].is_u64(), "{line}");
    }
    for _ in 0..2 {
        for outcome in ["malformed", "headers_too_large"] {
            let metrics = Metrics::fetch(&rig.sidecar).await;
            let labels = [("operation", "other"), ("outcome", outcome)];
            assert_eq!(metrics.value("otp_requests_total", &labels), 2.0, "{outcome}");
        }
    }
}

#[tokio::test]
async fn a_refused_head_without_a_usable_id_has_a_new_one() {
    let rig = Rig::start(&[]);
    for given in ["two words", "\u{e4}", "a\r\nX-Request-Id: b", &"a".repeat(65)] {
        let request = format!("GET /v1 HTTP/1.1\r\nHost: a\r\nHost: b\r\nX-Request-Id: {given}\r\n\r\n");
        let answer = String::from_utf8(rig.client.raw(request.as_bytes()).await).unwrap();
        let id = answer.split("x-request-id: ").nth(1).and_then(|rest| rest.split("\r\n").next()).unwrap();
        assert_eq!(id.len(), 36, "{answer}");
        logged(&rig.sidecar, id);
    }
    // Cut off in the middle of the id: what was meant is not known.
    let long = "a".repeat(17 * 1024);
    let request = format!("GET /v1 HTTP/1.1\r\nX: {long}\r\nX-Request-Id: a");
    let answer = String::from_utf8(rig.client.raw(request.as_bytes()).await).unwrap();
    assert!(!answer.contains("x-request-id: a\r\n"), "{answer}");
}

/// The one line that the log has for a request.
fn logged(sidecar: &Sidecar, id: &str) -> Value {
    let lines = || {
        let lines = sidecar.log_lines().into_iter().filter_map(|line| serde_json::from_str::<Value>(&line).ok());
        lines.filter(|line| line["message"] == "request" && line["request_id"] == id).collect::<Vec<_>>()
    };
    let found = wait::until("the request's line", wait::PATIENCE, || Some(lines()).filter(|l| !l.is_empty()));
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}
