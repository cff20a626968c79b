//! What the operator's commands read: where the admin listener is, and the key to speak with.

use std::{ffi::OsString, path::PathBuf};

use rustls::pki_types::ServerName;
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    mistake::{Mistake, printable},
    reader::{Reader, Reported},
    tls,
    variable::Kind,
};
use crate::tls::Pair;

/// The ports of `http://` and `https://` where none is named.
const HTTP: u16 = 80;
const HTTPS: u16 = 443;

/// See the module.
#[derive(Debug)]
pub struct ClientConfig {
    /// `OTP_ADMIN_URL`.
    pub server: AdminAddr,
    /// `OTP_ADMIN_KEY`; `None` where the listener takes no key.
    pub key: Option<SecretString>,
    /// What is shown where the listener asks for a certificate (`OTP_ADMIN_TLS_CERT`, `OTP_ADMIN_TLS_KEY`).
    pub pair: Option<Pair>,
    /// For whom the listener's certificate must be, if not for the host of `server` (`OTP_ADMIN_TLS_NAME`).
    pub name: Option<ServerName<'static>>,
}

/// Where an admin listener is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdminAddr {
    /// `http://host:port` or `https://host:port`
    Tcp {
        /// Whether it speaks TLS.
        secure: bool,
        /// A name or an address, without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// `unix:<path>`
    Unix(PathBuf),
}

impl std::fmt::Display for AdminAddr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp { secure, .. } => {
                write!(f, "{}://{}", if *secure { "https" } else { "http" }, self.authority())
            }
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl AdminAddr {
    /// What a client puts into `Host`.
    pub fn authority(&self) -> String {
        match self {
            Self::Tcp { host, port, .. } if host.contains(':') => format!("[{host}]:{port}"),
            Self::Tcp { host, port, .. } => format!("{host}:{port}"),
            Self::Unix(_) => "localhost".to_owned(),
        }
    }
}

impl ClientConfig {
    /// Reads the environment, given as pairs of name and value. Only its own variables matter.
    ///
    /// # Errors
    /// Every mistake at once, none with the value of a secret.
    pub fn from_env(environment: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Self, Vec<Mistake>> {
        let mut reader = Reader::of_client(environment);
        match assemble(&mut reader) {
            Ok(config) if reader.mistakes.is_empty() => Ok(config),
            _ => Err(reader.mistakes),
        }
    }
}

fn assemble(r: &mut Reader) -> Result<ClientConfig, Reported> {
    let server = r.read("OTP_ADMIN_URL", address);
    let key = match r.secret("OTP_ADMIN_KEY")? {
        // What no header can carry is no key.
        Some(given) if !given.text.expose_secret().bytes().all(|b| b.is_ascii_graphic()) => {
            r.mistake(&given.variable, "has characters other than visible ASCII");
            return Err(Reported);
        }
        given => given.map(|given| given.text),
    };
    let (pair, name) = (tls::read_own(r), tls::read_name(r));
    Ok(ClientConfig { server: server?, key, pair: pair?, name: name? })
}

fn address(_: &Kind, text: &str) -> Result<AdminAddr, String> {
    if let Some(path) = text.strip_prefix("unix:").filter(|path| !path.is_empty()) {
        // Both `unix:/path` and `unix:///path` are seen in the wild.
        return Ok(AdminAddr::Unix(path.strip_prefix("//").unwrap_or(path).into()));
    }
    let wrong = || {
        // What stands before an @ may be a secret.
        let shown = if text.contains('@') { "a URL with a user".to_owned() } else { printable(text) };
        format!(
            "must be `http://host:port`, `https://host:port` or `unix:<path>` such as `http://127.0.0.1:8081`, not `{shown}`"
        )
    };
    let (secure, rest) = match (text.strip_prefix("http://"), text.strip_prefix("https://")) {
        (Some(rest), _) => (false, rest),
        (_, Some(rest)) => (true, rest),
        _ => return Err(wrong()),
    };
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inside, port)) => (inside, port),
        None => authority.find(':').map_or((authority, ""), |colon| authority.split_at(colon)),
    };
    let port = match port.strip_prefix(':') {
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().map_err(|_| wrong())?,
        None if port.is_empty() => {
            if secure {
                HTTPS
            } else {
                HTTP
            }
        }
        _ => return Err(wrong()),
    };
    let named = |b: u8| b.is_ascii_alphanumeric() || b"-._:".contains(&b);
    if host.is_empty() || !host.bytes().all(named) {
        return Err(wrong());
    }
    Ok(AdminAddr::Tcp { secure, host: host.to_owned(), port })
}
