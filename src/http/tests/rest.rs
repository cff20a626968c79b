//! Connections between two requests for so long that their buffers are gone. Where a time passes here, it is that time.

use tokio::time::sleep;

use super::*;

const REST: Duration = Duration::from_millis(20);

fn server(cap: usize) -> Server {
    Server::start(Limits { rest_after: REST, ..limits() }, cap)
}

/// One that has been of use, and rests.
async fn resting(server: &Server) -> Client {
    let mut client = server.connect().await;
    client.send(get("/none")).await;
    assert!(client.answer().await.starts_with("HTTP/1.1 204"));
    sleep(REST * 5).await;
    client
}

#[tokio::test]
async fn a_connection_that_rests_serves_the_next_requests_in_any_pieces() {
    let server = Server::start(Limits { rest_after: REST, head_timeout: FOREVER, ..limits() }, 10);
    let mut client = resting(&server).await;
    for _ in 0..3 {
        client.send([echo("{\"a\":1}"), get("/none")].concat()).await;
        assert!(client.answer().await.ends_with("{\"a\":1}"));
        assert!(client.answer().await.starts_with("HTTP/1.1 204"));
        sleep(REST * 5).await;
        let request = echo("{\"b\":2}");
        for piece in request.as_bytes().chunks(request.len() / 5 + 1) {
            client.send(piece).await;
            sleep(REST).await;
        }
        assert!(client.answer().await.ends_with("{\"b\":2}"));
        sleep(REST * 5).await;
    }
    assert_eq!(server.connections.accepted(), 1);
}

#[tokio::test]
async fn a_request_that_takes_longer_is_no_rest() {
    let server = server(10);
    let mut client = server.connect().await;
    client.send(get("/wait")).await;
    server.asked.arrived.notified().await;
    sleep(REST * 5).await;
    server.asked.release.notify_one();
    let answer = client.answer().await;
    assert!(answer.starts_with("HTTP/1.1 204") && !answer.contains("connection:"), "{answer}");
}

#[tokio::test]
async fn to_one_that_rests_the_same_rules_apply() {
    let server = server(10);
    let mut unsound = resting(&server).await;
    unsound.send(["GET / HTTP/1.1\nHost: a\n\n", &get("/smuggled")].concat()).await;
    let answer = unsound.rest().await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.matches("HTTP/1.1").count() == 1, "{answer}");

    let mut slow = resting(&server).await;
    slow.send("GET / HT").await;
    assert_eq!(slow.rest().await, "", "its head took too long");

    let mut done = resting(&server).await;
    done.stream.shutdown().await.unwrap();
    assert_eq!(done.rest().await, "");
    assert!(server.paths().iter().all(|path| path == "/none"));
    timeout(FOREVER, server.connections.emptied()).await.unwrap();
}

#[tokio::test]
async fn one_that_rests_makes_room_and_holds_nobody_up() {
    let mut server = server(1);
    let mut first = resting(&server).await;
    let mut second = resting(&server).await;
    assert_eq!(first.rest().await, "");
    assert_eq!(server.connections.evicted(), 1);
    server.stop();
    assert_eq!(second.rest().await, "");
    assert_eq!(server.serving.await.unwrap(), Drained { dropped: 0 });

    let server = Server::start(Limits { rest_after: REST, idle_timeout: REST * 10, ..limits() }, 1);
    assert_eq!(resting(&server).await.rest().await, "", "idle for too long");
}
