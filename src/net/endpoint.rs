//! Servers that we speak to: read from a URL that the operator gave, never from a caller.

use std::{io, net::IpAddr, sync::Arc};

use rustls::{ClientConfig, pki_types::ServerName};
use url::{Position, Url};

use super::stream::{Stream, connect};

/// How servers are spoken to: by the name that a URL begins with, at this port where it names none, and whether in TLS.
const SCHEMES: [(&str, u16, bool); 7] = [
    ("https", 443, true),
    ("http", 80, false),
    ("syslog+tcp", 601, false),
    ("syslog+tls", 6514, true),
    ("smtps", 465, true),
    ("smtp", 587, true),
    ("smtp+plain", 25, false),
];
/// Those of HTTP.
pub const WEB: &[&str] = &["https", "http"];
/// Those of syslog.
pub const SYSLOG: &[&str] = &["syslog+tcp", "syslog+tls"];
/// Those of relays of mail.
pub const RELAYS: &[&str] = &["smtps", "smtp", "smtp+plain"];

/// A server, and the path that begins those of its requests.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Whether TLS is spoken.
    pub secure: bool,
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// As `Host` names it.
    pub authority: String,
    /// Path and query; `/` where there are none.
    pub path: String,
}

impl Endpoint {
    /// Reads `https://host[:port][/path]`, or `http://` of this very machine.
    ///
    /// # Errors
    /// What is wrong, as the rest of a sentence, and nothing of the URL.
    pub fn parse(url: &str) -> Result<Self, &'static str> {
        const FORM: &str =
            "must be https:// with a host, or http:// with one on this machine, without user and fragment";
        Self::read(url, WEB).filter(|endpoint| endpoint.secure || endpoint.is_here()).ok_or(FORM)
    }

    /// Reads a URL of one of these schemes, with any host and without a user; `None` for anything else.
    pub fn read(url: &str, schemes: &[&str]) -> Option<Self> {
        let url = parsed(url).filter(|url| url.username().is_empty() && url.password().is_none())?;
        Self::of(&url, schemes)
    }

    /// The server that a URL of one of these schemes names, whoever we are to it.
    pub fn of(url: &Url, schemes: &[&str]) -> Option<Self> {
        let known = |(name, ..): &(&str, u16, bool)| *name == url.scheme() && schemes.contains(name);
        let (_, usual, secure) = SCHEMES.into_iter().find(known)?;
        let (host, port) = (url.host_str()?.trim_matches(['[', ']']), url.port().unwrap_or(usual));
        ServerName::try_from(host).ok()?;
        let (authority, path) =
            (&url[Position::BeforeHost..Position::AfterPort], &url[Position::BeforePath..Position::AfterQuery]);
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        (port > 0 && url.fragment().is_none()).then(|| Self {
            secure,
            host: host.to_owned(),
            port,
            authority: authority.to_owned(),
            path,
        })
    }

    /// Whether it is this very machine.
    pub fn is_here(&self) -> bool {
        self.host == "localhost" || self.host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
    }

    /// Connects, in TLS where that is spoken.
    ///
    /// # Errors
    /// What was met: a name that nobody knows, a port where nobody listens, a certificate.
    pub async fn connect(&self, tls: Option<&Arc<ClientConfig>>) -> io::Result<Box<dyn Stream>> {
        if self.secure && tls.is_none() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        connect(&self.host, self.port, tls.filter(|_| self.secure), None).await
    }
}

/// Reads a URL, less leniently than the library: it has `://`, no control characters, and no colon without a port.
pub fn parsed(url: &str) -> Option<Url> {
    let (_, rest) = url.split_once("://").filter(|_| !url.contains(char::is_control))?;
    let authority = rest.split(['/', '?', '#']).next()?;
    Url::parse(url).ok().filter(|_| !authority.ends_with(':'))
}
