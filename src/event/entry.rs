//! An event as it is read from the outbox and as one line of JSON.

use sha2::{Digest as _, Sha256};

use super::{Bucket, Kind, NOBODY, Reason, Rollback, VERSION, tag};
use crate::{
    policy::Outcome,
    risk::{Signals, signals::short},
    secret::{Reference, hex},
};

/// A version that is higher is none: it is what somebody else wrote.
const LATER: u8 = 15;

/// Appends `,"name":value` for each value that there is. Names are written as they stand: serde would look at each of their bytes,
/// for each event anew.
macro_rules! put {
    ($out:ident: $($name:literal $value:expr,)*) => {
        $(if let Some(value) = $value {
            $out.extend_from_slice(concat!(",\"", $name, "\":").as_bytes());
            // Neither a number nor a text fails, nor does what is in memory.
            let _ = serde_json::to_writer(&mut *$out, &value);
        })*
    };
}

/// An event as one JSON line.
#[derive(Debug, Default)]
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
    pub kind: Kind,
    /// How it ended.
    pub outcome: Outcome,
    /// The tenant.
    pub tenant: Option<String>,
    /// The purpose.
    pub purpose: Option<String>,
    /// The request that caused it.
    pub request_id: Option<String>,
    /// Keyed reference of the subject, hex; `None` where it is about a network.
    pub subject_ref: Option<Reference>,
    /// Keyed reference of the client's network, hex.
    pub ip_ref: Option<Reference>,
    /// Keyed reference of the client's device, hex.
    pub device_ref: Option<Reference>,
    /// The operator whose act it was.
    pub actor: Option<String>,
    /// How many calls it stands for, where refusals were gathered.
    pub count: Option<u32>,
    /// Which way the message went that carries the code.
    pub channel: Option<String>,
    /// Whether it goes to a test recipient, to whom nothing is sent.
    pub test: Option<bool>,
    /// How often it was tried.
    pub tries: Option<u8>,
    /// Why the last try failed.
    pub reason: Option<&'static str>,
    /// The country that the client's address is in, two letters.
    pub country: Option<String>,
    /// The AS number of its operator.
    pub asn: Option<u32>,
    /// Points for somebody else than the user, 0 to 100.
    pub risk: Option<u8>,
    /// Failures that count, after the call.
    pub failures: u16,
    /// Lock level, after the call.
    pub lock_level: u8,
    /// End of the lock, of the refusal or of the code, ms since 1970; 0 = none.
    pub until_ms: u64,
    /// How far data went back.
    pub rollback: Option<Rollback>,
    /// SHA-256 of an entry that was no event, hex.
    pub sha256: Option<String>,
    /// Personal fields, sealed under the subject's own key ([`crate::audit::personal`]), base64.
    pub sealed: Option<String>,
    /// Personal fields as the sidecar sealed them for the outbox: not for the trail.
    pub who: Vec<u8>,
    /// The subject.
    pub subject: Reference,
    /// The client's network.
    pub network: Option<Reference>,
    /// What is known of the client beside it, as the sidecar packed it.
    pub signals: Vec<u8>,
    /// Which verification was approved, confirmed or disowned, by [`short`] of its generation; 0 = the event does not say.
    pub verification: u32,
    /// When codes would have expired that it ended before their time, ms since 1970: for the count of live codes.
    pub ended: Vec<u64>,
}

impl Event {
    /// Unpacks an entry of `bucket`'s stream; `None` if it is not an event of this version.
    pub fn unpack(bucket: Bucket, id: &str, value: &[u8]) -> Option<Self> {
        let (&[version, kind, outcome], rest) = value.split_first_chunk::<3>()?;
        if version != VERSION {
            return None;
        }
        let (kind, outcome) = (Kind::from_number(kind)?, Outcome::from_number(outcome)?);
        let mut event = Self { kind, outcome, ..Self::at(bucket, id)? };
        event.fill(rest)?;
        Some(event)
    }

    /// Whether an entry that does not unpack is of a later version, which can read it.
    pub fn is_newer(value: &[u8]) -> bool {
        match value {
            [VERSION, kind, outcome, ..] => {
                Kind::from_number(*kind).is_none() || Outcome::from_number(*outcome).is_none()
            }
            [version, ..] => *version > VERSION && *version <= LATER,
            [] => false,
        }
    }

    /// The event that says in the place of an entry that it is none, and which one it was; `time_ms` is when that was found.
    pub fn unreadable(bucket: Bucket, id: &str, value: &[u8], time_ms: u64) -> Option<Self> {
        Some(Self { time_ms, sha256: Some(hex(&Sha256::digest(value))), ..Self::at(bucket, id)? })
    }

    /// What is known by its place alone.
    fn at(bucket: Bucket, id: &str) -> Option<Self> {
        let (epoch, seq) = id.split_once('-')?;
        let (epoch, seq) = (epoch.parse().ok()?, seq.parse().ok()?);
        Some(Self { bucket: bucket.number(), epoch, seq, ..Self::default() })
    }

    /// Reads what follows its kind and outcome.
    fn fill(&mut self, rest: &[u8]) -> Option<()> {
        let (time_ms, rest) = u48(rest)?;
        let (&[f0, f1, lock_level], rest) = rest.split_first_chunk::<3>()?;
        let (until_ms, rest) = u48(rest)?;
        let (reference, mut rest) = rest.split_first_chunk::<16>()?;
        (self.time_ms, self.until_ms, self.lock_level) = (time_ms, until_ms, lock_level);
        (self.failures, self.subject) = (u16::from_be_bytes([f0, f1]), Reference(*reference));
        self.subject_ref = Some(self.subject).filter(|subject| *subject != NOBODY);
        while let Some((&[tag, l0, l1], more)) = rest.split_first_chunk::<3>() {
            let (bytes, more) = more.split_at_checked(usize::from(u16::from_be_bytes([l0, l1])))?;
            let text = || Some(String::from_utf8_lossy(bytes).into_owned());
            match tag {
                tag::REQUEST_ID => self.request_id = text(),
                tag::TENANT => self.tenant = text(),
                tag::PURPOSE => self.purpose = text(),
                tag::NETWORK => {
                    self.network = bytes.try_into().ok().map(Reference);
                    self.ip_ref = self.network;
                }
                tag::SIGNALS => self.located(bytes),
                tag::VERIFICATION => self.verification = short(bytes),
                tag::DEVICE => self.device_ref = bytes.try_into().ok().map(Reference),
                tag::WHO => self.who = bytes.to_vec(),
                tag::ACTOR => self.actor = text(),
                tag::CHANNEL => self.channel = text(),
                tag::TEST => self.test = Some(true),
                tag::TRIES => self.tries = bytes.first().copied(),
                tag::REASON => self.reason = bytes.first().and_then(|n| Reason::from_number(*n)).map(Reason::label),
                tag::ROLLBACK => self.rollback = Rollback::unpack(bytes),
                tag::ENDED => self.ended = times(bytes),
                tag::COUNT => self.count = bytes.try_into().ok().map(u32::from_be_bytes),
                _ => {}
            }
            rest = more;
        }
        Some(())
    }
}

impl Event {
    /// Appends its fields as they stand in a JSON object, each behind a comma; not those that are not for the trail.
    pub fn put(&self, out: &mut Vec<u8>) {
        let rollback = self.rollback.as_ref();
        put!(out:
            "bucket" Some(self.bucket),
            "epoch" Some(self.epoch),
            "seq" Some(self.seq),
            "time_ms" Some(self.time_ms),
            "type" Some(self.kind),
            "outcome" Some(self.outcome),
            "tenant" &self.tenant,
            "purpose" &self.purpose,
            "request_id" &self.request_id,
            "subject_ref" &self.subject_ref,
            "ip_ref" &self.ip_ref,
            "device_ref" &self.device_ref,
            "actor" &self.actor,
            "count" self.count,
            "channel" &self.channel,
            "test" self.test,
            "tries" self.tries,
            "reason" self.reason,
            "country" &self.country,
            "asn" self.asn,
            "risk" self.risk,
            "failures" Some(self.failures),
            "lock_level" Some(self.lock_level),
            "until_ms" Some(self.until_ms),
            "cause" rollback.map(|back| back.cause),
            "found" rollback.map(|back| &back.found),
            "found_ms" rollback.map(|back| back.found_ms),
            "expected" rollback.and_then(|back| back.expected.as_ref()),
            "expected_ms" rollback.and_then(|back| back.expected_ms),
            "sha256" &self.sha256,
            "sealed" &self.sealed,
        );
    }

    /// The JSON object.
    pub fn json(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.put(&mut out);
        // In the place of the first comma.
        out.first_mut().into_iter().for_each(|first| *first = b'{');
        out.push(b'}');
        out
    }

    fn located(&mut self, bytes: &[u8]) {
        self.signals = bytes.to_vec();
        if let Some(signals) = Signals::unpack(bytes) {
            self.country = signals.country_code();
            self.asn = Some(signals.operator).filter(|operator| *operator > 0);
        }
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
