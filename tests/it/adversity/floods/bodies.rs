//! Bodies with a valid key that begin and do not end: what they hold of memory and of connections.

use std::time::{Duration, Instant};

use tokio::{io::AsyncWriteExt, task::JoinSet};

use crate::support::{
    Address, Client, Rig,
    address::Stream,
    frames::{ACK, DATA, END_HEADERS, END_STREAM, HEADERS, PING, RST_STREAM, Wire, block, frame},
    keys, wait,
};

/// So few that each has sent all it is to send before bodies that do not end are given up.
const CONNECTIONS: u32 = 60;
/// Of each connection, the most there may be.
const STREAMS: u32 = 100;
/// What one connection may hold of bodies.
const HELD: usize = 64 << 10;
/// What a hundred requests that wait may cost beside the bytes of their bodies, in a build that is not optimised.
const REQUESTS: u64 = 768 << 10;
/// How much more each connection may take the second time, and the third: what was freed is used again.
const MORE: u64 = 256 << 10;
/// Within this the system has it back.
const GIVEN_BACK: Duration = Duration::from_secs(5);
/// Bodies last for 7 s at most, and none of them ends within this.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Waits until all that was sent has been looked at.
async fn looked_at(wire: &mut Wire) {
    wire.send(&frame(PING, 0, 0, b"all come")).await.unwrap();
    let (_, flags, ..) = wire.wait_for(PING, 0).await.expect("an open connection");
    assert_eq!(flags & ACK, ACK);
}

/// A connection whose streams have each begun a body, of which `bytes` have come in pieces of `piece`.
async fn begun(address: Address, bytes: usize, piece: usize) -> Wire {
    let mut wire = Wire::open(&address, &[]).await;
    let block = block("POST", "/v1/status");
    let streams = (0..STREAMS).map(|n| 2 * n + 1);
    let heads: Vec<u8> = streams.clone().flat_map(|stream| frame(HEADERS, END_HEADERS, stream, &block)).collect();
    wire.send(&heads).await.unwrap();
    for sent in (0..bytes).step_by(piece) {
        let data = vec![b' '; piece.min(bytes - sent)];
        let round: Vec<u8> = streams.clone().flat_map(|stream| frame(DATA, 0, stream, &data)).collect();
        wire.send(&round).await.unwrap();
        looked_at(&mut wire).await;
    }
    wire
}

async fn all_begun(rig: &Rig, bytes: usize, piece: usize) -> Vec<Wire> {
    let mut opening = JoinSet::new();
    for _ in 0..CONNECTIONS {
        opening.spawn(begun(rig.sidecar.app().clone(), bytes, piece));
    }
    opening.join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unfinished_bodies_hold_little_memory_and_give_it_back() {
    let rig = Rig::unlimited(&[]);
    let before = rig.sidecar.resident();
    let each = |since: u64| rig.sidecar.resident().saturating_sub(since) / u64::from(CONNECTIONS);
    let mut first = None;
    // A single byte keeps a whole buffer, where it is not copied out of it.
    for (bytes, piece) in [(1, 1), (HELD / STREAMS as usize, HELD / STREAMS as usize), (64, 16)] {
        let mut wires = all_begun(&rig, bytes, piece).await;
        let cost = each(before);
        println!("{bytes} bytes in pieces of {piece}: {} KiB a connection", cost >> 10);
        assert!(cost < REQUESTS + HELD as u64, "{bytes} by {piece}: {} KiB a connection", cost >> 10);
        for wire in &mut wires {
            let resets = (0..STREAMS).flat_map(|n| frame(RST_STREAM, 0, 2 * n + 1, &8_u32.to_be_bytes()));
            wire.send(&resets.collect::<Vec<_>>()).await.unwrap();
            looked_at(wire).await;
        }
        let reset = Instant::now();
        let first = *first.get_or_insert_with(|| rig.sidecar.resident());
        println!("{} KiB more than after the first", each(first) >> 10);
        // What is freed goes back to the system a moment later, with what is allocated then.
        while each(first) >= MORE {
            assert!(reset.elapsed() < GIVEN_BACK, "{} KiB a connection are kept", each(first) >> 10);
            for wire in &mut wires {
                looked_at(wire).await;
            }
        }
    }
}

/// Nothing is waited for that nobody finishes: what is too much at once is refused, and what was begun before goes on.
#[tokio::test]
async fn beyond_what_a_connection_may_hold_a_body_is_refused_and_the_others_go_on() {
    const BODIES: u32 = 4;
    let rig = Rig::unlimited(&[]);
    let mut wire = Wire::open(rig.sidecar.app(), &[]).await;
    let block = block("POST", "/v1/status");
    let begun = vec![b' '; HELD / BODIES as usize - 100];
    for stream in (0..BODIES).map(|n| 2 * n + 1) {
        wire.send(&frame(HEADERS, END_HEADERS, stream, &block)).await.unwrap();
        wire.send(&frame(DATA, 0, stream, &begun)).await.unwrap();
        looked_at(&mut wire).await;
    }
    let refused = 2 * BODIES + 1;
    wire.send(&frame(HEADERS, END_HEADERS, refused, &block)).await.unwrap();
    wire.send(&frame(DATA, 0, refused, &begun)).await.unwrap();
    let (.., told) = wire.wait_for(DATA, refused).await.expect("a refusal");
    let told = String::from_utf8_lossy(&told);
    let words = "Too many bodies of this connection have begun and not ended. Send this one again in 1 second.";
    assert!(told.contains("\"code\":\"overloaded\"") && told.contains(words), "{told}");
    for stream in (0..BODIES).map(|n| 2 * n + 1) {
        wire.send(&frame(DATA, END_STREAM, stream, br#"{"subject":"ada"}"#)).await.unwrap();
        let (.., told) = wire.wait_for(DATA, stream).await.expect("an answer");
        assert!(String::from_utf8_lossy(&told).contains("\"locked\":false"), "{told:?}");
    }
}

/// Half of a body over HTTP/1.
async fn half(address: Address) -> Box<dyn Stream> {
    let mut stream = address.connect().await.expect("a connection");
    let head = format!(
        "POST /v1/status HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{{",
        address.host(),
        keys::KEY
    );
    stream.write_all(head.as_bytes()).await.expect("an open connection");
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_bodies_with_a_valid_key_make_room_at_once() {
    const PLACES: usize = 20;
    let rig = Rig::unlimited(&[("OTP_MAX_CONNECTIONS", &PLACES.to_string())]);
    let start = Instant::now();
    let (mut older, mut newer) = (Vec::new(), Vec::new());
    for _ in 0..PLACES / 2 {
        older.push(half(rig.sidecar.app().clone()).await);
        newer.push(begun(rig.sidecar.app().clone(), 1, 1).await);
    }
    let waits = || async {
        let open = rig.metrics().await.value("otp_connections", &[("listener", "app")]);
        (open >= PLACES as f64).then_some(())
    };
    wait::until_async("every place to be taken", AT_ONCE, waits).await;
    let newcomers: Vec<Client> = (0..PLACES / 2).map(|_| rig.client.clone()).collect();
    for (n, newcomer) in newcomers.iter().enumerate() {
        newcomer.issue(&format!("user{n}")).await;
    }
    assert!(start.elapsed() < AT_ONCE, "let in after {:?}: bodies may have ended by themselves", start.elapsed());
    // They stay, and whoever came slowly is gone: as many as had to.
    for newcomer in &newcomers {
        newcomer.status("user0").await;
    }
}
