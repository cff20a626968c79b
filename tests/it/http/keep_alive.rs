//! Several requests on one connection, and what may stand between them.

use super::*;

#[tokio::test]
async fn a_connection_serves_one_request_after_the_other() {
    let server = Server::start(limits(), 10);
    let mut client = server.connect().await;
    for body in ["{}", "{\"a\":1}", ""] {
        client.send(echo(body)).await;
        let answer = client.answer().await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with(&format!("\r\n\r\n{body}")), "{answer}");
        assert!(!answer.to_lowercase().contains("connection:"), "{answer}");
    }
    assert_eq!(server.connections.accepted(), 1);
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = Server::start(limits(), 10);
    let mut client = server.connect().await;
    let chunked = post("/echo", "Transfer-Encoding: chunked\r\n", "2\r\n{\"\r\n5\r\nb\":2}\r\n0\r\n\r\n");
    client.send([&echo("{\"a\":1}"), &*chunked, &get("/none"), &echo("{\"c\":3}")].concat()).await;
    assert!(client.answer().await.ends_with("{\"a\":1}"));
    assert!(client.answer().await.ends_with("{\"b\":2}"));
    assert!(client.answer().await.starts_with("HTTP/1.1 204"));
    assert!(client.answer().await.ends_with("{\"c\":3}"));
}

#[tokio::test]
async fn requests_may_come_in_any_pieces() {
    let server = Server::start(Limits { head_timeout: FOREVER, ..limits() }, 10);
    let mut client = server.connect().await;
    for byte in [echo("{\"a\":1}"), get("/none")].concat().as_bytes() {
        client.send([*byte]).await;
    }
    assert!(client.answer().await.ends_with("{\"a\":1}"));
    assert!(client.answer().await.starts_with("HTTP/1.1 204"));
}

#[tokio::test]
async fn a_client_that_has_said_all_is_still_answered() {
    let server = Server::start(limits(), 10);
    let mut client = server.connect().await;
    client.send(get("/wait")).await;
    client.stream.shutdown().await.unwrap();
    server.asked.arrived.notified().await;
    server.asked.release.notify_one();
    assert!(client.rest().await.starts_with("HTTP/1.1 204"));
}

#[tokio::test]
async fn http_1_0_is_answered_and_closed() {
    let server = Server::start(limits(), 10);
    let answer = server.exchange("GET /none HTTP/1.0\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.0 204") || answer.starts_with("HTTP/1.1 204"), "{answer}");
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_to_go_on_or_not_to() {
    let server = Server::start(limits(), 10);
    let mut client = server.connect().await;
    client.send(post("/echo", "Expect: 100-continue\r\nContent-Length: 2\r\n", "")).await;
    assert_eq!(client.answer().await, "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("{}").await;
    assert!(client.answer().await.ends_with("{}"));

    client.send(post("/echo", "Expect: 100-continue\r\nContent-Length: 1001\r\n", "")).await;
    let answer = client.rest().await;
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("connection: close\r\n"), "{answer}");
}

#[tokio::test]
async fn a_body_that_is_not_read_is_not_taken_for_a_request() {
    let server = Server::start(limits(), 10);
    let hidden = get("/smuggled");
    let padding = "x".repeat(5000);
    for path in ["/echo", "/none"] {
        let length = format!("Content-Length: {}\r\n", 5000 + hidden.len());
        let mut client = server.connect().await;
        client.send(post(path, &length, "")).await;
        let answer = client.answer().await;
        assert!(answer.contains("connection: close\r\n"), "{answer}");
        client.send(format!("{padding}{hidden}")).await;
        assert_eq!(client.rest().await, "");
    }
    // Whole in one go, so that it lies in a buffer, and nothing is owed.
    let body = format!("{padding}{hidden}");
    let whole = post("/echo", &format!("Connection: close\r\nContent-Length: {}\r\n", body.len()), &body);
    assert!(server.exchange(whole).await.starts_with("HTTP/1.1 413"));
    assert_eq!(server.paths(), ["/echo", "/none", "/echo"]);
}

#[tokio::test]
async fn a_large_body_that_is_refused_does_not_cost_the_client_its_answer() {
    let server = Server::start(limits(), 10);
    let mut client = server.connect().await;
    client.send(post("/echo", "Content-Length: 4000000\r\n", "")).await;
    // The client sends all of it before it looks for an answer.
    client.send(vec![b'x'; 4_000_000]).await;
    assert!(client.rest().await.contains("\"code\":\"too_large\""));
}

#[tokio::test]
async fn a_panic_costs_one_request_its_answer_and_nothing_else() {
    let server = Server::start(limits(), 10);
    let mut client = server.connect().await;
    client.send(get("/panic").replace("Host", "X-Request-Id: mine\r\nHost")).await;
    let answer = client.answer().await;
    assert!(answer.starts_with("HTTP/1.1 500") && answer.contains("\"code\":\"internal\""), "{answer}");
    assert!(answer.contains("x-request-id: mine\r\n") && !answer.contains("purpose"), "{answer}");
    client.send(get("/none")).await;
    assert!(client.answer().await.starts_with("HTTP/1.1 204"));
}

#[tokio::test]
async fn an_answer_that_is_cut_off_does_not_look_whole() {
    let server = Server::start(limits(), 10);
    let mut client = server.connect().await;
    client.send(get("/cut")).await;
    client.closed().await;
    let answer = String::from_utf8_lossy(&client.seen);
    assert!(!answer.ends_with("0\r\n\r\n"), "{answer}");
}
