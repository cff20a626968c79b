//! The context of an event: what the sidecar knows of a call and no function inside Redis does.

use super::tag;
use crate::secret::Reference;

/// An event context holds what the sidecar adds to an event; it is packed once and handed to the function.
#[derive(Debug, Clone, Copy, Default)]
pub struct EventContext<'a> {
    /// Whom it is about, [`NOBODY`] for none.
    pub subject: Reference,
    /// The request that caused it.
    pub request_id: &'a str,
    /// The tenant, empty for none.
    pub tenant: &'a str,
    /// The purpose, empty for none.
    pub purpose: &'a str,
    /// The client's network.
    pub network: Option<&'a Reference>,
    /// The client's device.
    pub device: Option<&'a Reference>,
    /// Personal fields, sealed ([`crate::secret::who`]); empty for none.
    pub who: &'a [u8],
    /// The operator, by the name of the key; empty for none.
    pub actor: &'a str,
    /// Which way a message goes, empty for none.
    pub channel: &'a str,
    /// Whether it goes to a test recipient.
    pub test: bool,
    /// What is known of the client ([`crate::risk::Signals::packed`]); empty for nothing.
    pub signals: &'a [u8],
    /// Which verification was confirmed, by the first bytes of its generation; empty for none.
    pub verification: &'a [u8],
}

impl EventContext<'_> {
    /// A context that says no more than whom it is about.
    pub fn about(subject: &Reference) -> Self {
        Self { subject: *subject, ..Self::default() }
    }

    /// As the script takes it.
    pub fn packed(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(192);
        out.extend_from_slice(&self.subject.0);
        let mut put = |tag: u8, bytes: &[u8]| {
            if let Ok(length) = u16::try_from(bytes.len())
                && length > 0
            {
                out.push(tag);
                out.extend_from_slice(&length.to_be_bytes());
                out.extend_from_slice(bytes);
            }
        };
        put(tag::REQUEST_ID, self.request_id.as_bytes());
        put(tag::TENANT, self.tenant.as_bytes());
        put(tag::PURPOSE, self.purpose.as_bytes());
        put(tag::NETWORK, self.network.map_or(&[], |network| &network.0));
        put(tag::DEVICE, self.device.map_or(&[], |device| &device.0));
        put(tag::WHO, self.who);
        put(tag::ACTOR, self.actor.as_bytes());
        put(tag::CHANNEL, self.channel.as_bytes());
        put(tag::TEST, if self.test { &[1] } else { &[] });
        put(tag::SIGNALS, self.signals);
        put(tag::VERIFICATION, self.verification);
        out
    }
}

/// A context that stands for so many calls.
pub fn counted(context: &[u8], count: u32) -> Vec<u8> {
    [context, &[tag::COUNT, 0, 4], &count.to_be_bytes()].concat()
}

/// The subject of an event that is about none: refusals of a network, gathered over all subjects.
pub const NOBODY: Reference = Reference([0; 16]);
