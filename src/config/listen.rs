//! Addresses to listen on.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use super::{Preset, mistake::printable, reader::Reader, variable::Kind};

/// `sun_path` has 108 bytes, the last of which is NUL (`unix(7)`).
const LONGEST_SOCKET_PATH: usize = 107;

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

pub(super) fn parse(_: &Kind, text: &str) -> Result<ListenAddr, String> {
    if let Some(path) = text.strip_prefix("unix:") {
        return if (1..=LONGEST_SOCKET_PATH).contains(&path.len()) {
            Ok(ListenAddr::Unix(path.into()))
        } else {
            Err(format!("must name a socket of 1 to {LONGEST_SOCKET_PATH} bytes after `unix:`, not {}", path.len()))
        };
    }
    let local = text.strip_prefix("localhost:").and_then(|port| port.parse().ok());
    let address = match local {
        Some(port) => Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
        None => text.parse().ok(),
    };
    address.map(ListenAddr::Tcp).ok_or_else(|| {
        let shown = printable(text);
        format!("must be `ip:port`, `localhost:port` or `unix:<path>` such as `127.0.0.1:8080`, not `{shown}`")
    })
}

/// Both listeners at one address would mix the app's doors with the operator's. Port 0 is a new port each time.
pub(super) fn check_apart(r: &mut Reader, app: &ListenAddr, admin: &ListenAddr) {
    let any_port = matches!(app, ListenAddr::Tcp(address) if address.port() == 0);
    if app == admin && !any_port {
        r.mistake("OTP_ADMIN_LISTEN", format!("must differ from OTP_LISTEN; both are `{app}`"));
    }
}

/// Limits for a laptop are none for others.
pub(super) fn check_development(r: &mut Reader, name: &'static str, address: &ListenAddr) {
    if r.preset == Preset::Development && !address.is_local() {
        let only = "OTP_PRESET=development serves on loopback or a unix socket only, since it has next to no limits";
        r.mistake(name, format!("must not be {address}: {only}; for others set OTP_PRESET=hardened or balanced"));
    }
}

/// Without a key only this machine may reach a listener.
pub(super) fn check_open(r: &mut Reader, listen: (&'static str, &ListenAddr), keys: &'static str, tenant: &str) {
    let (name, address) = listen;
    if address.is_local() {
        r.warn(keys, format!("is not set: whoever reaches {address} ({name}) may call it{tenant}"));
    } else {
        r.mistake(keys, format!("must be set, since {address} ({name}) is neither loopback nor a unix socket"));
    }
}
