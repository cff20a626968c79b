//! Which HTTP a connection speaks, told from its first bytes, which are then replayed.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

use super::activity::Activity;

/// How an HTTP/2 connection begins (RFC 9113 §3.4). No HTTP/1 request can: there is no such version.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Room for the first read: most requests fit, and it is given back after the replay.
const FIRST_READ: usize = 2048;

/// What a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

/// Reads until it is clear; also returns what was read. `None` if the peer closed before that.
pub(super) async fn sniff<S>(io: &mut S, activity: &Activity) -> io::Result<Option<(Protocol, Vec<u8>)>>
where
    S: AsyncRead + Unpin,
{
    let mut seen = Vec::with_capacity(FIRST_READ);
    loop {
        if io.read_buf(&mut seen).await? == 0 {
            return Ok(None);
        }
        if seen.starts_with(PREFACE) {
            return Ok(Some((Protocol::Http2, seen)));
        }
        if !PREFACE.starts_with(&seen) {
            return Ok(Some((Protocol::Http1, seen)));
        }
        if activity.head_since() == 0 {
            activity.head_began();
        }
    }
}

/// A stream with what was read of it before put back.
#[derive(Debug)]
pub(super) struct Replayed<S> {
    seen: Vec<u8>,
    replayed: usize,
    io: S,
}

impl<S> Replayed<S> {
    pub(super) fn new(seen: Vec<u8>, io: S) -> Self {
        Self { seen, replayed: 0, io }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Replayed<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let Some(rest) = this.seen.get(this.replayed..).filter(|rest| !rest.is_empty()) else {
            return Pin::new(&mut this.io).poll_read(cx, buf);
        };
        let (now, after) = rest.split_at(rest.len().min(buf.remaining()));
        buf.put_slice(now);
        this.replayed += now.len();
        if after.is_empty() {
            (this.seen, this.replayed) = (Vec::new(), 0);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Replayed<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncWriteExt, duplex},
        time::Instant,
    };

    use super::*;

    /// Sends `pieces` one after the other, each only after the one before was read, and tells what was seen.
    async fn told(pieces: &[&[u8]]) -> Option<Protocol> {
        let (mut ours, mut theirs) = duplex(32);
        let send = async {
            for piece in pieces {
                ours.write_all(piece).await.unwrap();
                tokio::task::yield_now().await;
            }
            drop(ours);
        };
        let activity = Activity::new(Instant::now());
        let (sniffed, ()) = tokio::join!(sniff(&mut theirs, &activity), send);
        let (protocol, seen) = sniffed.unwrap()?;
        let (mut replayed, mut all) = (Replayed::new(seen, theirs), Vec::new());
        replayed.read_to_end(&mut all).await.unwrap();
        assert_eq!(all, pieces.concat(), "all is replayed");
        Some(protocol)
    }

    #[tokio::test]
    async fn the_preface_tells_http_2_from_http_1() {
        assert_eq!(told(&[PREFACE]).await, Some(Protocol::Http2));
        assert_eq!(told(&[&PREFACE[..1], &PREFACE[1..20], &PREFACE[20..]]).await, Some(Protocol::Http2));
        assert_eq!(told(&[b"P", b"OST / HTTP/1.1\r\n"]).await, Some(Protocol::Http1));
        assert_eq!(told(&[b"PRI * HTTP/1.1\r\n"]).await, Some(Protocol::Http1));
        assert_eq!(told(&[b"\r\n"]).await, Some(Protocol::Http1));
        assert_eq!(told(&[&PREFACE[..20]]).await, None);
        assert_eq!(told(&[]).await, None);
    }
}
