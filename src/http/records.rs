//! Where each TLS record on a connection begins and ends, so that its watchdog sees a peer that leaves one unfinished:
//! nothing of such a record comes through to whoever looks at heads and bodies, and memory is held for it. Also how much
//! came of which nothing comes through.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::activity::Activity;

/// Type, version and length (RFC 8446 §5.1).
const HEADER: usize = 5;

/// Most bytes of which nothing comes through: the longest record nearly twice (RFC 8446 §5.2), so that a handshake has room
/// for a chain of certificates. rustls keeps up to 64 KiB of one message that is about the connection itself, also after
/// the handshake, when each of its records is complete and no clock runs.
const UNHEARD: usize = 32 * 1024;

/// See above; stands under TLS.
#[derive(Debug)]
pub(super) struct Records<S> {
    io: S,
    framing: Framing,
    activity: Arc<Activity>,
    /// Bytes that came since the last [`Records::heard`].
    unheard: usize,
}

impl<S> Records<S> {
    pub(super) fn new(io: S, activity: Arc<Activity>) -> Self {
        Self { io, framing: Framing::default(), activity, unheard: 0 }
    }

    /// Something of what came has come through.
    pub(super) const fn heard(&mut self) {
        self.unheard = 0;
    }
}

#[derive(Debug, Default)]
struct Framing {
    header: [u8; HEADER],
    /// Bytes of the header that have come; all of them while the body is awaited.
    come: usize,
    body: usize,
}

impl Framing {
    /// Follows on; answers whether a record ended here.
    fn follow(&mut self, mut bytes: &[u8]) -> bool {
        let mut ended = false;
        while !bytes.is_empty() {
            if self.come < HEADER {
                for (into, byte) in self.header.iter_mut().skip(self.come).zip(bytes) {
                    *into = *byte;
                }
                let here = bytes.len().min(HEADER - self.come);
                self.come += here;
                bytes = bytes.get(here..).unwrap_or_default();
                let [.., high, low] = self.header;
                self.body = usize::from(u16::from_be_bytes([high, low]));
            }
            if self.come == HEADER {
                let here = bytes.len().min(self.body);
                self.body -= here;
                bytes = bytes.get(here..).unwrap_or_default();
                if self.body == 0 {
                    (self.come, ended) = (0, true);
                }
            }
        }
        ended
    }

    const fn is_between(&self) -> bool {
        self.come == 0
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Records<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.io).poll_read(cx, buf))?;
        let came = buf.filled().get(before..).unwrap_or_default();
        this.unheard = this.unheard.saturating_add(came.len());
        if this.unheard > UNHEARD {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "records that carry nothing")));
        }
        let was_between = this.framing.is_between();
        let ended = this.framing.follow(came);
        match (this.framing.is_between(), was_between) {
            (true, false) => this.activity.record_ended(),
            // One that ended, and the next that began, are two.
            (false, _) if was_between || ended => this.activity.record_began(),
            _ => {}
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Records<S> {
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
    use tokio::{io::AsyncReadExt as _, time::Instant};

    use super::*;

    #[test]
    fn records_end_where_their_length_says_however_the_bytes_are_cut() {
        let three = [&[22, 3, 1, 0, 3, 1, 2, 3][..], &[23, 3, 3, 0, 0], &[23, 3, 3, 1, 1], &[7; 257]].concat();
        for piece in 1..three.len() {
            let mut framing = Framing::default();
            let ends = three.chunks(piece).filter(|bytes| framing.follow(bytes)).count();
            assert!(framing.is_between() && ends >= 1, "pieces of {piece}");
        }
        let mut framing = Framing::default();
        let ends: Vec<_> = (0..three.len()).filter(|&at| framing.follow(&three[at..=at])).collect();
        assert_eq!(ends, [7, 12, three.len() - 1]);
        assert!(framing.follow(&three[..9]) && !framing.is_between());
        assert!(!framing.follow(&three[9..11]) && !framing.is_between());
    }

    #[tokio::test]
    async fn what_carries_nothing_is_read_only_so_far() {
        let came = [&[23, 3, 3, 4, 0][..], &[7; 1024]].concat().repeat(100);
        let mut records = Records::new(&*came, Arc::new(Activity::new(Instant::now())));
        let mut into = vec![0; UNHEARD];
        for round in 0..3 {
            assert!(records.read_exact(&mut into).await.is_ok(), "{round}");
            records.heard();
        }
        records.unheard = UNHEARD;
        let error = records.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
