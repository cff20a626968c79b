//! Where requests go: read from a URL that the operator gave, never from a caller.

use std::{io, net::IpAddr, sync::Arc};

use hyper::Uri;
use rustls::{ClientConfig, pki_types::ServerName};

use super::stream::{Stream, connect};

/// How servers are spoken to: by the name that a URL begins with, at this port where it names none, and whether in TLS.
const SCHEMES: [(&str, u16, bool); 4] =
    [("https", 443, true), ("http", 80, false), ("syslog+tcp", 601, false), ("syslog+tls", 6514, true)];
/// Those of HTTP.
pub const WEB: [&str; 2] = ["https", "http"];
/// Those of syslog.
pub const SYSLOG: [&str; 2] = ["syslog+tcp", "syslog+tls"];

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

    /// Whether it is this very machine.
    pub fn is_here(&self) -> bool {
        self.host == "localhost" || self.host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
    }

    /// Reads a URL of one of these schemes, with any host; `None` for anything else.
    pub fn read(url: &str, schemes: [&str; 2]) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let scheme = uri.scheme_str().filter(|scheme| schemes.contains(scheme))?;
        let (_, usual, secure) = SCHEMES.into_iter().find(|(name, ..)| *name == scheme)?;
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'))?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        ServerName::try_from(host).ok()?;
        let names_port = authority.as_str() != authority.host();
        let port = if names_port { authority.port_u16().filter(|port| *port > 0)? } else { usual };
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let (host, authority, path) = (host.to_owned(), authority.to_string(), format!("{}{query}", uri.path()));
        (!url.contains('#')).then_some(Self { secure, host, port, authority, path })
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
