//! Delivery: a message with the code, once, whatever crashes. The only room that speaks to anybody but Redis and our callers.
//!
//! The function that issues a code puts its message beside it, sealed, and the sidecar that asked for it tries at once, from
//! memory ([`Outbox::start`]). What is left over, because a try failed or a sidecar died, any sidecar takes up by a lease. A
//! try is counted before it begins, so that there are never more messages than `OTP_DELIVERY_TRIES`; one that was accepted is
//! never followed by another. A message ends with its code.

pub mod address;
mod channel;
mod look;
mod outbox;
mod rehearsal;
pub mod smtp;
pub mod templates;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use lettre::message::Mailbox;
use rustls::ClientConfig;

pub use crate::event::Reason;
pub use channel::Channel;
pub use outbox::{Job, Outbox, Parts, Ticket};
use smtp::Relay;
use templates::Templates;

/// Delivery settings say which channels there are, and how much each is tried.
#[derive(Debug)]
pub struct DeliverySettings {
    /// The channels by name (`OTP_DELIVERY_URL__…`).
    pub channels: BTreeMap<String, Relay>,
    /// Who sends (`OTP_DELIVERY_FROM`).
    pub from: Mailbox,
    /// What the app calls itself (`OTP_APP_NAME`); `None` = its tenant.
    pub app_name: Option<String>,
    /// The words (`OTP_TEMPLATES_DIR`, `OTP_LOCALE`).
    pub templates: Templates,
    /// How long one try may take (`OTP_DELIVERY_TIMEOUT`).
    pub timeout: Duration,
    /// Most tries of one message (`OTP_DELIVERY_TRIES`).
    pub tries: u8,
    /// Most connections of a channel (`OTP_DELIVERY_CONNECTIONS`).
    pub connections: usize,
    /// Whom we trust (`OTP_DELIVERY_CA`); `None` where nothing is encrypted.
    pub tls: Option<Arc<ClientConfig>>,
}

/// How a try ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TryResult {
    /// The provider took the message.
    Accepted,
    /// It did not, and may do so soon.
    Transient,
    /// It did not, and never will.
    Permanent,
    /// It may have taken it.
    Unknown,
    /// There are no words for it.
    Broken,
}

impl TryResult {
    /// The word for it in metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Transient => "transient",
            Self::Permanent => "permanent",
            Self::Unknown => "unknown",
            Self::Broken => "broken",
        }
    }
}

/// Why a message was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// What that means.
    pub result: TryResult,
    /// The word for it.
    pub reason: Reason,
    /// What the provider said, as a number.
    pub status: Option<u16>,
}

impl Failure {
    fn unreachable() -> Self {
        Self { result: TryResult::Transient, reason: Reason::Unreachable, status: None }
    }

    /// The same where it is about no message in particular.
    fn transient(self) -> Self {
        Self { result: TryResult::Transient, ..self }
    }
}

#[cfg(test)]
impl DeliverySettings {
    fn sample() -> Self {
        let relay = Relay::parse("smtp+plain://127.0.0.1:1").unwrap();
        Self {
            channels: BTreeMap::from([("email".to_owned(), relay)]),
            from: "Shop <no-reply@shop.example>".parse().unwrap(),
            app_name: None,
            templates: Templates::load(None, &std::collections::BTreeSet::new(), "en").unwrap(),
            timeout: Duration::from_secs(1),
            tries: 3,
            connections: 2,
            tls: None,
        }
    }
}
