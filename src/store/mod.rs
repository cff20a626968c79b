//! The store: what Redis holds, and the functions that alone decide over it.
//!
//! [`key`] and [`record`] describe the layout; [`functions`] holds what runs inside Redis; one file per operation calls it.
//! `call` is the one way there, over `connection`; `failover` says whose data are found there and who else has them;
//! `preflight` whether a server may be used at all. Knows nothing of HTTP. An outage is a [`StoreError`]; a refusal is an
//! ordinary answer.

pub mod backlog;
mod budget;
mod call;
mod call_keys;
mod cancel;
pub mod check;
pub mod claim;
pub mod clock;
mod connection;
pub mod counters;
mod damaged;
pub mod delivery;
pub mod embedded;
mod erase;
pub mod error;
mod failover;
mod fingerprints;
pub mod functions;
#[doc(hidden)]
pub mod fuzzing;
pub mod get;
pub mod guard;
pub mod inspect;
pub mod key;
pub mod libraries;
pub mod limits;
pub mod lines;
pub mod lock;
pub mod locks;
pub mod message;
mod needs;
pub mod network;
pub mod note;
pub mod outbox;
mod packed;
pub mod person;
mod pipeline;
mod preflight;
mod read_access;
mod reason;
pub mod record;
mod reply;
pub mod reserve;
pub mod risk;
pub mod send;
pub mod settle;
pub mod status;
pub mod tally;
pub mod target;
pub mod unlock;

use std::{
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

pub use call_keys::{Answer, Barred, CallKeys, IdempotencyRef};
use clock::ClockWatch;
use connection::Topology;
pub use connection::{HostPort, SCHEMES, Server, TlsFiles, check_files};
pub use error::StoreError;
pub use failover::{Durability, positions};
pub use fingerprints::Fingerprints;
pub use packed::{Limit, Lock};
use positions::Positions;

use crate::{metrics::Metrics, policy::Policy};

/// The store asks the functions over one Redis, or over the primaries of a cluster.
#[derive(Debug)]
pub struct Store {
    topology: Arc<Topology>,
    timeout: Duration,
    durability: Durability,
    /// The database of a server that is not 0 is selected.
    selects: bool,
    /// How far the events of each bucket are known to have gone.
    pub positions: Arc<Positions>,
    /// Whether the server's first run began with all that was written.
    pub clean_start: embedded::CleanStart,
    limits: limits::PackedLimits,
    /// This sidecar's name in events.
    name: String,
    /// Why this server must not be asked, `None` = it may.
    unusable: RwLock<Option<String>>,
    /// Whether the last examination passed and no connection broke since.
    examined: AtomicBool,
    /// Whether the keys are known to be those of these data.
    keys_known: AtomicBool,
    peppers: Mutex<fingerprints::Peppers>,
    clock: Mutex<ClockWatch>,
    /// When the libraries of other versions were last looked at.
    libraries: libraries::Looked,
    /// Values that could not be read, as far as the log named them.
    damaged: damaged::Damaged,
    /// Events of a later version that wait in each bucket, as far as this sidecar exports it.
    pub kept: backlog::Kept,
    /// Where messages are due.
    due: message::DueBuckets,
    metrics: Arc<Metrics>,
}

/// Options say where the store is, and how it is asked.
#[derive(Debug, Clone, Copy)]
pub struct StoreOptions<'a> {
    /// The servers.
    pub server: &'a Server,
    /// How long a call takes at most (`OTP_REDIS_TIMEOUT`).
    pub timeout: Duration,
    /// Who must have what was written (`OTP_DURABILITY`).
    pub durability: Durability,
}

impl Store {
    /// Prepares a store for the sidecar of this `name`; nothing is sent yet.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] if there can be no connection to it.
    pub fn new(
        options: StoreOptions<'_>,
        policy: &Policy,
        name: &str,
        metrics: Arc<Metrics>,
    ) -> Result<Self, StoreError> {
        let StoreOptions { server, timeout, durability } = options;
        metrics.begin_scripts(functions::all().iter().map(|function| function.name));
        Ok(Self {
            topology: Arc::new(Topology::new(server, timeout)?),
            timeout,
            durability,
            selects: server.selects(),
            positions: Arc::default(),
            clean_start: embedded::CleanStart::default(),
            limits: limits::PackedLimits::new(policy),
            name: name.to_owned(),
            unusable: RwLock::new(Some("it has not been examined yet".into())),
            examined: AtomicBool::new(false),
            keys_known: AtomicBool::new(false),
            peppers: Mutex::default(),
            clock: Mutex::default(),
            libraries: libraries::Looked::default(),
            damaged: damaged::Damaged::new(Arc::clone(&metrics)),
            kept: backlog::Kept::default(),
            due: message::DueBuckets::default(),
            metrics,
        })
    }

    /// Whether the last examination passed, no connection broke since, and the server may be used.
    pub fn ready(&self) -> bool {
        self.examined.load(Ordering::Relaxed) && self.why_unusable().is_none()
    }

    /// Notes whether the once-a-second examination passed. Single answers never make the server ready: one that is full
    /// still answers what frees memory.
    pub fn set_reachable(&self, passed: bool) {
        self.examined.store(passed, Ordering::Relaxed);
    }

    /// Refuses while the server is unusable.
    fn usable(&self, name: &'static str) -> Result<(), StoreError> {
        let Some(reason) = self.why_unusable() else { return Ok(()) };
        self.metrics.store_errors.of(name, "unfit").inc();
        Err(StoreError::Unusable(reason))
    }

    /// Counts an outage, and keeps what it says about the server.
    fn note<T>(&self, operation: &'static str, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &answer {
            self.metrics.store_errors.of(operation, error.label()).inc();
            if error.label() == "connection" && !self.topology.clustered() {
                self.examined.store(false, Ordering::Relaxed);
            }
        }
        answer
    }

    fn why_unusable(&self) -> Option<String> {
        self.unusable.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_unusable(&self, reason: Option<String>) {
        *self.unusable.write().unwrap_or_else(PoisonError::into_inner) = reason;
    }
}
