//! What a connection's bytes go through: nothing, or TLS.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{activity::Activity, listen::Stream, paced::Paced, records::Records};
use crate::tls::Tls;

/// A stream on which HTTP can begin.
#[derive(Debug)]
pub(super) enum Channel {
    Clear(Paced<Stream>),
    /// Apart, so that connections in the clear are no larger for it.
    Secure(Box<TlsStream<Records<Paced<Stream>>>>),
}

impl Channel {
    /// Shakes hands where there is a certificate. That has to be done in the time for a head, which begins now.
    ///
    /// # Errors
    /// Those of the connection; the peer speaks no TLS, does not trust us, or may not call.
    pub(super) async fn open(stream: Stream, tls: Option<&Tls>, activity: &Arc<Activity>) -> io::Result<Self> {
        let stream = Paced::new(stream, Arc::clone(activity));
        let Some(tls) = tls else { return Ok(Self::Clear(stream)) };
        activity.head_began();
        let records = Records::new(stream, Arc::clone(activity));
        let handshake = TlsAcceptor::from(tls.server()).accept(records);
        let secure = Box::pin(handshake).await.inspect_err(|error| tracing::debug!(%error, "no TLS handshake"))?;
        activity.head_ended();
        Ok(Self::Secure(Box::new(secure)))
    }
}

impl AsyncRead for Channel {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Clear(io) => Pin::new(io).poll_read(cx, buf),
            Self::Secure(io) => {
                let before = buf.filled().len();
                ready!(Pin::new(&mut **io).poll_read(cx, buf))?;
                if buf.filled().len() > before {
                    io.get_mut().0.heard();
                }
                Poll::Ready(Ok(()))
            }
        }
    }
}

impl AsyncWrite for Channel {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Clear(io) => Pin::new(io).poll_write(cx, buf),
            Self::Secure(io) => Pin::new(io).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Clear(io) => Pin::new(io).poll_write_vectored(cx, bufs),
            Self::Secure(io) => Pin::new(io).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Clear(io) => Pin::new(io).poll_flush(cx),
            Self::Secure(io) => Pin::new(io).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Clear(io) => Pin::new(io).poll_shutdown(cx),
            Self::Secure(io) => Pin::new(io).poll_shutdown(cx),
        }
    }
}
