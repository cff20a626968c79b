//! Where requests go: read from a URL that the operator gave, never from a caller.

use std::net::IpAddr;

use hyper::{Uri, http::uri::Scheme};
use rustls::pki_types::ServerName;

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
        Self::read(url).filter(|endpoint| endpoint.secure || endpoint.is_here()).ok_or(FORM)
    }

    /// Whether it is this very machine.
    pub fn is_here(&self) -> bool {
        self.host == "localhost" || self.host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
    }

    /// Reads `https://` or `http://` with any host; `None` for anything else.
    pub fn read(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let secure = uri.scheme() == Some(&Scheme::HTTPS);
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'))?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        ServerName::try_from(host).ok()?;
        let odd_port = authority.port_u16().is_none() && authority.as_str() != authority.host();
        if url.contains('#') || odd_port || !secure && uri.scheme() != Some(&Scheme::HTTP) {
            return None;
        }
        let port = authority.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Some(Self { secure, host: host.to_owned(), port, authority: authority.to_string(), path })
    }
}
