//! Delivering: a code that we hand over ourselves, and what became of its message.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde::Serialize;
use zeroize::Zeroizing;

use super::{Service, ServiceError, destination::Destination, time::rfc3339};
use crate::{
    delivery::{DeliverySettings, Job, Outbox, Reason, Ticket},
    policy::Outcome,
    secret::{Code, Generation, MessageAbout, Reference},
    store::{
        check::{Checked, Found},
        message::HeldMessage,
        send::Sent,
        target::Target,
    },
};

/// What became of a message.
#[derive(Debug, Serialize)]
pub struct Delivery {
    state: Outcome,
    channel: String,
    /// Where to; only operators are shown it.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    /// Tries that were begun.
    tries: u8,
    /// Since when it is as it is; `None` while it is under way.
    at: Option<String>,
    /// Why the last try failed.
    reason: Option<Reason>,
}

/// The delivery of a code that was just issued: of all that can be said, what is the same for every one.
#[derive(Debug, Serialize)]
pub struct Queued {
    pub(super) state: Outcome,
}

/// A message that is about to be put beside its code.
pub(super) struct Outgoing {
    outbox: Arc<Outbox>,
    ticket: Ticket,
    job: Job,
    /// As the store takes it.
    pub(super) packed: Vec<u8>,
}

impl Delivery {
    pub(super) fn new(held: HeldMessage, to: Option<String>) -> Self {
        let HeldMessage { state, tries, reason, at, channel, .. } = held;
        let at = (state != Outcome::Queued).then(|| rfc3339(at));
        Self { state, channel, to, tries, at, reason: Reason::from_number(reason) }
    }

    pub(super) fn channel(&self) -> &str {
        &self.channel
    }
}

impl Service {
    /// Delivers codes too, by this outbox.
    #[must_use]
    pub fn delivering(self, outbox: Option<Arc<Outbox>>) -> Self {
        self.policy.destinations.prefixes.labels().for_each(|prefix| self.metrics.begin_prefix(prefix));
        Self { outbox, ..self }
    }

    /// How codes are delivered, where they are.
    pub fn delivery_settings(&self) -> Option<&DeliverySettings> {
        self.outbox.as_ref().map(|outbox| &*outbox.settings)
    }

    /// A place for a message among those under way; `None` where the caller delivers.
    pub(super) fn delivery_ticket(&self, to: Option<&Destination>) -> Result<Option<Ticket>, ServiceError> {
        let outbox = self.outbox.as_ref().filter(|_| to.is_some());
        outbox.map(|outbox| outbox.ticket().ok_or(ServiceError::Overloaded)).transpose()
    }

    /// Seals the message that is to carry a code that is about to be issued.
    pub(super) fn outgoing(
        &self,
        ticket: Option<Ticket>,
        about: Option<MessageAbout>,
        subject: Reference,
        generation: Generation,
        code: &Code,
    ) -> Result<Option<Box<Outgoing>>, ServiceError> {
        let (Some(outbox), Some(ticket), Some(about)) = (&self.outbox, ticket, about) else { return Ok(None) };
        let (code, left, since) = (Zeroizing::new(code.expose().to_owned()), Duration::ZERO, Instant::now());
        let job = Job { subject, generation, about, step: 0, code, tries: 1, left, since };
        let packed = outbox.seal(&job).ok_or(ServiceError::Internal)?;
        Ok(Some(Box::new(Outgoing { outbox: Arc::clone(outbox), ticket, job, packed })))
    }

    /// Where a message of this subject went, as it was sealed.
    pub(super) fn about(&self, subject: &Reference, generation: &Generation, sealed: &[u8]) -> Option<MessageAbout> {
        let outbox = self.outbox.as_ref().filter(|_| !sealed.is_empty())?;
        outbox.open_about(generation, sealed).filter(|about| about.is_of(subject))
    }

    /// Where the message of this issue went whose code was right, if anybody can tell; what it was charged is there for others.
    pub(super) fn proven(
        &self,
        subject: &Reference,
        generation: Generation,
        proven: &[u8],
        replayed: bool,
    ) -> Option<String> {
        let (step, sealed) = proven.split_first()?;
        let about = self.about(subject, &generation, sealed)?;
        if !replayed {
            self.proven_at(&about, *step, generation);
        }
        about.ways.into_iter().nth(usize::from(*step)).map(|way| way.to)
    }

    /// Tells a user of the lock that this check began, if a real code just went to a mail address. Nobody waits for it.
    pub(super) fn tell_locked(&self, target: &Target<'_>, checked: &Checked) {
        let Some(outbox) = self.outbox.as_ref().filter(|outbox| outbox.settings.notify_lockout) else { return };
        let Some(Found { generation, expires, lifetime, .. }) = checked.found.clone() else { return };
        let (outbox, store, purpose) = (Arc::clone(outbox), Arc::clone(&self.store), target.purpose.to_owned());
        let (subject, tag, spelling) = (target.subject, target.tag, target.spelling);
        let left = Duration::from_millis(checked.lock.until.saturating_sub(checked.now));
        tokio::spawn(async move {
            let issue = Some((generation, expires + u64::from(lifetime)));
            let seen = store.get(&Target { subject, purpose: &purpose, tag, spelling, issue }).await.ok()?;
            let message = seen.message.filter(|message| message.state == Outcome::Accepted)?;
            let about = outbox.open_about(&generation, &message.about)?;
            (about.is_of(&subject) && about.decoy == 0).then_some(())?;
            outbox.tell_locked(&about, message.step, &generation, left).await
        });
    }
}

impl Outgoing {
    /// Tries at once, now that the code is issued.
    pub(super) fn start(self, sent: &Sent) {
        let Self { outbox, ticket, job, .. } = self;
        if sent.generation.is_some() && !sent.superseded {
            let left = Duration::from_millis(sent.expires.saturating_sub(sent.now));
            outbox.start(Job { left, ..job }, ticket);
        }
    }
}
