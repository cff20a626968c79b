//! Delivery: a message with the code, once, whatever crashes. The only room that speaks to anybody but Redis and our callers.
//!
//! The function that issues a code puts its message beside it, sealed, and the sidecar that asked for it tries at once, from
//! memory ([`Outbox::start`]). What is left over, because a try failed or a sidecar died, any sidecar takes up by a lease. A
//! try is counted before it begins, so that there are never more messages by a channel than `OTP_DELIVERY_TRIES`; one that
//! was accepted is never followed by another. Where a channel failed, the next that the caller named goes on. A message ends
//! with its code.

pub mod address;
mod attempt;
mod channel;
pub mod http;
mod look;
mod outbox;
mod rehearsal;
pub mod smtp;
pub mod templates;
mod test_recipients;

use std::{collections::BTreeMap, time::Duration};

pub use crate::event::Reason;
pub use channel::{Channel, Letter, Provider};
pub use outbox::{Job, Outbox, Ticket};
use templates::Templates;
pub use test_recipients::TestRecipients;

/// Delivery settings say which channels there are, and how much each is tried.
#[derive(Debug)]
pub struct DeliverySettings {
    /// The channels by name (`OTP_DELIVERY_URL__…`).
    pub channels: BTreeMap<String, Channel>,
    /// What the app calls itself (`OTP_APP_NAME`); `None` = its tenant.
    pub app_name: Option<String>,
    /// The words (`OTP_TEMPLATES_DIR`, `OTP_LOCALE`, `OTP_SMS_ORIGIN`).
    pub templates: Templates,
    /// How long one try may take (`OTP_DELIVERY_TIMEOUT`).
    pub timeout: Duration,
    /// Most tries of one message by one channel (`OTP_DELIVERY_TRIES`).
    pub tries: u8,
    /// To whom nothing is sent (`OTP_TEST_RECIPIENTS`).
    pub test_recipients: TestRecipients,
    /// Whether callers may give codes of their own (`OTP_CALLER_CODES`).
    pub caller_codes: bool,
    /// Whether users are told of a lock (`OTP_NOTIFY_USERS`).
    pub notify_lockout: bool,
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
    /// How long it asks us to wait.
    pub wait: Option<Duration>,
}

impl Failure {
    fn unreachable() -> Self {
        Self { result: TryResult::Transient, reason: Reason::Unreachable, status: None, wait: None }
    }

    fn refused(result: TryResult, status: Option<u16>) -> Self {
        Self { result, reason: Reason::Refused, status, wait: None }
    }
}

/// How a try of a message ended that was ours.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    /// The provider took it.
    Accepted,
    /// It is for a test recipient, to whom nothing is sent.
    Test,
    /// The provider did not take it, or nobody knows.
    Failed(Failure),
    /// We stop, and nobody waited for its end.
    Cut,
    /// It was not begun, and may be after so long.
    Put(Duration),
    /// It was not begun, since the provider is left alone for so long.
    Rests(Duration),
}
