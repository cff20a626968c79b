//! Ten thousand connections that do nothing.

use std::time::{Duration, Instant};

use hyper::{Request, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use otp_sidecar::http::raise_descriptor_limit;
use tokio::{io::AsyncReadExt, io::AsyncWriteExt, task::JoinSet, time::timeout};

use crate::support::{Address, Rig, Sidecar, address::Stream, process, wait};

const IDLE: usize = 10_000;
/// Opened at the same time.
const AT_ONCE: usize = 100;
/// Every so-many-th speaks HTTP/2.
const NEWER: usize = 10;
/// What they may cost the sidecar altogether.
const COST: u64 = 200_000_000;
/// Calls that are timed, in turns of so many.
const TIMED: usize = 400;
const TURNS: usize = 5;
/// Idle connections take no part in anything, so calls beside them take as long as without; the machine is shared, and its
/// noise is less than this.
const SLOWER: u32 = 2;

/// One that stays open for as long as this is kept.
enum Open {
    Old(#[expect(dead_code, reason = "kept open")] Box<dyn Stream>),
    Newer(http2::SendRequest<http_body_util::Empty<&'static [u8]>>),
}

/// Opens one that has been of use once.
async fn used(address: &Address, number: usize) -> Open {
    let mut stream = address.connect().await.expect("a connection");
    if number.is_multiple_of(NEWER) {
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request = Request::get("http://localhost/livez").body(http_body_util::Empty::new()).unwrap();
        assert_eq!(sender.send_request(request).await.unwrap().status(), 200);
        return Open::Newer(sender);
    }
    let request = format!("GET /livez HTTP/1.1\r\nHost: {}\r\n\r\n", address.host());
    stream.write_all(request.as_bytes()).await.expect("an open connection");
    let mut first = [0; 12];
    stream.read_exact(&mut first).await.expect("an answer");
    assert_eq!(&first, b"HTTP/1.1 200");
    Open::Old(stream)
}

/// The median of calls on one connection, in the best of some turns: what others do on the machine only adds.
async fn median(rig: &Rig) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..TURNS {
        let mut took = Vec::new();
        for _ in 0..TIMED {
            let start = Instant::now();
            rig.client.status("ada").await;
            took.push(start.elapsed());
        }
        took.sort();
        best = best.min(took[TIMED / 2]);
    }
    best
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_idle_connections_cost_little_and_slow_nobody_down() {
    let enough = IDLE as u64 + 1_000;
    assert!(raise_descriptor_limit(enough) >= enough, "the test may open {enough} files");
    let rig = Rig::unlimited(&[("OTP_MAX_CONNECTIONS", &(IDLE + AT_ONCE).to_string())]);
    let quiet = median(&rig).await;
    let before = rig.sidecar.resident();
    let (mut idle, mut opening) = (Vec::new(), JoinSet::new());
    for number in 0..IDLE {
        if opening.len() >= AT_ONCE {
            idle.extend(opening.join_next().await.map(Result::unwrap));
        }
        let address = rig.sidecar.app().clone();
        opening.spawn(async move { used(&address, number).await });
    }
    idle.extend(opening.join_all().await);
    let open = || async {
        let app = rig.metrics().await.value("otp_connections", &[("listener", "app")]);
        (app >= IDLE as f64).then_some(())
    };
    wait::until_async("all to be open", wait::PATIENCE, open).await;
    let cost = || rig.sidecar.resident().saturating_sub(before);
    let busy = median(&rig).await;
    println!("{} bytes each; a call takes {quiet:?} without them, {busy:?} beside them", cost() / IDLE as u64);
    assert!(cost() < COST, "{} bytes", cost());
    assert!(busy < quiet * SLOWER, "{busy:?} beside them, {quiet:?} without");
    rig.client.issue("ada").await;
    // None of them was closed to make room.
    wait::until_async("all to be open still", wait::PATIENCE, open).await;
    assert!(idle.iter().all(|open| !matches!(open, Open::Newer(sender) if sender.is_closed())));
}

#[tokio::test]
async fn where_descriptors_run_out_those_that_do_nothing_make_room() {
    if process::find("prlimit").is_none() {
        eprintln!("no prlimit (util-linux): left out");
        return;
    }
    let sidecar = Sidecar::builder().through(&["prlimit", "--nofile=128:128", "--"]).start();
    let mut idle = Vec::new();
    for _ in 0..200 {
        idle.push(sidecar.app().connect().await.expect("a place in the kernel's queue"));
    }
    timeout(wait::PATIENCE, sidecar.client().get("/livez")).await.expect("room").is(200);
}
