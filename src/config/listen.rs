//! Addresses to listen on.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use super::{
    Preset,
    reader::{Reader, Reported},
    table as env,
    value::{Value, not},
    variable::Kind,
};

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

impl Value for ListenAddr {
    fn parse(_: &Kind, text: &str) -> Result<Self, String> {
        match text.strip_prefix("unix:") {
            Some(path) if (1..=LONGEST_SOCKET_PATH).contains(&path.len()) => return Ok(Self::Unix(path.into())),
            Some(path) => {
                let given = path.len();
                return Err(format!(
                    "must name a socket of 1 to {LONGEST_SOCKET_PATH} bytes after `unix:`, not {given}"
                ));
            }
            None => {}
        }
        let local = text.strip_prefix("localhost:").and_then(|port| port.parse().ok());
        let local = local.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let wanted = "`ip:port`, `localhost:port` or `unix:<path>` such as `127.0.0.1:8080`";
        local.or_else(|| text.parse().ok()).map(Self::Tcp).ok_or_else(|| not(wanted, text))
    }
}

/// Where both interfaces listen.
pub(super) struct Listeners {
    pub(super) app: Result<ListenAddr, Reported>,
    pub(super) admin: Result<ListenAddr, Reported>,
}

impl Listeners {
    /// Whether neither of them is reached over TCP.
    pub(super) fn are_unix(&self) -> bool {
        matches!((&self.app, &self.admin), (Ok(ListenAddr::Unix(_)), Ok(ListenAddr::Unix(_))))
    }
}

/// Reads both, and what must hold of an address that others can reach.
pub(super) fn read(r: &mut Reader) -> Listeners {
    let (app, admin) = (r.get(&env::OTP_LISTEN), r.get(&env::OTP_ADMIN_LISTEN));
    if let (Ok(app), Ok(admin)) = (&app, &admin) {
        check_apart(r, app, admin);
    }
    for (name, address) in [("OTP_LISTEN", &app), ("OTP_ADMIN_LISTEN", &admin)] {
        if let Ok(address) = address {
            check_development(r, name, address);
        }
    }
    if let Ok(address) = &app
        && !r.is_set("OTP_API_KEYS")
    {
        check_open(r, "OTP_LISTEN", address, "OTP_API_KEYS", " as tenant `default`");
    }
    if let Ok(address) = &admin
        && !r.is_set("OTP_ADMIN_KEYS")
        && !r.is_set("OTP_VIEWER_KEYS")
    {
        check_open(r, "OTP_ADMIN_LISTEN", address, "OTP_ADMIN_KEYS", " as an operator");
    }
    Listeners { app, admin }
}

/// Both listeners at one address would mix the app's doors with the operator's. Port 0 is a new port each time.
fn check_apart(r: &mut Reader, app: &ListenAddr, admin: &ListenAddr) {
    let any_port = matches!(app, ListenAddr::Tcp(address) if address.port() == 0);
    if app == admin && !any_port {
        r.mistake("OTP_ADMIN_LISTEN", format!("must differ from OTP_LISTEN; both are `{app}`"));
    }
}

/// Limits for a laptop are none for others.
fn check_development(r: &mut Reader, name: &str, address: &ListenAddr) {
    if r.preset == Preset::Development && !address.is_local() {
        let only = "OTP_PRESET=development serves on loopback or a unix socket only, since it has next to no limits";
        r.mistake(name, format!("must not be {address}: {only}; for others set OTP_PRESET=hardened or balanced"));
    }
}

/// Without a key only this machine may reach a listener.
fn check_open(r: &mut Reader, name: &str, address: &ListenAddr, keys: &str, bearer: &str) {
    if address.is_local() {
        r.warn(keys, format!("is not set: whoever reaches {address} ({name}) may call it{bearer}"));
    } else {
        r.mistake(keys, format!("must be set, since {address} ({name}) is neither loopback nor a unix socket"));
    }
}
