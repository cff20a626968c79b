//! Events, as they lie in the outbox and as they leave it.
//!
//! An event is `(bucket, epoch, sequence)`: the stream `otp:{tag}:events` is the bucket's, its entries' ids are
//! `epoch-sequence`, both counted by Redis. The entry's one field `e` is packed, big-endian:
//!
//! ```text
//! u8  version = 1
//! u8  kind              Kind
//! u8  outcome           crate::policy::Outcome
//! u48 time              Redis's clock, ms since 1970
//! u16 failures          of the subject that count, after the call; for disable the wrong codes in a row
//! u8  lock level        after the call
//! u48 until             end of a lock or of the refusal, expiry of a code issued; 0 = none
//! 16  reference         of the subject
//! then, as the sidecar gave them, any of: u8 tag, u16 length, bytes
//!     1 request id · 2 tenant · 3 purpose · 4 reference of the network (16 bytes)
//!     5 reference of the device (16 bytes) · 6 personal fields, sealed (crate::secret::who) · 7 actor
//!     8 count (u32), where refusals or subjects were gathered
//! and, as the script gave it:
//!     9 when codes would have expired that the call ended before their time: n x u48 (lua/lib/event.lua)
//! ```
//! Readers skip tags they do not know. Everything in the clear is a number, a keyed reference or a word of a fixed
//! alphabet: no code, no secret, no identifier.

mod kind;
#[cfg(test)]
mod tests;

pub use kind::Kind;
use serde::Serialize;

use crate::{
    policy::Outcome,
    secret::{Reference, hex},
    store::Bucket,
};

const VERSION: u8 = 1;
const REQUEST_ID: u8 = 1;
const TENANT: u8 = 2;
const PURPOSE: u8 = 3;
const NETWORK: u8 = 4;
const DEVICE: u8 = 5;
const WHO: u8 = 6;
const ACTOR: u8 = 7;
const COUNT: u8 = 8;
const ENDED: u8 = 9;

impl Serialize for Kind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.label())
    }
}

/// What the sidecar adds to an event: packed once and handed to the script.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Whom it is about, [`NOBODY`] for none.
    pub subject: &'a Reference,
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
}

impl<'a> Context<'a> {
    /// A context that says no more than whom it is about.
    pub const fn about(subject: &'a Reference) -> Self {
        Self { subject, request_id: "", tenant: "", purpose: "", network: None, device: None, who: &[], actor: "" }
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
        put(REQUEST_ID, self.request_id.as_bytes());
        put(TENANT, self.tenant.as_bytes());
        put(PURPOSE, self.purpose.as_bytes());
        put(NETWORK, self.network.map_or(&[], |network| &network.0));
        put(DEVICE, self.device.map_or(&[], |device| &device.0));
        put(WHO, self.who);
        put(ACTOR, self.actor.as_bytes());
        out
    }
}

/// A context that stands for so many calls.
pub fn counted(context: &[u8], count: u32) -> Vec<u8> {
    [context, &[COUNT, 0, 4], &count.to_be_bytes()].concat()
}

/// The subject of an event that is about none: refusals of a network, gathered over all subjects.
pub const NOBODY: Reference = Reference([0; 16]);

/// An event as one JSON line.
#[derive(Debug, Serialize)]
pub struct Event {
    /// 0–63.
    pub bucket: u8,
    /// How often the bucket's history was cut.
    pub epoch: u64,
    /// Which in this epoch, without gaps.
    pub seq: u64,
    /// Redis's clock, ms since 1970.
    pub time_ms: u64,
    /// What it is about.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// How it ended.
    pub outcome: &'static str,
    /// The tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// The request that caused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Keyed reference of the subject, hex; `None` where it is about a network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_ref: Option<String>,
    /// Keyed reference of the client's network, hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_ref: Option<String>,
    /// Keyed reference of the client's device, hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_ref: Option<String>,
    /// The operator whose act it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// How many calls it stands for, where refusals were gathered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Failures that count, after the call.
    pub failures: u16,
    /// Lock level, after the call.
    pub lock_level: u8,
    /// End of the lock, of the refusal or of the code, ms since 1970; 0 = none.
    pub until_ms: u64,
    /// Personal fields, sealed under the subject's own key ([`crate::audit::personal`]), base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sealed: Option<String>,
    /// Personal fields as the sidecar sealed them for the outbox: not for the trail.
    #[serde(skip)]
    pub who: Vec<u8>,
    /// The subject.
    #[serde(skip)]
    pub subject: Reference,
    /// When codes would have expired that it ended before their time, ms since 1970: for the count of live codes.
    #[serde(skip)]
    pub ended: Vec<u64>,
}

impl Event {
    /// Unpacks an entry of `bucket`'s stream; `None` if it is not an event of this version.
    pub fn unpack(bucket: Bucket, id: &str, value: &[u8]) -> Option<Self> {
        let (epoch, seq) = id.split_once('-')?;
        let (&[version, kind, outcome], rest) = value.split_first_chunk::<3>()?;
        if version != VERSION {
            return None;
        }
        let (time, rest) = u48(rest)?;
        let (&[f0, f1, lock_level], rest) = rest.split_first_chunk::<3>()?;
        let (until, rest) = u48(rest)?;
        let (reference, mut rest) = rest.split_first_chunk::<16>()?;
        let mut event = Self {
            bucket: bucket.number(),
            epoch: epoch.parse().ok()?,
            seq: seq.parse().ok()?,
            time_ms: time,
            kind: Kind::from_number(kind)?,
            outcome: Outcome::from_number(i64::from(outcome))?.label(),
            tenant: None,
            purpose: None,
            request_id: None,
            subject_ref: (*reference != NOBODY.0).then(|| hex(reference)),
            ip_ref: None,
            device_ref: None,
            actor: None,
            count: None,
            failures: u16::from_be_bytes([f0, f1]),
            lock_level,
            until_ms: until,
            sealed: None,
            who: Vec::new(),
            subject: Reference(*reference),
            ended: Vec::new(),
        };
        while let Some((&[tag, l0, l1], more)) = rest.split_first_chunk::<3>() {
            let (bytes, more) = more.split_at_checked(usize::from(u16::from_be_bytes([l0, l1])))?;
            let text = || Some(String::from_utf8_lossy(bytes).into_owned());
            match tag {
                REQUEST_ID => event.request_id = text(),
                TENANT => event.tenant = text(),
                PURPOSE => event.purpose = text(),
                NETWORK => event.ip_ref = Some(hex(bytes)),
                DEVICE => event.device_ref = Some(hex(bytes)),
                WHO => event.who = bytes.to_vec(),
                ACTOR => event.actor = text(),
                ENDED => event.ended = times(bytes),
                COUNT => event.count = bytes.try_into().ok().map(u32::from_be_bytes),
                _ => {}
            }
            rest = more;
        }
        Some(event)
    }
}

fn u48(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (&[a, b, c, d, e, f], rest) = bytes.split_first_chunk::<6>()?;
    Some((u64::from_be_bytes([0, 0, a, b, c, d, e, f]), rest))
}

fn times(mut bytes: &[u8]) -> Vec<u64> {
    std::iter::from_fn(|| {
        let (time, rest) = u48(bytes)?;
        bytes = rest;
        Some(time)
    })
    .collect()
}
