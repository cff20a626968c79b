//! Who is behind a call, as far as the app told: for limits, and sealed for the trail.

use std::{net::IpAddr, sync::OnceLock};

use super::{Caller, Service, destination::Destination};
use crate::{
    event::EventContext,
    policy::Subject,
    risk::Signals,
    secret::{Id, Reference, Who},
};

/// The end user's side of a call.
#[derive(Debug, Default)]
pub struct Client {
    /// The end user's address.
    pub ip: Option<IpAddr>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// What the app calls the client's device.
    pub device_id: Option<String>,
    /// `consent` was `security_only`: user agent and device are used, and not kept.
    pub security_only: bool,
    /// What is known of them, once it was looked up.
    pub signals: OnceLock<Signals>,
}

/// A subject's spelling, for the trail.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'a> {
    /// As the app gave it, now or when a code was sent.
    name: &'a str,
    /// When the id was issued that it was taken from, ms since 1970.
    issued_ms: Option<u64>,
    /// Where its code goes, where we deliver it.
    destination: Option<&'a Destination>,
    /// Whether the app knows the subject, where it is asked.
    known: Option<bool>,
}

impl<'a> Named<'a> {
    /// That of a subject that the call names.
    pub(super) fn subject(subject: &'a Subject) -> Self {
        Self { name: subject.spelling(), issued_ms: None, destination: None, known: None }
    }

    /// The same of a send: where its code goes, and whether the app knows the subject.
    pub(super) fn sent(self, destination: Option<&'a Destination>, known: bool) -> Self {
        Self { destination, known: Some(known), ..self }
    }

    /// That which an id carries, if any.
    pub(super) fn id(id: &'a Id) -> Option<Self> {
        id.named().map(|name| Self { name, issued_ms: Some(id.issued_at()), destination: None, known: None })
    }
}

impl Service {
    /// What an event says of its call. Without `OTP_AUDIT_NAMES` nothing that has to be sealed.
    pub(super) fn context(
        &self,
        caller: Caller<'_>,
        reference: &Reference,
        named: Option<Named<'_>>,
        purpose: &str,
        network: Option<&Reference>,
        client: &Client,
    ) -> Vec<u8> {
        let kept = !client.security_only;
        let device_id = client.device_id.as_deref().filter(|device| kept && !device.is_empty());
        let destination = named.and_then(|named| named.destination);
        let signals = self.signals(client);
        let who = Who {
            subject: named.map(|named| named.name),
            issued_ms: named.and_then(|named| named.issued_ms),
            ip: client.ip,
            user_agent: client.user_agent.as_deref().filter(|_| kept),
            device_id,
            reason: None,
            to: destination.and_then(Destination::first).map(|way| &*way.to),
            security_only: client.security_only,
            subject_known: named.and_then(|named| named.known),
        };
        EventContext {
            request_id: caller.request_id,
            tenant: caller.tenant,
            purpose,
            network,
            device: device_id.map(|device| self.index.device(caller.tenant, device)).as_ref(),
            who: &if self.names { self.who.seal(reference, &who) } else { Vec::new() },
            channel: destination.and_then(Destination::first).map_or("", |way| &way.channel),
            test: destination.is_some_and(|destination| destination.test),
            signals: &signals.packed(),
            ..EventContext::about(reference)
        }
        .packed()
    }

    /// What an event says of a call about a verification.
    pub(super) fn context_of(&self, caller: Caller<'_>, id: &Id) -> Vec<u8> {
        self.context(caller, &id.reference, Named::id(id), &id.purpose, None, &Client::default())
    }

    /// The spelling that an id carries.
    pub(super) fn named(&self, subject: &Subject) -> String {
        if self.names { subject.spelling().to_owned() } else { String::new() }
    }
}

/// What an event says of a call of whose client nothing is to be kept.
pub(super) fn plain(caller: Caller<'_>, subject: &Reference, purpose: &str, network: Option<&Reference>) -> Vec<u8> {
    let Caller { request_id, tenant } = caller;
    EventContext { request_id, tenant, purpose, network, ..EventContext::about(subject) }.packed()
}
