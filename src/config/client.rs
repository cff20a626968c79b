//! What the operator's commands read: where the admin listener is, and the key to speak with.

use std::{ffi::OsString, path::PathBuf};

use secrecy::{ExposeSecret as _, SecretString};

use super::{
    mistake::{Mistake, printable},
    reader::{Reader, Reported},
    variable::Kind,
};

/// The port of `http://` where none is named.
const HTTP: u16 = 80;

/// See the module.
#[derive(Debug)]
pub struct ClientConfig {
    /// `OTP_ADMIN_URL`.
    pub server: AdminAddr,
    /// `OTP_ADMIN_KEY`; `None` where the listener takes no key.
    pub key: Option<SecretString>,
}

/// Where an admin listener is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdminAddr {
    /// `http://host:port`
    Tcp {
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
            Self::Tcp { host, port } if host.contains(':') => write!(f, "http://[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "http://{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl ClientConfig {
    /// Reads the environment, given as pairs of name and value. Only these two variables matter.
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
    Ok(ClientConfig { server: server?, key })
}

fn address(_: &Kind, text: &str) -> Result<AdminAddr, String> {
    if let Some(path) = text.strip_prefix("unix:").filter(|path| !path.is_empty()) {
        // Both `unix:/path` and `unix:///path` are seen in the wild.
        return Ok(AdminAddr::Unix(path.strip_prefix("//").unwrap_or(path).into()));
    }
    if text.starts_with("https:") {
        return Err("is https, which this version does not speak; use http on loopback, or unix".into());
    }
    let wrong = || {
        // What stands before an @ may be a secret.
        let shown = if text.contains('@') { "a URL with a user".to_owned() } else { printable(text) };
        format!("must be `http://host:port` or `unix:<path>` such as `http://127.0.0.1:8081`, not `{shown}`")
    };
    let authority =
        text.strip_prefix("http://").map(|rest| rest.strip_suffix('/').unwrap_or(rest)).ok_or_else(wrong)?;
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inside, port)) => (inside, port),
        None => authority.find(':').map_or((authority, ""), |colon| authority.split_at(colon)),
    };
    let port = match port.strip_prefix(':') {
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().map_err(|_| wrong())?,
        None if port.is_empty() => HTTP,
        _ => return Err(wrong()),
    };
    let named = |b: u8| b.is_ascii_alphanumeric() || b"-._:".contains(&b);
    if host.is_empty() || !host.bytes().all(named) {
        return Err(wrong());
    }
    Ok(AdminAddr::Tcp { host: host.to_owned(), port })
}
