//! Events, as they lie in the outbox and as they leave it.
//!
//! An event is `(bucket, epoch, sequence)`: the stream `otp:{tag}:events` is the bucket's, its entries' ids are
//! `epoch-sequence`, both counted by Redis. The entry's one field `e` is packed, big-endian:
//!
//! ```text
//! u8  version = 1
//! u8  kind              1 send · 2 check · 3 cancel · 4 lockout · 5 disable · 6 request · 7 failure · 8 success ·
//!                       9 delivery · 10 report
//! u8  outcome           crate::policy::Outcome
//! u48 time              Redis's clock, ms since 1970
//! u16 failures          of the subject that count, after the call; for disable the wrong codes in a row
//! u8  lock level        after the call
//! u48 until             end of a lock or of the refusal, expiry of a code issued; 0 = none
//! 16  reference         of the subject
//! then, as the sidecar gave them, any of: u8 tag, u16 length, bytes
//!     1 request id · 2 tenant · 3 purpose · 4 reference of the network (16 bytes)
//!     5 reference of the device · 6 names for operators, sealed · 7 actor · 8 count, where refusals were gathered
//! ```
//! Readers skip tags they do not know. Everything is a number, a keyed reference or a word of a fixed alphabet: no code,
//! no secret, no identifier.

use serde::Serialize;

use crate::{policy::Outcome, secret::Reference, store::Bucket};

const VERSION: u8 = 1;
const REQUEST_ID: u8 = 1;
const TENANT: u8 = 2;
const PURPOSE: u8 = 3;
const NETWORK: u8 = 4;
const COUNT: u8 = 8;

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Kind {
    /// A code was asked for.
    Send = 1,
    /// A code was presented.
    Check = 2,
    /// A verification was called off.
    Cancel = 3,
    /// A lock began.
    Lockout = 4,
    /// The hard stop was reached.
    Disable = 5,
    /// An app with codes of its own asked whether it may send.
    Request = 6,
    /// An app's own check failed.
    Failure = 7,
    /// An app's own check succeeded.
    Success = 8,
    /// A code reached its user, or did not.
    Delivery = 9,
    /// A user did not ask for a code.
    Report = 10,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 10] = [
        Kind::Send,
        Kind::Check,
        Kind::Cancel,
        Kind::Lockout,
        Kind::Disable,
        Kind::Request,
        Kind::Failure,
        Kind::Success,
        Kind::Delivery,
        Kind::Report,
    ];

    fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|&kind| kind as u8 == number)
    }
}

/// What the sidecar adds to an event: packed once and handed to the script.
pub fn context(
    subject: &Reference,
    request_id: &str,
    tenant: &str,
    purpose: &str,
    network: Option<&Reference>,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(128);
    out.extend_from_slice(&subject.0);
    let mut put = |tag: u8, bytes: &[u8]| {
        if let Ok(length) = u16::try_from(bytes.len()) {
            out.push(tag);
            out.extend_from_slice(&length.to_be_bytes());
            out.extend_from_slice(bytes);
        }
    };
    put(REQUEST_ID, request_id.as_bytes());
    put(TENANT, tenant.as_bytes());
    put(PURPOSE, purpose.as_bytes());
    if let Some(network) = network {
        put(NETWORK, &network.0);
    }
    out
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
    /// How many calls it stands for, where refusals were gathered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Failures that count, after the call.
    pub failures: u16,
    /// Lock level, after the call.
    pub lock_level: u8,
    /// End of the lock, of the refusal or of the code, ms since 1970; 0 = none.
    pub until_ms: u64,
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
            count: None,
            failures: u16::from_be_bytes([f0, f1]),
            lock_level,
            until_ms: until,
        };
        while let Some((&[tag, l0, l1], more)) = rest.split_first_chunk::<3>() {
            let (bytes, more) = more.split_at_checked(usize::from(u16::from_be_bytes([l0, l1])))?;
            let text = || Some(String::from_utf8_lossy(bytes).into_owned());
            match tag {
                REQUEST_ID => event.request_id = text(),
                TENANT => event.tenant = text(),
                PURPOSE => event.purpose = text(),
                NETWORK => event.ip_ref = Some(hex(bytes)),
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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_reads_back_and_unknown_tags_are_skipped() {
        let mut value = vec![1, 2, 12, 0, 0, 0, 0, 1, 0, 0, 3, 1, 0, 0, 0, 0, 2, 0];
        value.extend(context(&Reference([7; 16]), "r-1", "shop", "login", Some(&Reference([8; 16]))));
        value.extend([99, 0, 2, 1, 1]);
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
        for cut in 0..value.len() {
            let _ = Event::unpack(Bucket::all().next().unwrap(), "1-42", &value[..cut]);
        }
    }

    #[test]
    fn the_scripts_use_the_same_kinds() {
        let lua = include_str!("../../lua/lib/outcome.lua");
        let lines = lua.lines().filter(|l| l.contains("EVENT_")).map(|l| l.strip_prefix("local ").unwrap());
        let in_lua: Vec<_> = lines
            .flat_map(|line| {
                let (names, numbers) = line.split_once(" = ").unwrap();
                names.split(", ").zip(numbers.split(", ").map(|n| n.parse().unwrap()))
            })
            .collect();
        assert_eq!(in_lua.len(), Kind::ALL.len());
        for (name, number) in in_lua {
            let kind = Kind::from_number(number).unwrap();
            assert_eq!(name, format!("EVENT_{kind:?}").to_uppercase());
        }
    }
}
