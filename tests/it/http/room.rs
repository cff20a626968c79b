//! Who is let in, who has to go, and how all of it ends.

use futures_util::FutureExt as _;
use otp_sidecar::http::admission::Admission;
use tokio::time::sleep;

use super::*;

#[tokio::test]
async fn at_the_cap_the_longest_idle_makes_room() {
    let server = Server::start(limits(), 2);
    let (mut first, mut second) = (server.connect().await, server.connect().await);
    for client in [&mut second, &mut first] {
        client.send(get("/none")).await;
        client.answer().await;
    }
    let mut third = server.connect().await;
    third.send(get("/none")).await;
    assert!(third.answer().await.starts_with("HTTP/1.1 204"));
    assert_eq!(second.rest().await, "", "longest without a request");
    first.send(get("/none")).await;
    assert!(first.answer().await.starts_with("HTTP/1.1 204"), "stays");
    assert_eq!((server.connections.open(), server.connections.evicted()), (2, 1));
}

/// More of them than are remembered when all are looked through, in another order than they came in.
#[tokio::test]
async fn the_longest_idle_goes_first_however_many_there_are_unless_it_did_something_since() {
    let server = Server::start(limits(), 300);
    let mut all = Vec::new();
    for _ in 0..300 {
        all.push(server.connect().await);
    }
    for client in all.iter_mut().rev() {
        client.send(get("/none")).await;
        client.answer().await;
    }
    let mut newcomers = Vec::new();
    // The one that would be next has done something meanwhile.
    let busy = 199;
    for gone in (100..300).rev().filter(|number| *number != busy) {
        if gone == 250 {
            all[busy].send(get("/none")).await;
            all[busy].answer().await;
        }
        newcomers.push(server.connect().await);
        assert_eq!(all[gone].rest().await, "", "{gone}");
    }
    assert_eq!((server.connections.open(), server.connections.evicted()), (300, 199));
}

#[tokio::test]
async fn who_is_idle_goes_before_who_sends_slowly() {
    let server = Server::start(limits(), 2);
    let mut slow = server.connect().await;
    slow.send(post("/slow", "Content-Length: 2\r\n", "{")).await;
    server.asked.arrived.notified().await;
    let mut idle = server.connect().await;
    sleep(Duration::from_millis(1100)).await;
    let _newcomer = server.connect().await;
    assert_eq!(idle.rest().await, "");
    slow.send("}").await;
    assert!(slow.answer().await.starts_with("HTTP/1.1 200"));
}

/// A newcomer has a second to say what it wants: else newcomers would close each other where all others send slowly.
#[tokio::test]
async fn who_sends_slowly_goes_before_a_newcomer() {
    let server = Server::start(limits(), 2);
    let (mut idle, mut slow) = (server.connect().await, server.connect().await);
    sleep(Duration::from_millis(1100)).await;
    let gone = server.connect().await;
    assert_eq!(idle.rest().await, "");
    slow.send(post("/slow", "Content-Length: 2\r\n", "{")).await;
    server.asked.arrived.notified().await;
    drop(gone);
    wait::until_async("a place", FOREVER, || async { (server.connections.open() == 1).then_some(()) }).await;
    let (mut newcomer, mut next) = (server.connect().await, server.connect().await);
    slow.closed().await;
    for client in [&mut newcomer, &mut next] {
        client.send(get("/none")).await;
        assert!(client.answer().await.starts_with("HTTP/1.1 204"));
    }
}

#[tokio::test]
async fn a_renewal_ends_those_that_are_open_and_no_other() {
    let server = Server::start(limits(), 2);
    let mut before = server.connect().await;
    before.send(get("/none")).await;
    before.answer().await;
    let renewing = server.connections.renew(Duration::from_secs(1));
    let (_, ()) = tokio::join!(before.rest(), renewing);
    let mut after = server.connect().await;
    after.send(get("/none")).await;
    assert!(after.answer().await.starts_with("HTTP/1.1 204"));
    assert_eq!((server.connections.open(), server.connections.accepted()), (1, 2));
}

#[tokio::test]
async fn where_all_are_busy_a_newcomer_is_closed() {
    let server = Server::start(limits(), 1);
    let mut busy = server.connect().await;
    busy.send(get("/wait")).await;
    server.asked.arrived.notified().await;
    server.connect().await.closed().await;
    server.asked.release.notify_one();
    assert!(busy.answer().await.starts_with("HTTP/1.1 204"));
    assert_eq!((server.connections.refused(), server.connections.evicted()), (1, 0));
}

#[tokio::test]
async fn the_slowest_body_makes_room_and_the_next_comes_to_its_end() {
    let server = Server::start(limits(), 2);
    let (mut slowest, mut slow) = (server.connect().await, server.connect().await);
    for client in [&mut slowest, &mut slow] {
        client.send(post("/slow", "Content-Length: 2\r\n", "{")).await;
        server.asked.arrived.notified().await;
    }
    let mut newcomer = server.connect().await;
    newcomer.send(get("/none")).await;
    assert!(newcomer.answer().await.starts_with("HTTP/1.1 204"));
    slowest.closed().await;
    slow.send("}").await;
    assert!(slow.answer().await.starts_with("HTTP/1.1 200"));
    assert_eq!((server.connections.open(), server.connections.evicted()), (2, 1));
}

#[tokio::test]
async fn half_a_head_protects_nobody_from_making_room() {
    let server = Server::start(Limits { head_timeout: FOREVER, ..limits() }, 1);
    let mut slow = server.connect().await;
    slow.send("GET / HT").await;
    let mut quick = server.connect().await;
    quick.send(get("/none")).await;
    assert!(quick.answer().await.starts_with("HTTP/1.1 204"));
    slow.closed().await;
}

#[tokio::test]
async fn shutdown_answers_what_is_in_flight_and_closes_the_idle_at_once() {
    let mut server = Server::start(limits(), 10);
    let (mut busy, mut idle, mut fresh) = (server.connect().await, server.connect().await, server.connect().await);
    idle.send(get("/none")).await;
    idle.answer().await;
    busy.send([get("/wait"), get("/too-late")].concat()).await;
    server.asked.arrived.notified().await;
    server.asked.arrived.notified().await;
    server.stop();
    assert_eq!((idle.rest().await, fresh.rest().await), (String::new(), String::new()));
    assert!(TcpStream::connect(server.address).await.is_err(), "nobody is let in any more");
    server.asked.release.notify_one();
    let answer = busy.rest().await;
    assert!(answer.starts_with("HTTP/1.1 204") && answer.contains("connection: close\r\n"), "{answer}");
    assert_eq!(server.serving.await.unwrap(), Drained { dropped: 0 });
    assert_eq!(server.asked.paths.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn shutdown_does_not_wait_for_ever() {
    let mut server = Server::start(Limits { drain_deadline: Duration::from_millis(100), ..limits() }, 10);
    let mut stuck = server.connect().await;
    stuck.send(get("/wait")).await;
    server.asked.arrived.notified().await;
    server.stop();
    assert_eq!(stuck.rest().await, "");
    assert_eq!(server.serving.await.unwrap(), Drained { dropped: 1 });
}

#[tokio::test]
async fn of_what_operators_ask_two_are_done_at_a_time() {
    let admission = Admission::default();
    let [first, _second] = [admission.turn().await.unwrap(), admission.turn().await.unwrap()];
    assert!(admission.turn().now_or_never().is_none());
    drop(first);
    assert!(admission.turn().now_or_never().is_some());
}
