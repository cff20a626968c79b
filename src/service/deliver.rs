//! Delivering: a code that we hand over ourselves, and what became of its message.

use std::{sync::Arc, time::Instant};

use serde::Serialize;
use zeroize::Zeroizing;

use super::{Service, ServiceError, time::rfc3339};
use crate::{
    delivery::{Job, Outbox, Reason, Ticket, address::masked},
    policy::{Outcome, Subject},
    secret::{Code, Generation, MessageAbout, MessageCode, Reference},
    store::{message::HeldMessage, send::Sent},
};

/// Where a code goes that the caller does not deliver.
#[derive(Clone)]
pub struct Destination {
    /// Which way.
    pub channel: String,
    /// Where to, byte for byte as the caller gave it.
    pub to: String,
    /// The words' language, if the caller named one.
    pub locale: Option<String>,
}

/// What became of a message.
#[derive(Debug, Serialize)]
pub struct Delivery {
    state: &'static str,
    channel: String,
    /// Where to; only operators are shown it.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    /// Tries that were begun.
    tries: u8,
    /// Since when it is as it is; `None` while it is under way.
    at: Option<String>,
    /// Why the last try failed.
    reason: Option<&'static str>,
}

/// The delivery of a code that was just issued: of all that can be said, what is the same for every one.
#[derive(Debug, Serialize)]
pub struct Queued {
    state: &'static str,
}

/// A code that a message is to carry.
pub(super) struct Carried<'a> {
    pub(super) tenant: &'a str,
    pub(super) subject: &'a Subject,
    pub(super) reference: &'a Reference,
    pub(super) purpose: &'a str,
    pub(super) generation: &'a Generation,
    pub(super) code: &'a Code,
    /// Whether anybody could type it.
    pub(super) known: bool,
}

/// A message that is about to be put beside its code.
pub(super) struct Outgoing {
    outbox: Arc<Outbox>,
    ticket: Ticket,
    channel: String,
    about: MessageAbout,
    code: MessageCode,
    since: Instant,
    /// As the store takes it.
    pub(super) packed: Vec<u8>,
}

impl Delivery {
    pub(super) fn new(held: HeldMessage, to: Option<String>) -> Self {
        let HeldMessage { state, tries, reason, at, channel, .. } = held;
        let at = (state != Outcome::Queued).then(|| rfc3339(at));
        Self { state: state.label(), channel, to, tries, at, reason: Reason::from_number(reason).map(Reason::label) }
    }

    pub(super) fn channel(&self) -> &str {
        &self.channel
    }
}

impl Queued {
    pub(super) fn new() -> Self {
        Self { state: Outcome::Queued.label() }
    }
}

impl Destination {
    pub(super) fn masked(&self) -> String {
        masked(&self.to)
    }
}

impl Service {
    /// Delivers codes too, by this outbox.
    #[must_use]
    pub fn delivering(self, outbox: Option<Arc<Outbox>>) -> Self {
        Self { outbox, ..self }
    }

    /// Whether there is a channel of this name.
    pub fn has_channel(&self, channel: &str) -> bool {
        self.outbox.as_ref().is_some_and(|outbox| outbox.has(channel))
    }

    /// A place for a message among those under way; `None` where the caller delivers.
    pub(super) fn delivery_ticket(&self, to: Option<&Destination>) -> Result<Option<Ticket>, ServiceError> {
        let outbox = self.outbox.as_ref().filter(|_| to.is_some());
        outbox.map(|outbox| outbox.ticket().ok_or(ServiceError::Overloaded)).transpose()
    }

    /// Seals the message of a code that is about to be issued.
    pub(super) fn outgoing(
        &self,
        ticket: Option<Ticket>,
        to: Option<&Destination>,
        carried: &Carried<'_>,
    ) -> Result<Option<Box<Outgoing>>, ServiceError> {
        let (Some(outbox), Some(ticket), Some(to)) = (&self.outbox, ticket, to) else { return Ok(None) };
        let about = MessageAbout {
            tenant: carried.tenant.to_owned(),
            subject: self.named(carried.subject),
            purpose: carried.purpose.to_owned(),
            to: to.to.clone(),
            locale: to.locale.clone(),
        };
        let code = MessageCode { code: Zeroizing::new(carried.code.expose().to_owned()), decoy: !carried.known };
        let packed = outbox.seal(carried.reference, carried.generation, &to.channel, &about, &code);
        let packed = packed.ok_or(ServiceError::Internal)?;
        let (outbox, channel, since) = (Arc::clone(outbox), to.channel.clone(), Instant::now());
        Ok(Some(Box::new(Outgoing { outbox, ticket, channel, about, code, since, packed })))
    }

    /// Where the message went whose code was right.
    pub(super) fn proven(&self, subject: &Reference, generation: Option<&Generation>, sealed: &[u8]) -> Option<String> {
        let outbox = self.outbox.as_ref().filter(|_| !sealed.is_empty())?;
        Some(outbox.open_about(subject, generation?, sealed)?.to)
    }
}

impl Outgoing {
    /// Tries at once, now that the code is issued.
    pub(super) fn start(self, subject: Reference, sent: &Sent) {
        let Self { outbox, ticket, channel, about, code, since, .. } = self;
        let (Some(generation), false) = (sent.generation, sent.superseded) else { return };
        let left = std::time::Duration::from_millis(sent.expires.saturating_sub(sent.now));
        outbox.start(Job { subject, generation, channel, about, code, tries: 1, left, since }, ticket);
    }
}

/// Nobody's address gets into a log by accident.
impl std::fmt::Debug for Destination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Destination(…)")
    }
}
