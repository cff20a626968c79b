//! Peers that take their time: idle ones may, others may not. Where a time passes here, that time is what is tested.

use tokio::time::{Instant, sleep};

use super::*;

#[tokio::test]
async fn a_slow_head_is_closed_though_bytes_keep_coming() {
    let server = Server::start(limits(), 10);
    for first in ["P", "GET / HTTP/1.1\r\nX: "] {
        let mut client = server.connect().await;
        let began = Instant::now();
        client.send(first).await;
        let (mut from, mut to) = client.stream.split();
        let drip = async {
            while to.write_all(b"R").await.is_ok() {
                sleep(Duration::from_millis(20)).await;
            }
        };
        let mut nothing = Vec::new();
        tokio::select! {
            () = drip => {}
            end = timeout(FOREVER, from.read_to_end(&mut nothing)) => { let _ = end.unwrap(); }
        }
        assert!((200..2000).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
        assert!(nothing.is_empty());
    }
}

#[tokio::test]
async fn an_idle_connection_outlives_the_time_for_a_head_before_and_between_requests() {
    let server = Server::start(limits(), 10);
    let mut client = server.connect().await;
    for _ in 0..3 {
        sleep(limits().head_timeout * 2).await;
        client.send(get("/none")).await;
        assert!(client.answer().await.starts_with("HTTP/1.1 204"));
    }
}

#[tokio::test]
async fn an_idle_connection_ends_when_its_time_is_over() {
    let idle_timeout = Duration::from_millis(300);
    let server = Server::start(Limits { idle_timeout, ..limits() }, 10);
    let (mut used, mut fresh) = (server.connect().await, server.connect().await);
    used.send(get("/none")).await;
    used.answer().await;
    let began = Instant::now();
    assert_eq!(used.rest().await, "");
    assert!(began.elapsed() >= idle_timeout - Duration::from_millis(50));
    assert_eq!(fresh.rest().await, "");
}

#[tokio::test]
async fn a_head_that_waits_behind_a_request_is_not_slow() {
    let server = Server::start(limits(), 10);
    let mut client = server.connect().await;
    let next = get("/next");
    client.send([&get("/wait"), &next[..10]].concat()).await;
    server.asked.arrived.notified().await;
    client.send(&next[10..]).await;
    sleep(limits().head_timeout * 2).await;
    server.asked.release.notify_one();
    assert!(client.answer().await.starts_with("HTTP/1.1 204"));
    assert!(client.answer().await.starts_with("HTTP/1.1 204"));
    assert_eq!(server.paths(), ["/wait", "/next"]);
}

#[tokio::test]
async fn a_slow_body_is_malformed_and_closes() {
    let server = Server::start(limits(), 10);
    let answer = server.exchange(post("/echo", "Content-Length: 2\r\n", "{")).await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("in time"), "{answer}");
    assert!(answer.contains("connection: close\r\n"), "{answer}");
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_dropped() {
    let server = Server::start(limits(), 10);
    let mut client = server.connect().await;
    client.send(get("/big")).await;
    server.asked.arrived.notified().await;
    let began = Instant::now();
    server.emptied().await;
    assert!(began.elapsed() < limits().idle_timeout / 2, "{:?}", began.elapsed());
    client.closed().await;
    assert!(client.seen.len() < 32 << 20);
}

#[tokio::test]
async fn who_goes_on_sending_behind_an_early_answer_is_heard_no_longer_than_it_takes_to_read_it() {
    let server = Server::start(limits(), 10);
    let mut client = server.connect().await;
    client.send(post("/none", "Content-Length: 1000000\r\n", "")).await;
    let began = Instant::now();
    assert!(client.rest().await.starts_with("HTTP/1.1 204"));
    while client.stream.write_all(b"x").await.is_ok() {
        sleep(Duration::from_millis(20)).await;
    }
    assert!(began.elapsed() >= limits().linger && began.elapsed() < limits().linger + Duration::from_secs(2));
    server.emptied().await;
}
