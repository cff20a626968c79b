//! Cleartext HTTP/2 by prior knowledge.

use http_body_util::BodyExt;
use hyper::{
    Method, Response,
    client::conn::http2::{self, SendRequest},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::time::{Instant, sleep};

use super::*;

/// What a client begins with, and settings of nothing.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

type Sender = SendRequest<Full<Bytes>>;

async fn connect(server: &Server) -> (Sender, JoinHandle<hyper::Result<()>>) {
    let stream = TcpStream::connect(server.address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    (sender, tokio::spawn(connection))
}

fn request(path: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    Request::builder()
        .method(Method::POST)
        .uri(format!("http://localhost{path}"))
        .header("content-type", "application/json")
        .body(Full::new(body.into()))
        .unwrap()
}

async fn ask(sender: &mut Sender, path: &str, body: impl Into<Bytes>) -> (StatusCode, String) {
    let answer: Response<Incoming> = timeout(FOREVER, sender.send_request(request(path, body))).await.unwrap().unwrap();
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn many_requests_share_one_connection() {
    let server = Server::start(limits(), 10);
    let (sender, _connection) = connect(&server).await;
    let mut slow = sender.clone();
    let waiting = tokio::spawn(async move { ask(&mut slow, "/wait", "").await });
    server.asked.arrived.notified().await;
    let mut sender = sender;
    for n in 0..50 {
        let body = format!("{{\"n\":{n}}}");
        assert_eq!(ask(&mut sender, "/echo", body.clone()).await, (StatusCode::OK, body));
    }
    server.asked.release.notify_one();
    assert_eq!(waiting.await.unwrap().0, StatusCode::NO_CONTENT);
    assert_eq!(server.connections.accepted(), 1);
}

#[tokio::test]
async fn refusals_and_panics_cost_one_stream() {
    let server = Server::start(limits(), 10);
    let (mut sender, _connection) = connect(&server).await;
    let (status, body) = ask(&mut sender, "/echo", vec![b'x'; 100_000]).await;
    assert!(status == StatusCode::PAYLOAD_TOO_LARGE && body.contains("too_large"), "{status} {body}");
    assert_eq!(ask(&mut sender, "/panic", "").await.0, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(ask(&mut sender, "/none", "").await.0, StatusCode::NO_CONTENT);
    let mut long = request("/none", "");
    long.headers_mut().insert("x", "y".repeat(17 * 1024).parse().unwrap());
    // The client here knows the server's limit and may keep to it by itself.
    if let Ok(answer) = sender.send_request(long).await {
        assert_eq!(answer.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    }
    assert_eq!(ask(&mut sender, "/none", "").await.0, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn shutdown_answers_what_is_in_flight() {
    let mut server = Server::start(limits(), 10);
    let (mut idle, idle_connection) = connect(&server).await;
    ask(&mut idle, "/none", "").await;
    let (mut sender, connection) = connect(&server).await;
    server.asked.arrived.notified().await;
    let waiting = tokio::spawn(async move { ask(&mut sender, "/wait", "").await });
    server.asked.arrived.notified().await;
    server.stop();
    timeout(FOREVER, idle_connection).await.unwrap().unwrap().unwrap();
    server.asked.release.notify_one();
    assert_eq!(waiting.await.unwrap().0, StatusCode::NO_CONTENT);
    timeout(FOREVER, connection).await.unwrap().unwrap().unwrap();
    assert_eq!(server.serving.await.unwrap(), Drained { dropped: 0 });
}

#[tokio::test]
async fn an_idle_connection_makes_room_and_ends_in_time() {
    let server = Server::start(limits(), 1);
    let (mut first, first_connection) = connect(&server).await;
    ask(&mut first, "/none", "").await;
    let (mut second, _connection) = connect(&server).await;
    assert_eq!(ask(&mut second, "/none", "").await.0, StatusCode::NO_CONTENT);
    let _ = timeout(FOREVER, first_connection).await.unwrap().unwrap();
    assert_eq!(server.connections.evicted(), 1);

    let server = Server::start(Limits { idle_timeout: Duration::from_millis(200), ..limits() }, 1);
    let (mut sender, connection) = connect(&server).await;
    ask(&mut sender, "/none", "").await;
    let _ = timeout(FOREVER, connection).await.unwrap().unwrap();
}

#[tokio::test]
async fn frames_that_are_no_request_are_no_head() {
    let server = Server::start(limits(), 10);
    let mut client = server.connect().await;
    client.send(PREFACE).await;
    for _ in 0..4 {
        sleep(limits().head_timeout).await;
        client.send(b"\0\0\x08\x06\0\0\0\0\0__ping__").await;
    }
    while !client.seen.ends_with(b"__ping__") {
        assert_ne!(client.stream.read_buf(&mut client.seen).await.unwrap(), 0, "an open connection");
    }
}

#[tokio::test]
async fn a_connection_makes_room_whose_streams_all_wait_for_their_bodies() {
    let server = Server::start(limits(), 1);
    let mut slow = server.connect().await;
    slow.send(PREFACE).await;
    // Two requests for /slow, of one byte each so far.
    for stream in [1, 3] {
        let block = b"\x83\x86\x04\x05/slow\x01\x09localhost\x0f\x10\x10application/json".to_vec();
        let head = [&[0, 0, u8::try_from(block.len()).unwrap(), 1, 4, 0, 0, 0, stream][..], &block].concat();
        slow.send([&head[..], &[0, 0, 1, 0, 0, 0, 0, 0, stream, b'{']].concat()).await;
        server.asked.arrived.notified().await;
    }
    let (mut newcomer, _connection) = connect(&server).await;
    assert_eq!(ask(&mut newcomer, "/none", "").await.0, StatusCode::NO_CONTENT);
    slow.closed().await;
    assert_eq!(server.connections.evicted(), 1);
}

#[tokio::test]
async fn a_peer_that_keeps_its_window_shut_is_dropped() {
    let server = Server::start(limits(), 10);
    for path in [&b"\x05/echo"[..], b"\x07/stream"] {
        let mut client = server.connect().await;
        client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
        // SETTINGS with INITIAL_WINDOW_SIZE = 0, then one request with "{}", by hand: no client would.
        client.send(b"\0\0\x06\x04\0\0\0\0\0\0\x04\0\0\0\0").await;
        let block = [b"\x83\x86\x04", path, b"\x01\x09localhost\x0f\x10\x10application/json"].concat();
        let mut frame = vec![0, 0, u8::try_from(block.len()).unwrap(), 1, 4, 0, 0, 0, 1];
        frame.extend_from_slice(&block);
        frame.extend_from_slice(b"\0\0\x02\0\x01\0\0\0\x01{}");
        client.send(frame).await;
        server.asked.arrived.notified().await;
        client.closed().await;
        server.emptied().await;
    }
}

#[tokio::test]
async fn of_more_requests_at_once_than_there_may_be_the_last_is_refused() {
    const REFUSED: &[u8] = b"\0\0\x04\x03\0\0\0\0\x05\0\0\0\x07";
    let server = Server::start(Limits { max_streams: 2, ..limits() }, 10);
    let mut client = server.connect().await;
    client.send(PREFACE).await;
    for stream in [1, 3, 5] {
        let block = b"\x83\x86\x04\x05/wait\x01\x09localhost";
        client.send([&[0, 0, u8::try_from(block.len()).unwrap(), 1, 5, 0, 0, 0, stream][..], block].concat()).await;
    }
    while !client.seen.windows(REFUSED.len()).any(|seen| seen == REFUSED) {
        assert_ne!(timeout(FOREVER, client.stream.read_buf(&mut client.seen)).await.unwrap().unwrap(), 0, "open");
    }
    assert_eq!(server.paths(), ["/wait", "/wait"]);
}

/// A request on this stream, whose body has so many bytes so far.
fn begun(stream: u8, bytes: usize) -> Vec<u8> {
    let block = b"\x83\x86\x04\x05/wait\x01\x09localhost";
    let head = [&[0, 0, u8::try_from(block.len()).unwrap(), 1, 4, 0, 0, 0, stream][..], block].concat();
    let data = vec![b'x'; bytes];
    let frames = data.chunks(8 * 1024).map(|part| {
        let [.., high, low] = part.len().to_be_bytes();
        [&[0, high, low, 0, 0, 0, 0, 0, stream][..], part].concat()
    });
    [head, frames.collect::<Vec<_>>().concat()].concat()
}

/// Of a body that nobody reads yet, 16 KiB, and of all those of a connection 64 KiB less one byte.
#[tokio::test]
async fn what_is_sent_beyond_a_window_ends_the_stream_or_the_connection() {
    const STREAM_ENDED: &[u8] = b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\x03";
    const GOAWAY: u8 = 7;
    let server = Server::start(limits(), 10);
    // Windows are as we say once that is acknowledged.
    let preface = [PREFACE, b"\0\0\0\x04\x01\0\0\0\0"].concat();
    let mut client = server.connect().await;
    client.send([&preface[..], &begun(1, 16 * 1024 + 1)].concat()).await;
    while !client.seen.windows(STREAM_ENDED.len()).any(|seen| seen == STREAM_ENDED) {
        assert_ne!(timeout(FOREVER, client.stream.read_buf(&mut client.seen)).await.unwrap().unwrap(), 0, "open");
    }
    let mut client = server.connect().await;
    client.send([&preface[..], b"\0\0\x08\x06\0\0\0\0\0__ping__"].concat()).await;
    while !client.seen.windows(8).any(|seen| seen == b"__ping__") {
        assert_ne!(timeout(FOREVER, client.stream.read_buf(&mut client.seen)).await.unwrap().unwrap(), 0, "open");
    }
    for stream in [1, 3, 5, 7] {
        client.send(begun(stream, 16 * 1024)).await;
    }
    client.closed().await;
    let mut frames = &client.seen[..];
    let went = loop {
        let (head, rest) = frames.split_at(9);
        let (body, rest) = rest.split_at(u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize);
        if head[3] == GOAWAY {
            break body;
        }
        frames = rest;
    };
    assert_eq!(went[4..8], [0, 0, 0, 3], "FLOW_CONTROL_ERROR");
}

#[tokio::test]
async fn a_peer_that_answers_no_ping_is_gone() {
    let [ping_interval, ping_timeout] = [100, 200].map(Duration::from_millis);
    let server = Server::start(Limits { ping_interval, ping_timeout, ..limits() }, 10);
    let mut client = server.connect().await;
    client.send(PREFACE).await;
    let began = Instant::now();
    client.closed().await;
    server.emptied().await;
    assert!(began.elapsed() < limits().idle_timeout / 2, "{:?}", began.elapsed());
    let (mut answers, _connection) = connect(&server).await;
    sleep(3 * (ping_interval + ping_timeout)).await;
    assert_eq!(ask(&mut answers, "/none", "").await.0, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn an_answer_that_we_are_slow_to_make_is_not_its_peers_fault() {
    let server = Server::start(limits(), 10);
    let (mut sender, _connection) = connect(&server).await;
    let answer = sender.send_request(request("/stream", "")).await.unwrap();
    sleep(limits().write_timeout * 2).await;
    server.asked.release.notify_one();
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "ab");

    let mut older = server.connect().await;
    older.send(get("/stream").replace("Host", "Connection: close\r\nHost")).await;
    sleep(limits().write_timeout * 2).await;
    server.asked.release.notify_one();
    let answer = older.rest().await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("1\r\na\r\n1\r\nb\r\n0\r\n\r\n"), "{answer}");
}
