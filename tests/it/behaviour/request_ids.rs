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

/// A head that is too long never reaches a handler; the caller's id, the log and the metrics know of it all the same.
#[tokio::test]
async fn a_head_that_is_too_long_is_named_logged_and_counted_too() {
    let rig = Rig::start(&[]);
    let long = "a".repeat(17 * 1024);
    let request = format!("GET /v1 HTTP/1.1\r\nX-Request-Id: id-1\r\nX: {long}\r\n\r\n");
    let answer = String::from_utf8(rig.client.raw(request.as_bytes()).await).unwrap();
    assert!(answer.starts_with("HTTP/1.1 431 ") && answer.contains("\r\nconnection: close\r\n"), "{answer}");
    assert!(answer.contains("x-request-id: id-1\r\n") && answer.contains("\"request_id\":\"id-1\""), "{answer}");
    assert!(answer.contains("\"code\":\"headers_too_large\""), "{answer}");
    let line = logged(&rig.sidecar, "id-1");
    assert_eq!((&line["operation"], &line["outcome"]), (&"other".into(), &"headers_too_large".into()), "{line}");
    assert!(line["status"] == 431 && line["micros"].is_u64(), "{line}");
    counted(&rig.sidecar, [0.0, 1.0]).await;
}

/// What is no HTTP, or does not come to an end, is answered without a body, and counted and logged under an id of our own.
#[tokio::test]
async fn what_is_no_head_at_all_is_refused_and_counted() {
    let rig = Rig::start(&[]);
    let (long, lines) = ("a".repeat(33 * 1024), "X: y\r\n".repeat(101));
    for (status, request) in [
        (400, "GET /v1 HTTP/1.1\r\nHost: a\r\nX-Request-Id\r\n\r\n".to_owned()),
        (400, "\0\r\n\r\n".to_owned()),
        (400, "GET http://[/ HTTP/1.1\r\n\r\n".to_owned()),
        (431, format!("GET /v1 HTTP/1.1\r\nX: {long}")),
        (431, format!("GET /v1 HTTP/1.1\r\n{lines}\r\n")),
    ] {
        let answer = String::from_utf8(rig.client.raw(request.as_bytes()).await).unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert!(answer.contains("\r\nconnection: close\r\n") && answer.ends_with("\r\n\r\n"), "{answer}");
    }
    for _ in 0..2 {
        counted(&rig.sidecar, [3.0, 2.0]).await;
    }
    let refused = |line: &String| line.contains("\"outcome\":\"malformed\"") && line.contains("\"status\":400");
    let lines = || (rig.sidecar.log_lines().iter().filter(|line| refused(line)).count() == 3).then_some(());
    wait::until("a line for each", wait::PATIENCE, lines);
}

/// Waits until so many are counted of what was malformed, and of what was too long.
async fn counted(sidecar: &Sidecar, expected: [f64; 2]) {
    let all = || async {
        let metrics = Metrics::fetch(sidecar).await;
        let of = |outcome| metrics.value("otp_requests_total", &[("operation", "other"), ("outcome", outcome)]);
        (["malformed", "headers_too_large"].map(of) == expected).then_some(())
    };
    wait::until_async("all to be counted", wait::PATIENCE, all).await;
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
