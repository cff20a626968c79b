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
//!     9 when codes would have expired that the call ended before their time: n x u48 (lua/lib/ended.lua)
//! ```
//! Readers skip tags they do not know. Everything in the clear is a number, a keyed reference or a word of a fixed
//! alphabet: no code, no secret, no identifier.

use serde::Serialize;

use crate::{policy::Outcome, secret::Reference, store::Bucket};

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

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $label:literal;)*) => {
        /// What an event is about: the catalogue of events.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Kind { $($(#[$doc])* $name = $number,)* }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Kind] = &[$(Kind::$name),*];

            /// The word for it, the event's `type`: `[a-z.]+`.
            pub fn label(self) -> &'static str {
                match self { $(Kind::$name => $label,)* }
            }
        }
    };
}

kinds! {
    /// A code was asked for.
    Send = 1, "send";
    /// A code was presented.
    Check = 2, "check";
    /// A verification was called off.
    Cancel = 3, "cancel";
    /// A lock began.
    Lockout = 4, "lockout";
    /// The hard stop was reached.
    Disable = 5, "disable";
    /// An app with codes of its own asked whether it may send.
    Request = 6, "request";
    /// An app's own check failed.
    Failure = 7, "failure";
    /// An app's own check succeeded.
    Success = 8, "success";
    /// A code reached its user, or did not.
    Delivery = 9, "delivery";
    /// A user did not ask for a code.
    Report = 10, "report";
    /// An operator ended a lock, a hard stop or a network's block.
    AdminUnlock = 11, "admin.unlock";
    /// An operator locked a subject.
    AdminLock = 12, "admin.lock";
    /// An operator erased what is known of a person.
    AdminErase = 13, "admin.erase";
    /// An operator took out what is known of a person.
    AdminExport = 14, "admin.export";
    /// An operator looked at one subject.
    AdminInspect = 15, "admin.inspect";
    /// An operator listed locks.
    AdminLocks = 16, "admin.locks";
    /// An operator listed events.
    AdminEvents = 17, "admin.events";
    /// An operator drew up a report.
    AdminReport = 18, "admin.report";
    /// A sidecar began to serve.
    Start = 20, "start";
    /// A sidecar was told to stop.
    Stop = 21, "stop";
    /// Events were given up because nobody could write them out.
    Shed = 22, "audit.shed";
    /// A server that may have lost writes took over: codes issued before are void.
    Failover = 23, "store.failover";
    /// What a caller had been told was put back after that.
    Replay = 24, "store.replay";
}

impl Kind {
    /// The kind that [`Kind::label`] names so.
    pub fn from_label(label: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.label() == label)
    }

    /// The kind with this number, `None` if a newer script gave one that is not known here.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|&kind| kind as u8 == number)
    }
}

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

fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_reads_back_and_unknown_tags_are_skipped() {
        let mut value = vec![1, 2, 12, 0, 0, 0, 0, 1, 0, 0, 3, 1, 0, 0, 0, 0, 2, 0];
        let context = Context {
            subject: &Reference([7; 16]),
            request_id: "r-1",
            tenant: "shop",
            purpose: "login",
            network: Some(&Reference([8; 16])),
            device: None,
            who: &[5, 6],
            actor: "",
        };
        value.extend(context.packed());
        value.extend([99, 0, 2, 1, 1]);
        value.extend([9, 0, 12, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 9]);
        let event = Event::unpack(Bucket::all().nth(7).unwrap(), "1-42", &value).unwrap();
        let json = serde_json::to_value(&event).unwrap();
        assert_eq!(json["type"], "check");
        assert_eq!(json["outcome"], "wrong_code");
        assert_eq!(
            (json["bucket"].as_u64(), json["epoch"].as_u64(), json["seq"].as_u64()),
            (Some(7), Some(1), Some(42))
        );
        assert_eq!(
            (json["time_ms"].as_u64(), json["failures"].as_u64(), json["until_ms"].as_u64()),
            (Some(256), Some(3), Some(512))
        );
        assert_eq!((json["tenant"].as_str(), json["request_id"].as_str()), (Some("shop"), Some("r-1")));
        assert_eq!(json["ip_ref"], "08".repeat(16));
        assert_eq!(event.ended, [256, 9]);
        assert_eq!((event.who, json.get("who"), json.get("actor")), (vec![5, 6], None, None));
        for cut in 0..value.len() {
            let _ = Event::unpack(Bucket::all().next().unwrap(), "1-42", &value[..cut]);
        }
    }

    #[test]
    fn the_scripts_use_the_same_kinds() {
        let lua = concat!(include_str!("../../lua/lib/outcome.lua"), include_str!("../../lua/lib/act.lua"));
        let lines = lua.lines().filter(|l| l.contains("EVENT_")).filter_map(|l| l.strip_prefix("local "));
        let in_lua: Vec<(String, u8)> = lines
            .flat_map(|line| {
                let (names, numbers) = line.split_once(" = ").unwrap();
                names.split(", ").map(str::to_owned).zip(numbers.split(", ").map(|n| n.parse().unwrap()))
            })
            .collect();
        let named = |kind: &Kind| (format!("EVENT_{}", kind.label().replace('.', "_").to_uppercase()), *kind as u8);
        assert_eq!(in_lua, Kind::ALL.iter().map(named).collect::<Vec<_>>());
    }
}
