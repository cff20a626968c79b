//! The environment becomes one checked [`Config`], once, at start.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use secrecy::{SecretSlice, SecretString};

use crate::policy::Policy;

/// Everything the sidecar was told, checked and complete.
#[derive(Debug)]
pub struct Config {
    /// Where the app's interface listens (`OTP_LISTEN`).
    pub listen: ListenAddr,
    /// Where the operator's interface listens (`OTP_ADMIN_LISTEN`).
    pub admin_listen: ListenAddr,
    /// Who may call the app's interface. Empty: anyone on loopback, as tenant `default`.
    pub api_keys: Vec<NamedKey>,
    /// Who may change things on the admin listener.
    pub admin_keys: Vec<NamedKey>,
    /// Who may look at things on the admin listener.
    pub viewer_keys: Vec<NamedKey>,
    /// The limits.
    pub policy: Policy,
    /// How codes are hashed (`OTP_HASH`).
    pub hash: HashScheme,
    /// The pepper ring, active one first (`OTP_PEPPER`). Empty only with the embedded store, which then makes its own.
    pub peppers: Vec<Pepper>,
    /// `OTP_INDEX_KEY`. `None` only with the embedded store, which then makes its own.
    pub index_key: Option<SecretSlice<u8>>,
    /// Which Redis (`REDIS_URL`).
    pub store: StoreTarget,
    /// Longest wait for one call to the store (`OTP_REDIS_TIMEOUT`).
    pub redis_timeout: Duration,
    /// `OTP_DATA_DIR`.
    pub data_dir: PathBuf,
    /// A filter as `tracing-subscriber` reads it (`OTP_LOG`).
    pub log: String,
    /// `OTP_LOG_FORMAT`; `None` = text on a terminal, else JSON.
    pub log_format: Option<LogFormat>,
    /// Connections per listener (`OTP_MAX_CONNECTIONS`).
    pub max_connections: usize,
    /// Longest request body in bytes (`OTP_MAX_BODY_BYTES`).
    pub max_body_bytes: usize,
}

/// An address to listen on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddr {
    /// `host:port`.
    Tcp(SocketAddr),
    /// `unix:<path>`.
    Unix(PathBuf),
}

/// A secret that names its bearer: the tenant of an app's key, the actor of an operator's.
#[derive(Debug, Clone)]
pub struct NamedKey {
    /// Tenant or actor, `[a-z0-9_-]{1,32}`.
    pub name: String,
    /// At least 32 characters, no comma.
    pub secret: SecretString,
}

/// One pepper of the ring.
#[derive(Debug, Clone)]
pub struct Pepper {
    /// The operator's name for it; empty when the variable held a bare value.
    pub kid: String,
    /// At least 32 bytes, decoded.
    pub value: SecretSlice<u8>,
}

/// How a code is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashScheme {
    /// HMAC-SHA-256 under the pepper, 16 bytes.
    Hmac,
}

/// Which store is used.
#[derive(Debug, Clone)]
pub enum StoreTarget {
    /// `REDIS_URL` unset: a private server under `data_dir`, started by us.
    Embedded {
        /// `OTP_REDIS_BIN`; `None` = `redis-server`, then `valkey-server`, on `PATH`.
        binary: Option<PathBuf>,
    },
    /// `redis://`, `rediss://`, `unix:`/`redis+unix:`. May hold a password: never printed.
    Url(SecretString),
}

/// `OTP_LOG_FORMAT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}
