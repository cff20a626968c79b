//! Addresses: where we listen, and where the operator's commands find us.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use super::value::{Kind, Value, not};
use crate::net::{Endpoint, WEB};

/// `sun_path` has 108 bytes, the last of which is NUL (`unix(7)`).
pub(super) const LONGEST_SOCKET_PATH: usize = 107;

/// An address to listen on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddr {
    /// `ip:port`; `localhost:port` stands for `127.0.0.1:port`.
    Tcp(SocketAddr),
    /// `unix:<path>`, at most 107 bytes.
    Unix(PathBuf),
}

impl ListenAddr {
    /// Whether only this machine can reach it: a loopback address or a unix socket.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Tcp(address) => address.ip().to_canonical().is_loopback(),
            Self::Unix(_) => true,
        }
    }
}

impl fmt::Display for ListenAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl Value for ListenAddr {
    fn parse(_: &Kind, text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            let length = path.len();
            return match length {
                1..=LONGEST_SOCKET_PATH => Ok(Self::Unix(path.into())),
                _ => Err(format!("must name a socket of 1 to {LONGEST_SOCKET_PATH} bytes after `unix:`, not {length}")),
            };
        }
        let local = text.strip_prefix("localhost:").and_then(|port| port.parse().ok());
        let local = local.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let wanted = "`ip:port`, `localhost:port` or `unix:<path>` such as `127.0.0.1:8080`";
        local.or_else(|| text.parse().ok()).map(Self::Tcp).ok_or_else(|| not(wanted, text))
    }
}

/// Where an admin listener is.
#[derive(Debug, Clone)]
pub enum AdminAddr {
    /// `http://host:port` or `https://host:port`
    Tcp(Endpoint),
    /// `unix:<path>`
    Unix(PathBuf),
}

impl fmt::Display for AdminAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(at) => write!(f, "http{}://{}", if at.secure { "s" } else { "" }, at.authority),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl AdminAddr {
    /// What a client puts into `Host`.
    pub fn authority(&self) -> &str {
        match self {
            Self::Tcp(at) => &at.authority,
            Self::Unix(_) => "localhost",
        }
    }
}

impl Value for AdminAddr {
    fn parse(_: &Kind, text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:").filter(|path| !path.is_empty()) {
            // Both `unix:/path` and `unix:///path` are seen in the wild.
            return Ok(Self::Unix(path.strip_prefix("//").unwrap_or(path).into()));
        }
        // What stands before an @ may be a secret.
        let shown = if text.contains('@') { "a URL with a user" } else { text };
        let wanted = "`http://host:port`, `https://host:port` or `unix:<path>` such as `http://127.0.0.1:8081`";
        let endpoint = Endpoint::read(text, WEB).filter(|endpoint| endpoint.path == "/");
        endpoint.map(Self::Tcp).ok_or_else(|| not(wanted, shown))
    }
}
