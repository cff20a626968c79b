//! Requests that others on the way may cut differently: refused, and nothing behind them reaches the handler.

use super::*;

#[tokio::test]
async fn what_may_be_cut_differently_is_refused_and_closed() {
    let server = Server::start(limits(), 10);
    let hidden = get("/smuggled");
    for lines in [
        format!("Content-Length: 0\r\nContent-Length: {}\r\n", hidden.len()),
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n".into(),
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n".into(),
        "Transfer-Encoding: chunked, identity\r\n".into(),
        "Transfer-Encoding: identity\r\n".into(),
        "Transfer-Encoding : chunked\r\n".into(),
        "Content-Length: 0\r\n Transfer-Encoding: chunked\r\n".into(),
        "Content-Length: 0\nTransfer-Encoding: chunked\r\n".into(),
        "Content-Length: +0\r\n".into(),
        "Content-Length: 0,0\r\n".into(),
        "Host: other\r\n".into(),
        "X: \0\r\n".into(),
    ] {
        let answer = server.exchange(post("/echo", &lines, &format!("0\r\n\r\n{hidden}"))).await;
        assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n"), "{lines:?}: {answer}");
        assert!(answer.contains("application/problem+json") && answer.contains("\"code\":\"malformed\""), "{answer}");
        assert!(answer.contains("x-request-id: ") && answer.matches("HTTP/1.1").count() == 1, "{lines:?}: {answer}");
    }
    for head in ["GET /smuggled HTTP/1.1\n\n", "GET /smuggled HTTP/1.1\nHost: a\r\n\r\n", "\0\r\n", "GET /smuggled\r\n"]
    {
        let answer = server.exchange(head).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{head:?}: {answer}");
    }
    assert_eq!(server.paths(), [""; 0]);
}

#[tokio::test]
async fn requests_before_an_unsound_one_are_answered_first() {
    let server = Server::start(limits(), 10);
    let unsound = "GET / HTTP/1.1\nHost: a\n\n";
    let answers = server.exchange([&get("/a"), &echo("{}"), unsound, &get("/smuggled")].concat()).await;
    let statuses: Vec<_> = answers.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
    assert_eq!(statuses, ["204", "200", "400"], "{answers}");
    assert_eq!(server.paths(), ["/a", "/echo"]);
}

#[tokio::test]
async fn a_wrongly_framed_body_is_malformed_and_closes() {
    let server = Server::start(limits(), 10);
    let hidden = get("/smuggled");
    for body in ["z\r\n", "2;x\n{}\r\n0\r\n\r\n", "2\n{}\n0\n\n", "1\r\n{}\r\n0\r\n\r\n", "2\r\n{}\r\n0\r\nA: b\n\r\n"]
    {
        let answer = server.exchange(post("/echo", "Transfer-Encoding: chunked\r\n", &format!("{body}{hidden}"))).await;
        assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("malformed"), "{body:?}: {answer}");
        assert!(answer.contains("connection: close\r\n"), "{body:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{body:?}: {answer}");
    }
    assert!(server.paths().iter().all(|path| path == "/echo"));
}

#[tokio::test]
async fn heads_beyond_measure_are_431() {
    let server = Server::start(limits(), 10);
    let many = "X: y\r\n".repeat(100);
    let long = format!("X: {}\r\n", "y".repeat(16 * 1024));
    for lines in [&many, &long] {
        let answer = server.exchange(post("/echo", lines, "")).await;
        assert!(answer.starts_with("HTTP/1.1 431 ") && answer.contains("headers_too_large"), "{answer}");
        assert!(answer.contains("connection: close\r\n"), "{answer}");
    }
    // Not even its end is waited for.
    let answer = server.exchange(format!("GET /{}", "y".repeat(17 * 1024))).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    assert_eq!(server.paths(), [""; 0]);

    let as_many_as_may_be = post("/echo", &"X: y\r\n".repeat(98), "");
    let mut client = server.connect().await;
    client.send(as_many_as_may_be).await;
    assert!(client.answer().await.starts_with("HTTP/1.1 200"));
    let as_long_as_may_be = post("/echo", &format!("X: {}\r\n", "y".repeat(16 * 1024 - 200)), "");
    client.send(as_long_as_may_be).await;
    assert!(client.answer().await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_target_that_is_no_uri_is_malformed() {
    let server = Server::start(limits(), 10);
    for target in ["http://[/", "/<a>", "a:b:c", "http://"] {
        let answer = server.exchange(get(target)).await;
        assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("\"code\":\"malformed\""), "{target}: {answer}");
    }
    assert_eq!(server.paths(), [""; 0]);
    for target in ["/a?b=c&d=%20#e", "http://localhost/a", "*", "/a;b,c:d@e!$'()*+"] {
        assert!(
            server.exchange(get(target).replace("Host", "Connection: close\r\nHost")).await.starts_with("HTTP/1.1 204"),
            "{target}"
        );
    }
}
