//! Sinks: what is in the trails goes out to others, by syslog and by webhook, each with a cursor of its own.
//!
//! A [`Courier`] for each sink reads the trails of a directory as far as their heads tell (`reading`), shapes the events
//! (`shape`, [`ocsf`]), hands them over (`syslog`, `webhook`) and moves its cursor. All of them live on one thread, on
//! which they wait for nobody but those whom they send to, and never for one another. What is sent is sent at least once:
//! whoever gets it knows it again by bucket, epoch and number.

mod courier;
pub mod ocsf;
mod reading;
mod shape;
mod syslog;
mod webhook;

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use futures_util::future::join_all;
use tokio::{runtime::Handle, sync::watch};

pub use courier::Courier;

use crate::{config::SinkSettings, metrics::Metrics, secret::PublicKey, service::Service};

/// What couriers share.
#[derive(Debug, Clone)]
pub struct Parts {
    /// Where trails lie (`OTP_AUDIT_DIR`).
    pub root: PathBuf,
    /// Verifies their heads: of trails that others signed nothing goes out.
    pub public: PublicKey,
    /// Opens names, on the runtime that its connections belong to.
    pub service: Arc<Service>,
    /// That runtime.
    pub runtime: Handle,
    /// Counts.
    pub metrics: Arc<Metrics>,
}

/// Who gets events.
enum Target {
    Syslog(syslog::Syslog),
    Webhook(webhook::Webhook),
}

/// Why nothing was handed over.
struct Stuck {
    why: String,
    /// For how long the receiver wants to be left alone.
    wait: Duration,
    /// Whether what lay in buffers may be lost.
    abrupt: bool,
}

impl From<io::Error> for Stuck {
    fn from(error: io::Error) -> Self {
        let abrupt = error.kind() != io::ErrorKind::UnexpectedEof;
        Self { why: error.to_string(), wait: Duration::ZERO, abrupt }
    }
}

/// A courier for each sink; each has a cursor in every trail of the directory that is free once this returns.
pub fn couriers(settings: &SinkSettings, parts: &Parts) -> Vec<Courier> {
    let SinkSettings { format, names, syslog, webhook } = settings.clone();
    let syslog = syslog.map(|to| Target::Syslog(syslog::Syslog::new(to)));
    let webhook = webhook.map(|to| Target::Webhook(webhook::Webhook::new(to)));
    let courier = |target| Courier::new(parts.clone(), format, names, target);
    syslog.into_iter().chain(webhook).map(courier).collect()
}

/// Ships until `stop` turns true, then once more what is there.
pub async fn ship(couriers: Vec<Courier>, stop: watch::Receiver<bool>) {
    join_all(couriers.into_iter().map(|courier| courier.run(stop.clone()))).await;
}
