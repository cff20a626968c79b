//! Floods of HTTP/2 frames that cost their sender nothing. Either the connection ends, or all of it is taken without harm:
//! others are served as ever, and the memory is what it was.

use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;

use crate::support::{
    Rig,
    frames::{
        ACK, CONTINUATION, Came, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, PRIORITY, RST_STREAM, SETTINGS,
        WINDOW_UPDATE, Wire, block, frame, next,
    },
};

/// Frames of one flood, at most.
const FRAMES: u32 = 100_000;
/// Written in one go.
const BATCH: u32 = 500;
/// One connection's floods take no longer than this.
const LASTS: Duration = Duration::from_secs(3);
/// What memory may grow by over a whole flood: the buffers of a few connections. A flood is some megabytes, and one that
/// was kept in a structure for each frame would be ten times as much.
const GROWN: u64 = 8 << 20;
/// Calls of another client before and during a flood.
const CALLS: usize = 50;
/// The machine is shared with whoever floods, so a call takes longer; but it does not wait for the flood's end.
const PATIENCE: Duration = Duration::from_millis(250);

/// How a flood ended.
#[derive(Debug)]
struct Told {
    /// Frames that were written.
    sent: u32,
    /// The reason in GOAWAY (RFC 9113 §7), where one came.
    reason: Option<u32>,
    /// Whether the sidecar closed.
    ended: bool,
}

/// Sends `opening`, and then `nth(0)`, `nth(1)`, … until the sidecar closes or there were enough. A last PING tells
/// whether all was taken.
async fn flood(rig: &Rig, opening: &[u8], nth: impl Fn(u32) -> Vec<u8> + Send) -> Told {
    let Wire { mut from, mut to } = Wire::open(rig.sidecar.app(), &[]).await;
    let last = *b"the last";
    let reading = async {
        let mut reason = None;
        while let Some(came) = next(&mut from).await {
            match came {
                (GOAWAY, .., payload) => {
                    reason = payload.get(4..8).map(|code| u32::from_be_bytes(code.try_into().unwrap()))
                }
                (PING, flags, _, payload) if flags & ACK != 0 && payload == last => return (reason, false),
                _ => {}
            }
        }
        (reason, true)
    };
    let writing = async {
        let start = Instant::now();
        let mut sent = 0;
        if to.write_all(opening).await.is_err() {
            return sent;
        }
        while sent < FRAMES && start.elapsed() < LASTS {
            let batch: Vec<u8> = (sent..sent + BATCH).flat_map(&nth).collect();
            if to.write_all(&batch).await.is_err() {
                return sent;
            }
            sent += BATCH;
        }
        let _ = to.write_all(&frame(PING, 0, 0, &last)).await;
        sent
    };
    let ((reason, ended), sent) = tokio::join!(reading, writing);
    Told { sent, reason, ended }
}

/// The median and the longest of [`CALLS`] calls on a connection of their own.
async fn served(rig: &Rig) -> (Duration, Duration) {
    let client = rig.client.clone();
    let mut took = Vec::new();
    for _ in 0..CALLS {
        let start = Instant::now();
        client.status("ada").await;
        took.push(start.elapsed());
    }
    took.sort();
    (took[CALLS / 2], took[CALLS - 1])
}

/// Floods while another client calls; asserts that it is served and that memory stays.
async fn endures(rig: &Rig, name: &str, opening: &[u8], nth: impl Fn(u32) -> Vec<u8> + Send) -> Told {
    let (quiet, _) = served(rig).await;
    let before = rig.sidecar.resident();
    let (told, (busy, longest)) = tokio::join!(flood(rig, opening, nth), served(rig));
    let grown = rig.sidecar.resident().saturating_sub(before);
    println!("{name}: {told:?}, others {quiet:?} quiet, {busy:?} busy, {longest:?} longest, {} KiB more", grown >> 10);
    assert!(busy < PATIENCE.max(quiet * 10), "{name}: {busy:?} among frames, {quiet:?} without");
    assert!(longest < Duration::from_secs(2), "{name}: {longest:?}");
    assert!(grown < GROWN, "{name}: {} KiB more", grown >> 10);
    told
}

fn stream(n: u32) -> u32 {
    2 * n + 1
}

const PROTOCOL_ERROR: u32 = 1;
const ENHANCE_YOUR_CALM: u32 = 11;

/// CVE-2023-44487: each stream is a request, and gone before it is answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rapid_resets_end_the_connection() {
    let rig = Rig::unlimited(&[]);
    let block = block("GET", "/v1/verifications/none");
    let told = endures(&rig, "rapid reset", &[], |n| {
        let reset = frame(RST_STREAM, 0, stream(n), &8_u32.to_be_bytes());
        [frame(HEADERS, END_HEADERS | END_STREAM, stream(n), &block), reset].concat()
    })
    .await;
    assert!(told.ended && told.sent < FRAMES, "{told:?}");
    assert!(told.reason.is_none_or(|reason| reason == ENHANCE_YOUR_CALM), "{told:?}");
}

/// CVE-2025-8671: the sender makes the other side reset, by what is wrong with each stream.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resets_that_we_are_made_to_send_end_the_connection() {
    let rig = Rig::unlimited(&[]);
    let block = block("POST", "/v1/status");
    let told = endures(&rig, "made to reset", &[], |n| {
        let beyond = frame(WINDOW_UPDATE, 0, stream(n), &0x7fff_ffff_u32.to_be_bytes());
        [frame(HEADERS, END_HEADERS, stream(n), &block), beyond].concat()
    })
    .await;
    assert!(told.ended && told.reason == Some(ENHANCE_YOUR_CALM), "{told:?}");
}

/// CVE-2024-27316: a header block that never ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_header_block_that_never_ends_ends_the_connection() {
    let rig = Rig::unlimited(&[]);
    let opening = frame(HEADERS, 0, 1, &block("GET", "/livez"));
    let field = b"\0\x04name\x05value".repeat(20);
    for (name, part) in [("continuations", &field[..]), ("empty continuations", &[]), ("tiny continuations", &[0])] {
        let told = endures(&rig, name, &opening, |_| frame(CONTINUATION, 0, 1, part)).await;
        assert!(told.ended && told.sent < FRAMES, "{name}: {told:?}");
    }
}

/// CVE-2019-9518: frames with nothing in them. Those of a stream that waits for its body are the only ones that are sound.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn empty_frames_end_the_connection_or_are_swallowed() {
    let rig = Rig::unlimited(&[]);
    let opening = frame(HEADERS, END_HEADERS, 1, &block("POST", "/v1/status"));
    endures(&rig, "empty DATA", &opening, |_| frame(DATA, 0, 1, &[])).await;
    let told = endures(&rig, "empty HEADERS", &[], |n| frame(HEADERS, END_HEADERS | END_STREAM, stream(n), &[])).await;
    assert!(told.ended && told.sent < FRAMES, "{told:?}");
    let told = endures(&rig, "empty DATA of no stream", &[], |n| frame(DATA, 0, stream(n), &[])).await;
    assert!(told.ended && told.sent < FRAMES, "{told:?}");
    let told = endures(&rig, "window of zero", &[], |_| frame(WINDOW_UPDATE, 0, 0, &[0; 4])).await;
    assert!(told.ended && told.reason == Some(PROTOCOL_ERROR), "{told:?}");
}

/// CVE-2019-9512, -9513, -9515: frames that each want an answer, or a change of mind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_pings_and_priorities_are_answered_one_by_one() {
    let rig = Rig::unlimited(&[]);
    endures(&rig, "settings", &[], |_| frame(SETTINGS, 0, 0, &[])).await;
    endures(&rig, "table sizes", &[], |n| frame(SETTINGS, 0, 0, &[0, 1, 0, 0, 0, u8::from(n % 2 == 0)])).await;
    endures(&rig, "pings", &[], |n| frame(PING, 0, 0, &u64::from(n).to_be_bytes())).await;
    endures(&rig, "priorities", &[], |n| frame(PRIORITY, 0, stream(n), &[0, 0, 0, 0, 1])).await;
}

/// Whoever does not read what he asked for is not written for without end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pings_whose_answers_nobody_reads_cost_no_memory_and_end() {
    let rig = Rig::unlimited(&[]);
    let before = rig.sidecar.resident();
    let mut wire = Wire::open(rig.sidecar.app(), &[]).await;
    let pings = frame(PING, 0, 0, b"no reply").repeat(BATCH as usize);
    let start = Instant::now();
    let mut sent = 0;
    // Writing stalls where the sidecar reads no further, and fails once it has closed.
    while wire.send(&pings).await.is_ok() {
        sent += BATCH;
        assert!(start.elapsed() < Duration::from_secs(30), "{sent} pings taken");
    }
    let grown = rig.sidecar.resident().saturating_sub(before);
    println!("{sent} pings, closed after {:?}, {} KiB more", start.elapsed(), grown >> 10);
    assert!(grown < GROWN, "{} KiB more", grown >> 10);
    served(&rig).await;
}

/// So that the floods above are of frames as they should be: a sound one does what it says.
#[tokio::test]
async fn a_stream_that_is_reset_once_costs_nobody_anything() {
    let rig = Rig::unlimited(&[]);
    let mut wire = Wire::open(rig.sidecar.app(), &[]).await;
    let block = block("GET", "/livez");
    wire.send(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &block)).await.unwrap();
    wire.send(&frame(RST_STREAM, 0, 1, &8_u32.to_be_bytes())).await.unwrap();
    wire.send(&frame(HEADERS, END_HEADERS | END_STREAM, 3, &block)).await.unwrap();
    let came: Option<Came> = wire.wait_for(HEADERS, 3).await;
    assert!(came.is_some());
}
