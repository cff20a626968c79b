//! HTTP/2 by hand (RFC 9113), for what no client would send.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split},
    time::timeout,
};

use super::{Address, address::Stream, keys};

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const PRIORITY: u8 = 2;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;
/// Of DATA and HEADERS.
pub const END_STREAM: u8 = 1;
/// Of SETTINGS and PING.
pub const ACK: u8 = 1;
/// Of HEADERS and CONTINUATION.
pub const END_HEADERS: u8 = 4;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Nothing here waits longer for the other side.
const ANSWERED_WITHIN: Duration = super::wait::PATIENCE;

/// One frame.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// A header block (RFC 7541) that asks for `path` with the test's key, in literals that nobody remembers.
pub fn block(method: &str, path: &str) -> Vec<u8> {
    let literal = |text: &str| {
        assert!(text.len() < 127, "one byte of length");
        [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
    };
    // `:scheme: http` from the static table; names 2, 4, 1 and 31 are `:method`, `:path`, `:authority`, `content-type`.
    let mut block = vec![0x86, 0x02];
    block.extend(literal(method));
    block.push(0x04);
    block.extend(literal(path));
    block.push(0x01);
    block.extend(literal("localhost"));
    block.extend([0x0f, 0x10]);
    block.extend(literal("application/json"));
    block.push(0x00);
    block.extend(literal("authorization"));
    block.extend(literal(&format!("Bearer {}", keys::KEY)));
    block
}

/// A connection on which the preface was said. Both directions, for one who sends and reads at once.
pub struct Wire {
    pub from: ReadHalf<Box<dyn Stream>>,
    pub to: WriteHalf<Box<dyn Stream>>,
}

/// One frame that came: kind, flags, stream, payload.
pub type Came = (u8, u8, u32, Vec<u8>);

impl Wire {
    /// Opens one with these settings (identifier, value).
    pub async fn open(address: &Address, settings: &[(u16, u32)]) -> Self {
        let (from, to) = split(address.connect().await.expect("a connection"));
        let mut wire = Self { from, to };
        let pairs = settings.iter().flat_map(|(id, value)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat());
        let settings = frame(SETTINGS, 0, 0, &pairs.collect::<Vec<_>>());
        wire.send(&[PREFACE, &settings].concat()).await.expect("an open connection");
        wire
    }

    /// Sends bytes as they stand.
    ///
    /// # Errors
    /// If the other side has closed, or takes nothing any more.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        timeout(ANSWERED_WITHIN, self.to.write_all(bytes)).await?
    }

    /// The next frame, `None` at the end.
    pub async fn next(&mut self) -> Option<Came> {
        next(&mut self.from).await
    }

    /// Waits for the first frame of this kind and stream, `None` if the end comes first.
    pub async fn wait_for(&mut self, kind: u8, stream: u32) -> Option<Came> {
        loop {
            let came = self.next().await?;
            if (came.0, came.2) == (kind, stream) {
                return Some(came);
            }
        }
    }
}

/// The next frame that `from` has, `None` at the end.
///
/// # Panics
/// If none comes for a long time.
pub async fn next(from: &mut (impl AsyncReadExt + Unpin)) -> Option<Came> {
    let whole = async {
        let mut head = [0; 9];
        from.read_exact(&mut head).await.ok()?;
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        from.read_exact(&mut payload).await.ok()?;
        Some((head[3], head[4], u32::from_be_bytes([head[5], head[6], head[7], head[8]]), payload))
    };
    timeout(ANSWERED_WITHIN, whole).await.expect("a frame or the end")
}

#[tokio::test]
async fn a_request_by_hand_is_answered() {
    let redis = super::Redis::start();
    let sidecar = super::Sidecar::builder().on(&redis).start();
    let mut wire = Wire::open(sidecar.app(), &[]).await;
    wire.send(&frame(HEADERS, END_HEADERS, 1, &block("POST", "/v1/status"))).await.unwrap();
    wire.send(&frame(DATA, END_STREAM, 1, br#"{"subject":"ada"}"#)).await.unwrap();
    let (.., body) = wire.wait_for(DATA, 1).await.expect("an answer");
    assert!(String::from_utf8_lossy(&body).contains("\"locked\":false"));
}
