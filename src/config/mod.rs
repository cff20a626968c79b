//! The environment becomes one checked [`Config`], once, at start.

mod address;
mod audit;
mod channels;
mod client;
mod delivery;
mod export;
mod keys;
mod limits;
mod listen;
mod load;
mod material;
mod names;
mod reader;
mod risk;
mod secrets;
mod store;
pub mod table;
mod targets;
mod texts;
pub mod threads;
mod tls;
mod value;
pub mod variable;
mod weak;
mod words;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use secrecy::SecretSlice;
use serde_json::Value;

pub use self::{
    address::{AdminAddr, ListenAddr},
    audit::AuditConfig,
    client::ClientConfig,
    export::{SinkSettings, WebhookTarget},
    keys::{Keys, NamedKey},
    load::{AuditKeys, audit_keys},
    secrets::Secrets,
    store::StoreTarget,
    targets::{Events, SyslogTarget},
    words::{Format, LogFormat, Names, Preset, Sink, WhenFull},
};
pub use crate::diagnostic::Diagnostic;
use crate::{
    delivery::DeliverySettings,
    policy::Policy,
    risk::geo::Locations,
    secret::{HashScheme, Pepper},
    store::Durability,
    tls::Tls,
};

/// Everything the sidecar was told, checked and complete.
#[derive(Debug)]
pub struct Config {
    /// Which column of defaults holds (`OTP_PRESET`).
    pub preset: Preset,
    /// Whether limits that make guessing likely were accepted (`OTP_ALLOW_WEAK`).
    pub allow_weak: bool,
    /// Where the app's interface listens (`OTP_LISTEN`).
    pub listen: ListenAddr,
    /// Where the operator's interface listens (`OTP_ADMIN_LISTEN`).
    pub admin_listen: ListenAddr,
    /// The certificate of TCP listeners, as it was read (`OTP_TLS_…`); `None` = they speak in the clear.
    pub tls: Option<Arc<Tls>>,
    /// Who may call either.
    pub keys: Keys,
    /// The limits.
    pub policy: Policy,
    /// How codes are hashed (`OTP_HASH`).
    pub hash: HashScheme,
    /// The pepper ring, active one first (`OTP_PEPPER`). Empty only with the embedded store, which then makes its own.
    pub peppers: Vec<Pepper>,
    /// `OTP_INDEX_KEY`. `None` only with the embedded store, which then makes its own.
    pub index_key: Option<SecretSlice<u8>>,
    /// Which Redis (`REDIS_URL`, `OTP_REDIS_CA`, `OTP_REDIS_CERT`, `OTP_REDIS_KEY`).
    pub store: StoreTarget,
    /// Longest wait for one call to the store (`OTP_REDIS_TIMEOUT`).
    pub redis_timeout: Duration,
    /// What must have a success, a lock or an operator's act before it is answered (`OTP_DURABILITY`).
    pub durability: Durability,
    /// `OTP_DATA_DIR`.
    pub data_dir: PathBuf,
    /// The audit trail (`OTP_AUDIT_…`).
    pub audit: AuditConfig,
    /// Who else is told of events (`OTP_EXPORT_…`, `OTP_SYSLOG_…`, `OTP_WEBHOOK_…`).
    pub sinks: SinkSettings,
    /// How codes are delivered (`OTP_DELIVERY_…`); `None` where callers do that.
    pub delivery: Option<Arc<DeliverySettings>>,
    /// Purposes by the sids of Twilio's services (`OTP_TWILIO_SERVICES`); none where that door is shut.
    pub twilio: BTreeMap<String, String>,
    /// What is learned of sign-ins (`OTP_RISK…`).
    pub risk: crate::risk::Settings,
    /// The location files, as they were read (`OTP_GEO_DB`); `None` = there are none.
    pub locations: Option<Arc<Locations>>,
    /// Threads that hash (`OTP_HASH_THREADS`).
    pub hash_threads: usize,
    /// A filter as `tracing-subscriber` reads it (`OTP_LOG`).
    pub log: String,
    /// `OTP_LOG_FORMAT`; `None` = text on a terminal, else JSON.
    pub log_format: Option<LogFormat>,
    /// Connections per listener (`OTP_MAX_CONNECTIONS`).
    pub max_connections: usize,
    /// Longest request body in bytes (`OTP_MAX_BODY_BYTES`).
    pub max_body_bytes: usize,
    /// Name and value of every variable that `serve` acts on, in the order of the table, each followed by what was set
    /// for single purposes. Secrets are reduced to whether they are set; other texts could be set again as they are.
    pub in_force: Vec<(String, Value)>,
}
