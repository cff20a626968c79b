//! Syslog: RFC 5424 in datagrams to a local socket, or over TCP or TLS with octet counting (RFC 6587, RFC 5425).
//!
//! Nobody confirms what was sent. So long as a connection stands, what was sent over it [`super::BEHIND`] ago is taken to be
//! there. One that the receiver closed in order had been read to its end; one that broke may have kept as much unread as
//! buffers hold, which goes again.

use std::{io, pin::Pin, sync::Arc, time::Duration};

use futures_util::FutureExt as _;
use rustix::net::sockopt::set_tcp_user_timeout;
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpStream, UnixDatagram},
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::shape::Message;
use crate::{
    config::{Framing, SyslogTarget},
    event::time::rfc3339,
};

/// Longest wait for a connection, the name's resolution and TLS included.
const CONNECT: Duration = Duration::from_secs(15);
/// Longest time that a receiver may read nothing before another connection is tried.
const WRITE: Duration = Duration::from_secs(300);
/// For so long may a machine at the other end take nothing, ms, until the connection is broken.
const UNSEEN_MS: u32 = 60_000;
/// Bytes that both ends of a stream may buffer (`tcp_rmem`, `tcp_wmem`: 6 MiB and 4 MiB at most), and those of a socket for
/// datagrams (`wmem_default`).
const STREAM_BUFFERS: usize = 10 << 20;
const DATAGRAM_BUFFERS: usize = 256 << 10;
/// Facility 10, security messages (authpriv).
const FACILITY: u8 = 10 << 3;
/// Most reads of what a receiver says, which is nothing as a rule.
const READS: usize = 16;
const APP: &str = "otp-sidecar";

trait Stream: AsyncRead + AsyncWrite + Send {}
impl<S: AsyncRead + AsyncWrite + Send> Stream for S {}

enum Link {
    Datagrams(UnixDatagram),
    Stream(Pin<Box<dyn Stream>>, Framing),
}

impl Link {
    async fn to(target: &SyslogTarget) -> io::Result<Self> {
        match target {
            SyslogTarget::Unix(path) => {
                let socket = UnixDatagram::unbound()?;
                socket.connect(path)?;
                Ok(Self::Datagrams(socket))
            }
            SyslogTarget::Stream { host, port, framing, tls, .. } => {
                let tcp = TcpStream::connect((host.as_str(), *port)).await?;
                set_tcp_user_timeout(&tcp, UNSEEN_MS)?;
                let Some(tls) = tls else { return Ok(Self::Stream(Box::pin(tcp), *framing)) };
                let name = ServerName::try_from(host.clone()).map_err(io::Error::other)?;
                let stream = TlsConnector::from(Arc::clone(tls)).connect(name, tcp).await?;
                Ok(Self::Stream(Box::pin(stream), *framing))
            }
        }
    }
}

/// Sends to one receiver.
pub(super) struct Syslog {
    target: SyslogTarget,
    host: String,
    link: Option<Link>,
}

impl Syslog {
    /// Nothing is connected yet.
    pub fn new(target: SyslogTarget) -> Self {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Self { target, host: header(&host, 255), link: None }
    }

    /// Bytes that may be lost where a connection breaks.
    pub fn buffers(&self) -> usize {
        if matches!(self.target, SyslogTarget::Unix(_)) { DATAGRAM_BUFFERS } else { STREAM_BUFFERS }
    }

    /// Whether the connection still stands; what a receiver says is passed over.
    ///
    /// # Errors
    /// `UnexpectedEof` where it was closed in order, and what was written read.
    pub fn stands(&mut self) -> io::Result<()> {
        let Some(Link::Stream(stream, _)) = &mut self.link else { return Ok(()) };
        let mut said = [0; 4096];
        for _ in 0..READS {
            match stream.read(&mut said).now_or_never() {
                Some(Ok(0)) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Some(Err(error)) => return Err(error),
                Some(Ok(_)) => {}
                None => break,
            }
        }
        Ok(())
    }

    /// Sends messages; answers how many bytes were handed to the machine, or to the one at the other end.
    ///
    /// # Errors
    /// Of those that were sent since it was connected any may be lost.
    pub async fn send(&mut self, messages: &[Message]) -> io::Result<usize> {
        let link = match &mut self.link {
            Some(link) => link,
            none => none.insert(timeout(CONNECT, Link::to(&self.target)).await??),
        };
        let mut bytes = 0;
        match link {
            Link::Datagrams(socket) => {
                for message in messages {
                    bytes += timeout(WRITE, socket.send(text(&self.host, message).as_bytes())).await??;
                }
            }
            Link::Stream(stream, framing) => {
                let framing = *framing;
                let framed = messages.iter().map(|message| match (text(&self.host, message), framing) {
                    (text, Framing::Octets) => format!("{} {text}", text.len()),
                    (text, Framing::LineFeed) => text + "\n",
                });
                let all: String = framed.collect();
                timeout(WRITE, async {
                    stream.write_all(all.as_bytes()).await?;
                    stream.flush().await
                })
                .await??;
                bytes = all.len();
            }
        }
        Ok(bytes)
    }

    /// Connects anew with the next message.
    pub fn let_go(&mut self) {
        self.link = None;
    }

    /// Ends the connection in order.
    pub async fn close(&mut self) {
        if let Some(Link::Stream(mut stream, _)) = self.link.take() {
            let _ = timeout(Duration::from_millis(100), stream.shutdown()).await;
        }
    }
}

/// `<84>1 2026-11-23T02:47:57.750Z host otp-sidecar 0a1b2c3d lockout - {…}`; a process is known by its trail.
fn text(host: &str, message: &Message) -> String {
    let (time, json) = (rfc3339(message.time_ms), message.ascii());
    let (process, kind) = (header(&message.trail, 128), header(&message.kind, 32));
    format!("<{}>1 {time} {host} {APP} {process} {kind} - {json}", FACILITY + message.severity)
}

/// A field of the header: so many visible characters of ASCII, or none.
fn header(text: &str, most: usize) -> String {
    let fits = (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { text.to_owned() } else { "-".to_owned() }
}
