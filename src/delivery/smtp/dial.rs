//! Connections to a relay, up to where mails may be handed over: TCP, TLS, and who we are.
//!
//! STARTTLS is spoken here and not by the library, which would take what came in the clear behind the relay's consent for
//! part of the encrypted dialogue.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Instant,
};

use lettre::transport::smtp::{
    authentication::Mechanism,
    client::{AsyncSmtpConnection, AsyncTokioStream},
    extension::ClientId,
};
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

use super::{Failure, TryResult, relay::Relay};
use crate::net::{Stream, connect, encrypt};

/// What a relay may say in one dialogue, in bytes; none says a tenth of it.
const SAID_MAX: usize = 64 * 1024;
/// What each of its lines counts for besides: the library reads an answer anew with each of them, while nobody else has a turn.
const LINE: usize = 128;
/// Longest answer before TLS.
const REPLY_MAX: usize = 16 * 1024;
/// What the library waits for first; after STARTTLS no relay says it again.
const GREETING: &[u8] = b"220 encrypted\r\n";

/// A connection over which mails may be handed to a relay.
pub(super) struct Connection {
    pub(super) smtp: AsyncSmtpConnection,
    /// Bytes that the relay said in this dialogue.
    pub(super) said: Arc<AtomicUsize>,
    /// When a mail went over it last.
    pub(super) used: Instant,
}

/// Connects to a relay and says who we are.
pub(super) async fn dial(
    relay: &Relay,
    tls: Option<&Arc<ClientConfig>>,
    hello: &ClientId,
) -> Result<Connection, Failure> {
    let Relay { server, starts_tls, login } = relay;
    let (inner, ahead) = if *starts_tls {
        let mut inner = connect(&server.host, server.port, None, None).await?;
        start_tls(&mut inner, hello).await?;
        (encrypt(inner, &server.host, tls.ok_or_else(Failure::unreachable)?, None).await?, GREETING)
    } else {
        (server.connect(tls).await?, &b""[..])
    };
    let said = Arc::default();
    let stream = Box::new(Counted { inner, ahead, said: Arc::clone(&said) });
    let mut smtp = AsyncSmtpConnection::connect_with_transport(stream, hello).await?;
    if let Some(login) = login {
        // What is wrong with our name is wrong with no message.
        let known = smtp.auth(&[Mechanism::Plain, Mechanism::Login], login).await;
        known.map_err(|error| Failure { result: TryResult::Transient, ..error.into() })?;
    }
    Ok(Connection { smtp, said, used: Instant::now() })
}

/// Greeting, EHLO and STARTTLS in the clear. Whoever does not offer it, or says anything behind its consent, is left.
async fn start_tls(relay: &mut Box<dyn Stream>, hello: &ClientId) -> Result<(), Failure> {
    reply(relay, b"220").await?;
    relay.write_all(format!("EHLO {hello}\r\n").as_bytes()).await?;
    let offered = reply(relay, b"250").await?;
    let offers = |line: &[u8]| line.get(4..).is_some_and(|word| word.trim_ascii().eq_ignore_ascii_case(b"STARTTLS"));
    if !offered.split(|b| *b == b'\n').any(offers) {
        return Err(Failure::unreachable());
    }
    relay.write_all(b"STARTTLS\r\n").await?;
    reply(relay, b"220").await.map(drop)
}

/// One answer of this code, and nothing behind it.
async fn reply(relay: &mut Box<dyn Stream>, code: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut said = Vec::with_capacity(512);
    loop {
        if relay.read_buf(&mut said).await? == 0 || said.len() > REPLY_MAX {
            return Err(Failure::unreachable());
        }
        let lines: Vec<&[u8]> = said.split_inclusive(|b| *b == b'\n').collect();
        let last = lines.iter().position(|line| line.ends_with(b"\n") && line.get(3) != Some(&b'-'));
        match last {
            Some(last) if last + 1 == lines.len() && lines.iter().all(|line| line.starts_with(code)) => {
                return Ok(said);
            }
            Some(_) => return Err(Failure::unreachable()),
            None => {}
        }
    }
}

/// A stream whose peer may say so much, and no more.
#[derive(Debug)]
struct Counted {
    inner: Box<dyn Stream>,
    /// Read before anything that comes.
    ahead: &'static [u8],
    said: Arc<AtomicUsize>,
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if let Some((now, later)) =
            self.ahead.split_at_checked(self.ahead.len().min(buf.remaining())).filter(|(now, _)| !now.is_empty())
        {
            buf.put_slice(now);
            self.ahead = later;
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        std::task::ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        let said = buf.filled().get(before..).unwrap_or_default();
        let more = said.len() + said.iter().filter(|b| **b == b'\n').count() * LINE;
        if self.said.fetch_add(more, Ordering::Relaxed) + more > SAID_MAX {
            return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for Counted {
    /// Nobody asks.
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
