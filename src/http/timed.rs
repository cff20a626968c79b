//! A stream that notes for its connection's [`Activity`] when bytes come and when the peer takes none; under TLS, so that a
//! handshake and a record of which a part is missing are noted like a head. It knows nothing of requests: bytes that come
//! while none is in flight are the beginning of one.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::activity::Activity;

/// Most bytes that are read and forgotten behind an answer that came early.
const LINGER_BYTES: usize = 8 * 1024 * 1024;
/// Forgotten at a time.
const SCRATCH: usize = 16 * 1024;

/// A TLS record's type, version and length (RFC 8446 §5.1).
const HEADER: usize = 5;
/// Most bytes of a handshake: the longest record nearly twice (RFC 8446 §5.2), which leaves room for a chain of certificates.
const HANDSHAKE: usize = 32 * 1024;

/// See the module.
#[derive(Debug)]
pub(super) struct Timed<S> {
    io: S,
    activity: Arc<Activity>,
    handshake: Option<Handshake>,
    /// Whether HTTP/2 is spoken, where TLS has settled it; else our first word tells.
    settled: Option<bool>,
    spoke: bool,
    http2: bool,
    stalled: bool,
    forgotten: usize,
}

/// How far a handshake is, read record by record.
#[derive(Debug, Default)]
struct Handshake {
    header: [u8; HEADER],
    come: usize,
    body: usize,
    all: usize,
}

impl Handshake {
    /// Bytes that are missing of the record, or of its header.
    const fn missing(&self) -> usize {
        if self.come < HEADER { HEADER - self.come } else { self.body }
    }

    fn follow(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.all += bytes.len();
        if self.come < HEADER {
            for (into, byte) in self.header.iter_mut().skip(self.come).zip(bytes) {
                *into = *byte;
            }
            self.come += bytes.len();
            let [.., high, low] = self.header;
            self.body = usize::from(u16::from_be_bytes([high, low]));
        } else {
            self.body -= bytes.len();
        }
        if self.come == HEADER && self.body == 0 {
            self.come = 0;
        }
        if self.all > HANDSHAKE {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a handshake that does not end"));
        }
        Ok(())
    }
}

impl<S> Timed<S> {
    pub(super) const fn new(io: S, activity: Arc<Activity>) -> Self {
        let (settled, spoke, http2, stalled) = (None, false, false, false);
        Self { io, activity, handshake: None, settled, spoke, http2, stalled, forgotten: 0 }
    }

    /// A handshake begins, and with it the time for a head.
    pub(super) fn shakes_hands(mut self) -> Self {
        self.activity.head_began();
        self.handshake = Some(Handshake::default());
        self
    }

    /// It is done, and has settled whether HTTP/2 is spoken. A head has begun if something was read behind it: what is
    /// `heard` already, or a part of a record.
    pub(super) fn shook_hands(&mut self, http2: bool, heard: bool) {
        self.activity.head_ended();
        if heard || self.handshake.take().is_some_and(|handshake| handshake.come > 0) {
            self.activity.head_began();
        }
        self.handshake = None;
        (self.settled, self.spoke) = (Some(http2), false);
    }

    /// On HTTP/2 we speak once its preface has come whole, and not in HTTP's words; from then on nothing tells of bytes
    /// whether they are a head's.
    fn speaks(&mut self, bytes: &[u8]) {
        self.spoke = true;
        if self.handshake.is_none() && self.settled.unwrap_or(bytes.first() != Some(&b'H')) {
            self.http2 = true;
            self.activity.head_ended();
        }
    }

    fn noted<T>(&mut self, written: Poll<T>) -> Poll<T> {
        if written.is_pending() != self.stalled {
            self.stalled = !self.stalled;
            self.activity.write_stalled(self.stalled);
        }
        written
    }
}

impl<S: AsyncRead + Unpin> Timed<S> {
    /// Reads what still comes of a request that was answered early, or was none, so that the answer is not lost to a reset
    /// (RFC 9112 §9.6): to the peer's end, or so many bytes; the connection's clock ends it too.
    fn poll_forget(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut scratch = [0; SCRATCH];
        while self.forgotten < LINGER_BYTES {
            let mut buf = ReadBuf::new(&mut scratch);
            ready!(Pin::new(&mut self.io).poll_read(cx, &mut buf))?;
            match buf.filled().len() {
                0 => break,
                n => self.forgotten += n,
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Timed<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        match &mut this.handshake {
            None => ready!(Pin::new(&mut this.io).poll_read(cx, buf))?,
            Some(handshake) => {
                let room = handshake.missing().min(buf.remaining());
                let mut part = ReadBuf::new(buf.initialize_unfilled_to(room));
                ready!(Pin::new(&mut this.io).poll_read(cx, &mut part))?;
                handshake.follow(part.filled())?;
                let came = part.filled().len();
                buf.advance(came);
            }
        }
        if !this.http2 && buf.filled().len() > before {
            this.activity.heard();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Timed<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if !this.spoke {
            this.speaks(buf);
        }
        let written = Pin::new(&mut this.io).poll_write(cx, buf);
        this.noted(written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if !this.spoke {
            this.speaks(bufs.first().map_or(&[], |buf| buf));
        }
        let written = Pin::new(&mut this.io).poll_write_vectored(cx, bufs);
        this.noted(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.activity.lingers() {
            ready!(Pin::new(&mut this.io).poll_shutdown(cx))?;
            if this.http2 || !this.activity.owes() {
                return Poll::Ready(Ok(()));
            }
            this.activity.linger_began();
        }
        this.poll_forget(cx)
    }
}
