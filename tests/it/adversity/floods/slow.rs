//! Peers that take their time on purpose: all are closed within ten seconds, whatever they drip.

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, split},
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::support::{
    Address, Rig,
    frames::{DATA, END_HEADERS, END_STREAM, HEADERS, Wire, block, frame},
    keys,
};

const CLOSED_WITHIN: Duration = Duration::from_secs(10);
/// A peer that is slow by nature gets some time.
const NOT_BEFORE: Duration = Duration::from_secs(2);
/// Between two bytes of one who drips. What is tested is that bytes do not buy time.
const DRIP: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(30);
/// Of each kind.
const PEERS: usize = 20;

/// Sends `first` and then byte after byte of `rest`, over and over; answers after what time the sidecar closed, and what
/// it said.
async fn drips(address: Address, first: String, rest: &'static [u8]) -> (Duration, String) {
    let (mut from, mut to) = split(address.connect().await.expect("a connection"));
    let start = Instant::now();
    to.write_all(first.as_bytes()).await.expect("an open connection");
    let mut said = Vec::new();
    let dripping = async {
        for byte in rest.iter().cycle() {
            sleep(DRIP).await;
            if to.write_all(&[*byte]).await.is_err() {
                break;
            }
        }
        // The end is what the other half sees.
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = dripping => {}
        end = timeout(LONGEST, from.read_to_end(&mut said)) => { let _ = end.expect("the end"); }
    }
    (start.elapsed(), String::from_utf8_lossy(&said).into_owned())
}

/// Asks for so much that the answers fill every buffer on the way, and reads none; answers when the sidecar gave up. One
/// who does not read sees the end only where he writes.
async fn reads_nothing(address: Address, request: String) -> Duration {
    let mut stream = address.connect().await.expect("a connection");
    let requests = request.repeat(200);
    let start = Instant::now();
    let writing = async { while stream.write_all(requests.as_bytes()).await.is_ok() {} };
    timeout(LONGEST, writing).await.expect("an end");
    start.elapsed()
}

/// The same over HTTP/2, where keeping the window shut does it.
async fn opens_no_window(address: Address) -> Duration {
    const INITIAL_WINDOW_SIZE: u16 = 4;
    let mut wire = Wire::open(&address, &[(INITIAL_WINDOW_SIZE, 0)]).await;
    let start = Instant::now();
    wire.send(&frame(HEADERS, END_HEADERS, 1, &block("POST", "/v1/status"))).await.unwrap();
    wire.send(&frame(DATA, END_STREAM, 1, br#"{"subject":"ada"}"#)).await.unwrap();
    while wire.next().await.is_some() {}
    start.elapsed()
}

fn in_time(what: &str, took: Duration) {
    println!("{what}: {took:?}");
    assert!(took > NOT_BEFORE && took <= CLOSED_WITHIN, "{what}: closed after {took:?}");
}

/// All at once: each is about what passes on the clock, and none keeps the machine busy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_heads_bodies_and_readers_are_closed_within_ten_seconds_and_others_served() {
    let rig = Rig::unlimited(&[]);
    let (app, admin) = (rig.sidecar.app(), rig.sidecar.admin());
    let (host, key) = (app.host(), keys::KEY);
    let typed = "Content-Type: application/json";
    let body = format!("POST /v1/status HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n{typed}\r\n");
    let mut dripping = JoinSet::new();
    for _ in 0..PEERS {
        let mut drip = |what, first: String, rest| {
            let address = app.clone();
            dripping.spawn(async move { (what, drips(address, first, rest).await) });
        };
        drip("a head", "GET /livez HTTP/1.1\r\nX: ".into(), b"x");
        drip("a head of lines", "GET /livez HTTP/1.1\r\n".into(), b"X: y\r\n");
        drip("a preface", "P".into(), b"RI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        drip("a body", format!("{body}Content-Length: 1000\r\n\r\n{{"), b" ");
        drip("a body of chunks", format!("{body}Transfer-Encoding: chunked\r\n\r\n1\r\n{{\r\n"), b"1\r\n \r\n");
    }
    let unread = format!("GET /metrics HTTP/1.1\r\nHost: {}\r\n\r\n", admin.host());
    let mut reading = JoinSet::new();
    reading.spawn(reads_nothing(admin.clone(), unread));
    let mut shut = JoinSet::new();
    for _ in 0..PEERS {
        shut.spawn(opens_no_window(app.clone()));
    }
    let mut calls = 0;
    while !(dripping.is_empty() && reading.is_empty() && shut.is_empty()) {
        tokio::select! {
            Some(done) = dripping.join_next() => {
                let (what, (took, said)) = done.unwrap();
                in_time(what, took);
                // A head that never came is no request, so it has no answer; a body is missed.
                assert_eq!(said.starts_with("HTTP/1.1 400 "), what.starts_with("a body"), "{what}: {said}");
            }
            Some(done) = reading.join_next() => in_time("a reader", done.unwrap()),
            Some(done) = shut.join_next() => in_time("a window", done.unwrap()),
            // Nobody else notices.
            () = sleep(DRIP) => {
                calls += 1;
                rig.client.issue(&format!("user{calls}")).await;
            }
        }
    }
    assert!(calls > 5, "{calls}");
}
