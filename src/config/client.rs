//! What the operator's commands read: where the admin listener is, and the key to speak with.

use std::{ffi::OsString, path::PathBuf};

use rustls::pki_types::ServerName;
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    Diagnostic,
    reader::{Reader, Reported},
    table as env, tls,
    value::{Value, not},
    variable::{CLIENT, Kind},
};
use crate::tls::Pair;

/// What the operator's commands need.
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
            Self::Tcp { secure: true, .. } => write!(f, "https://{}", self.authority()),
            Self::Tcp { .. } => write!(f, "http://{}", self.authority()),
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
    pub fn from_env(environment: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Self, Vec<Diagnostic>> {
        let mut reader = Reader::only(environment, |row| row.group == CLIENT);
        match assemble(&mut reader) {
            Ok(config) if reader.mistakes.is_empty() => Ok(config),
            _ => Err(reader.mistakes),
        }
    }
}

fn assemble(r: &mut Reader) -> Result<ClientConfig, Reported> {
    let server = r.get(&env::OTP_ADMIN_URL);
    let key = match r.secret(&env::OTP_ADMIN_KEY)? {
        // What no header can carry is no key.
        Some(given) if !given.text.expose_secret().bytes().all(|b| b.is_ascii_graphic()) => {
            return Err(r.mistake(&given.variable, "has characters other than visible ASCII"));
        }
        given => given.map(|given| given.text),
    };
    let (pair, name) = (tls::read_own(r), r.given(&env::OTP_ADMIN_TLS_NAME));
    Ok(ClientConfig { server: server?, key, pair: pair?, name: name? })
}

impl Value for ServerName<'static> {
    fn parse(_: &Kind, text: &str) -> Result<Self, String> {
        Self::try_from(text.to_owned()).map_err(|_| "must be the name or address in a certificate".to_owned())
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
        tcp(text).ok_or_else(|| not(wanted, shown))
    }
}

fn tcp(text: &str) -> Option<AdminAddr> {
    let (scheme, rest) = text.split_once("://")?;
    let (secure, usual) = match scheme {
        "http" => (false, 80),
        "https" => (true, 443),
        _ => return None,
    };
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inside, port)) => (inside, port),
        None => authority.find(':').map_or((authority, ""), |colon| authority.split_at(colon)),
    };
    let port = match port.strip_prefix(':') {
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().ok()?,
        None if port.is_empty() => usual,
        _ => return None,
    };
    let named = |b: u8| b.is_ascii_alphanumeric() || b"-._:".contains(&b);
    let named = !host.is_empty() && host.bytes().all(named);
    named.then(|| AdminAddr::Tcp { secure, host: host.to_owned(), port })
}
