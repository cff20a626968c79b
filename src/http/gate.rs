//! Stands between an HTTP/1 connection's bytes and hyper, and lets only sound requests through.
//!
//! A head is passed on when it is complete and not refused; so the time it takes is measured here, apart from the time
//! for which a connection may be idle. Requests are passed on one by one, so that it is known of which of them a part is
//! missing. Usually all that was read is one sound request, and is left where it was read to.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    time::timeout,
};

use super::{
    activity::Activity,
    connections::Connections,
    framing::{Framing, Sound},
    limits::Limits,
    refused_head::RefusedHead,
};

/// Most bytes that are read and forgotten behind an answer that came early.
const LINGER_BYTES: usize = 8 * 1024 * 1024;

/// Read at once while nobody else reads, in bytes: most requests fit.
const SCRATCH: usize = 2048;

/// See above.
#[derive(Debug)]
pub(super) struct Gate<S> {
    io: S,
    framing: Framing,
    /// Bytes that came before they could be passed on; the first `sound` of them now can.
    held: Vec<u8>,
    sound: usize,
    /// Whether `held` is the beginning of a head, and not whole requests that wait for the one before them.
    partial: bool,
    refused: Option<RefusedHead>,
    activity: Arc<Activity>,
    in_head: bool,
    in_body: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Gate<S> {
    pub(super) fn new(io: S, activity: Arc<Activity>, limits: &Limits) -> Self {
        let (held, framing) = (Vec::new(), Framing::new(limits));
        // Whoever looked at the first bytes may have begun to time the first head.
        let in_head = activity.head_since() > 0;
        Self { io, framing, held, sound: 0, partial: false, refused: None, activity, in_head, in_body: false }
    }

    /// Waits for something to pass on while nobody reads; `false` if the peer has closed instead.
    ///
    /// # Errors
    /// Those of the connection.
    pub(super) async fn arrived(&mut self) -> io::Result<bool> {
        poll_fn(|cx| self.poll_arrived(cx)).await
    }

    fn poll_arrived(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        while self.sound == 0 && !self.framing.is_lost() {
            if self.held.is_empty() || self.partial {
                // On the stack: whoever rests keeps no buffer.
                let mut scratch = [0; SCRATCH];
                let mut buf = ReadBuf::new(&mut scratch);
                ready!(Pin::new(&mut self.io).poll_read(cx, &mut buf))?;
                if buf.filled().is_empty() {
                    self.held = Vec::new();
                    return Poll::Ready(Ok(false));
                }
                self.held.extend_from_slice(buf.filled());
            }
            self.look();
        }
        Poll::Ready(Ok(true))
    }

    /// Ends the connection once hyper is done with it: answers a refused head, and sees to it that the last answer is
    /// not lost where the peer is still sending.
    ///
    /// # Errors
    /// Those of the connection, about which nothing can be done any more.
    pub(super) async fn finish(&mut self, connections: &Connections, linger: Duration) -> io::Result<()> {
        if let Some(refused) = self.refused.take() {
            refused.note(connections);
            self.io.write_all(&refused.answer().await).await?;
        } else if !self.framing.is_in_body() && self.held.is_empty() {
            // TLS says that this is the end and not a cut (RFC 8446 §6.1).
            return self.io.shutdown().await;
        }
        self.io.shutdown().await?;
        // Ends at the peer's end, at ours, or after so many bytes.
        let _ = timeout(linger, forget(&mut self.io)).await;
        Ok(())
    }

    /// Looks at what is held, and tells the connection's watchdog where something changed.
    fn look(&mut self) {
        let sound = self.framing.follow(&self.held);
        self.sound = sound.bytes;
        self.noted(sound);
    }

    /// To be called once `held` begins with what is sound but not passed on, followed by what is not sound.
    fn noted(&mut self, sound: Sound) {
        self.refused = sound.refusal.map(|refusal| {
            let head = self.held.get(self.sound..).unwrap_or_default();
            RefusedHead::new(refusal, head, self.activity.head_took())
        });
        self.partial = sound.bytes == 0;
        let in_head = self.partial && !self.framing.is_lost();
        if in_head != self.in_head {
            self.in_head = in_head;
            if in_head { self.activity.head_began() } else { self.activity.head_ended() }
        }
        if self.framing.is_in_body() != self.in_body {
            self.in_body = !self.in_body;
            self.activity.set_in_body(self.in_body);
        }
    }
}

async fn forget(io: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
    let (mut scratch, mut left) = (vec![0; 16 * 1024], LINGER_BYTES);
    loop {
        match io.read(&mut scratch).await? {
            0 => return Ok(()),
            n => left = left.checked_sub(n).ok_or(io::ErrorKind::FileTooLarge)?,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Gate<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let gate = self.get_mut();
        let before = buf.filled().len();
        loop {
            if gate.sound > 0 {
                let n = gate.sound.min(buf.remaining());
                buf.put_slice(gate.held.get(..n).unwrap_or_default());
                gate.held.drain(..n);
                gate.sound -= n;
                if gate.held.is_empty() {
                    gate.held = Vec::new();
                }
                return Poll::Ready(Ok(()));
            }
            if gate.framing.is_lost() || buf.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
            if !gate.held.is_empty() && !gate.partial {
                gate.look();
                continue;
            }
            // hyper's buffer is the scratch space even for what it does not get yet.
            ready!(Pin::new(&mut gate.io).poll_read(cx, buf))?;
            let came = buf.filled().get(before..).unwrap_or_default();
            if came.is_empty() {
                gate.held = Vec::new();
                return Poll::Ready(Ok(()));
            }
            if gate.held.is_empty() {
                let sound = gate.framing.follow(came);
                gate.held.extend_from_slice(came.get(sound.bytes..).unwrap_or_default());
                gate.noted(sound);
                buf.set_filled(before + sound.bytes);
                if sound.bytes > 0 {
                    return Poll::Ready(Ok(()));
                }
            } else {
                gate.held.extend_from_slice(came);
                buf.set_filled(before);
                gate.look();
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Gate<S> {
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

    /// Left to [`Gate::finish`], which may have something to say.
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
