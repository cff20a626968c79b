//! Syslog: RFC 5424 in datagrams to a local socket, or over TCP or TLS with octet counting (RFC 6587, RFC 5425).
//!
//! Nobody confirms what was sent. Behind which a connection stood for some seconds, that is taken to be there. One that the
//! receiver closed in order had been read to its end; one that broke may have kept as much unread as buffers hold, which goes
//! again.

use std::{io, time::Duration};

use futures_util::FutureExt as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixDatagram,
    time::timeout,
};

use super::shape::Message;
use crate::{config::SyslogTarget, event::time::rfc3339, net::Stream};

/// Longest wait for a connection, the name's resolution and TLS included.
const CONNECT: Duration = Duration::from_secs(15);
/// Longest time that a receiver may read nothing before another connection is tried.
const WRITE: Duration = Duration::from_secs(300);
/// Bytes that both ends of a stream may buffer (`tcp_rmem`, `tcp_wmem`: 6 MiB and 4 MiB at most), and those of a socket for
/// datagrams (`wmem_default`).
const STREAM_BUFFERS: u64 = 10 << 20;
const DATAGRAM_BUFFERS: u64 = 256 << 10;
/// Facility 10, security messages (authpriv).
const FACILITY: u8 = 10 << 3;
/// Most reads of what a receiver says, which is nothing as a rule.
const READS: usize = 16;
const APP: &str = "otp-sidecar";

enum Link {
    Datagrams(UnixDatagram),
    Stream(Box<dyn Stream>),
}

/// Sends to one receiver.
pub(super) struct Syslog {
    target: SyslogTarget,
    host: String,
    link: Option<Link>,
    /// Bytes that were handed to the machine, or to the one at the other end.
    pub sent: u64,
}

impl Syslog {
    /// Nothing is connected yet.
    pub fn new(target: SyslogTarget) -> Self {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Self { target, host: header(&host, 255), link: None, sent: 0 }
    }

    /// Bytes of those sent that are in no buffer any more.
    pub fn read_by_now(&self) -> u64 {
        let buffers = if matches!(self.target, SyslogTarget::Unix(_)) { DATAGRAM_BUFFERS } else { STREAM_BUFFERS };
        self.sent.saturating_sub(buffers)
    }

    /// Whether the connection still stands; what a receiver says is passed over.
    ///
    /// # Errors
    /// `UnexpectedEof` where it was closed in order, and what was written read.
    pub fn stands(&mut self) -> io::Result<()> {
        let Some(Link::Stream(stream)) = &mut self.link else { return Ok(()) };
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

    /// Sends messages, over a new connection if there is none.
    ///
    /// # Errors
    /// Of those that were sent since it was connected any may be lost.
    pub async fn send(&mut self, messages: &[Message]) -> io::Result<()> {
        let link = match self.link.take() {
            Some(link) => link,
            None => timeout(CONNECT, connect(&self.target)).await??,
        };
        let texts = messages.iter().map(|message| text(&self.host, message));
        match self.link.insert(link) {
            Link::Datagrams(socket) => {
                for text in texts {
                    self.sent += timeout(WRITE, socket.send(text.as_bytes())).await?? as u64;
                }
            }
            Link::Stream(stream) => {
                let counts_octets = matches!(self.target, SyslogTarget::Stream { counts_octets: true, .. });
                let framed = |text: String| if counts_octets { format!("{} {text}", text.len()) } else { text + "\n" };
                let all: String = texts.map(framed).collect();
                timeout(WRITE, async {
                    stream.write_all(all.as_bytes()).await?;
                    stream.flush().await
                })
                .await??;
                self.sent += all.len() as u64;
            }
        }
        Ok(())
    }

    /// Connects anew with the next message.
    pub fn let_go(&mut self) {
        self.link = None;
    }

    /// Ends the connection in order.
    pub async fn close(&mut self) {
        if let Some(Link::Stream(mut stream)) = self.link.take() {
            let _ = timeout(Duration::from_millis(100), stream.shutdown()).await;
        }
    }
}

async fn connect(target: &SyslogTarget) -> io::Result<Link> {
    match target {
        SyslogTarget::Unix(path) => {
            let socket = UnixDatagram::unbound()?;
            socket.connect(path)?;
            Ok(Link::Datagrams(socket))
        }
        SyslogTarget::Stream { to, tls, .. } => Ok(Link::Stream(to.connect(tls.as_ref()).await?)),
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
