//! Names of keys. `{tag}` is the bucket's hash tag, `<ref>` the 16 raw bytes of a reference.
//!
//! | key | type | ends | what |
//! |---|---|---|---|
//! | `otp:{tag}:s:<ref>` | hash | when nothing in it matters; never while disabled | record of a subject ([`super::record`]) |
//! | `otp:{tag}:h:<ref>` | string | with its last entry | outcomes whose place in the record was taken (`lua/lib/history.lua`) |
//! | `otp:{tag}:i:<ref>` | string | a window after the last send or failure | state of a client network (`lua/lib/network.lua`) |
//! | `otp:{tag}:b:<ref>` | sorted set | a window after the last charge | issues that count against a prefix or a recipient (`lua/budget.lua`) |
//! | `otp:{tag}:p:<ref>` | string | the audit retention after the last event | what opens the fields in the trail of whom a code was issued to, or whom the guard or an operator recorded ([`crate::secret::person`]) |
//! | `otp:{tag}:n:<ref>` | string | the audit retention after the last lock | the name of who was locked, sealed |
//! | `otp:{tag}:r:<ref>` | string | `OTP_RISK_MEMORY_DAYS` after the last sign-in that was learned | profile of a user ([`crate::risk::profile`]) |
//! | `otp:{tag}:t:<ref>` | string | 90 days after the last sign-in that was learned | what a tenant's users share ([`crate::risk::table`]) |
//! | `otp:{tag}:w:<ref>` | string | two windows after the last | strangers who failed from a network, by the first bytes of their references, and when; 64 at most by default |
//! | `otp:{tag}:d:<ref>` | string | a window after the last | networks that failed at a subject, likewise; 16 at most by default |
//! | `otp:{tag}:flagged` | sorted set | with its last | networks and subjects that a pattern was found of, by when that ends, ms; 256 at most |
//! | `otp:{tag}:k:<ref>` | string | 60 s | answer to a call with an `Idempotency-Key` (`lua/lib/answer.lua`) |
//! | `otp:{tag}:c:<ref>` | string | with its code, 60 s at most | the code of such an answer, sealed |
//! | `otp:{tag}:m:<generation>` | string | with its verification, a lifetime after the code | message that carries a code (`lua/lib/outbox.lua`) |
//! | `otp:{tag}:due` | sorted set | with its last message | messages under way (reference, generation) by when they may be tried, ms |
//! | `otp:{tag}:g:<id>` | string | 60 s | mark that an event was noted (`lua/note.lua`) |
//! | `otp:{tag}:locked` | sorted set | with its last lock | references of locked subjects by end of lock, ms |
//! | `otp:{tag}:disabled` | sorted set | by an operator's act | references of disabled subjects by when, ms |
//! | `otp:{tag}:events` | stream | – | outbox: id = epoch-sequence, field `e` ([`crate::event`]) |
//! | `otp:{tag}:epoch` | string | – | the bucket's epoch, a decimal; the clock in ms at least (`lua/fence.lua`) |
//! | `otp:{tag}:owner` | string | – | replication id and run id of the server that the bucket was last found with, fingerprint of the index key (`lua/fence.lua`) |
//! | `otp:{tag}:barrier` | string | 60 s | written so that replicas can be waited for |
//! | `otp:{tag}:lease` | string | 5 s after its last renewal | which sidecar exports this bucket's events |
//! | `otp:{tag}:exported` | string | – | up to where this bucket's events were written out, and where to: JSON ([`crate::audit::trail::record::Exported`]) |
//! | `otp:{tag}:recent` | stream | a day after the last event | the newest events written out, as lines; about [`RECENT`] |
//! | `otp:{tag}:lockouts` | stream | [`KEPT`] after the last one | the newest lockouts and hard stops, as lines; about [`REMEMBERED`] |
//! | `otp:{tag}:acts` | stream | [`KEPT`] after the last one | the newest acts of operators and sidecars, as lines; about [`REMEMBERED`] |
//! | `otp:{tag}:hour:<n>` | hash | 3 h after the hour | how many events in its twelfths, by type and outcome ([`super::tally`]) |
//! | `otp:{tag}:day:<n>` | hash | [`KEPT`] after the day | the same in its hours |
//! | `otp:{tag}:live:<n>` | hash | with the hour | how many live codes expire in its minutes |
//! | `otp:{tag}:audit-key` | string | – | of the first bucket: fingerprint of the audit key that persons were sealed with |
//! | `otp:{tag}:peppers` | hash | an hour after the last sidecar noted its own | of the first bucket: kids of active peppers, and when each was last used |
//! | `otp:{tag}:library:<name>` | string | a day after a sidecar last named it | a function library in use ([`super::libraries`]) |
//! | `otp:index-key` | string | – | fingerprint of the index key that named everything here; in a cluster `otp:{tag}:index-key` of each primary's first bucket |
//!
//! `<n>` counts hours or days since 1970, in decimal, by Redis's clock.
//!
//! A raised epoch makes every code void that was issued before: verifications carry the epoch they were issued in.

use std::time::Duration;

use crate::{
    event::Bucket,
    secret::{Generation, Reference},
};

/// Names a function library that a sidecar uses, in the bucket of a server that has it.
pub fn library(bucket: Bucket, name: &str) -> String {
    format!("{PREFIX}{{{}}}:library:{name}", bucket.tag())
}

/// Holds the fingerprint of the index key.
pub const INDEX_KEY: &str = "otp:index-key";

/// The same in a cluster: there it lies with each primary's first bucket, so that one that is down hides no mistake.
pub fn index_key_of(bucket: Bucket) -> String {
    format!("{PREFIX}{{{}}}:index-key", bucket.tag())
}

/// A key that never exists. In a cluster every function names it: while a slot is on its way, the server then refuses the
/// function whatever else it names, so that none stops half-way at a key that has left already.
pub fn absent(bucket: Bucket) -> String {
    format!("{PREFIX}{{{}}}:-", bucket.tag())
}

/// Every key this software touches begins like this.
pub const PREFIX: &str = "otp:";

/// ms.
pub const HOUR: u64 = 3_600_000;
/// ms.
pub const DAY: u64 = 24 * HOUR;
/// How long counters by day, and what a review shows, are kept: two periods of 30 days, of which one began up to a day ago.
pub const KEPT: Duration = Duration::from_secs(62 * 86_400);
/// Events of a bucket that are kept for whoever looks: some 13,000 over all.
pub const RECENT: u16 = 200;
/// Lockouts of a bucket that are kept for a review, and acts: of each some 64,000 over all.
pub const REMEMBERED: u16 = 1000;

/// Kinds of keys, each with the name that tells it from others.
macro_rules! kinds {
    ($(#[$meta:meta])* $kind:ident { $($(#[$doc:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $kind { $($(#[$doc])* $variant,)* }

        impl $kind {
            const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

kinds! {
    /// A kind of key that belongs to a bucket as a whole.
    OfBucket {
        /// Index of locked subjects.
        Locked = "locked",
        /// Index of disabled subjects.
        Disabled = "disabled",
        /// The outbox.
        Events = "events",
        /// The epoch.
        Epoch = "epoch",
        /// Messages under way.
        Due = "due",
        /// The exporter's lease.
        Lease = "lease",
        /// Up to where events were written out, and where to.
        Exported = "exported",
        /// The newest events written out.
        Recent = "recent",
        /// The newest lockouts and hard stops.
        Lockouts = "lockouts",
        /// The newest acts of operators and sidecars.
        Acts = "acts",
        /// The server that the bucket was last found with.
        Owner = "owner",
        /// Written so that replicas can be waited for.
        Barrier = "barrier",
        /// Fingerprint of the audit key, in the first bucket.
        AuditKey = "audit-key",
        /// Kids of the active peppers of all sidecars, in the first bucket.
        Peppers = "peppers",
        /// Networks and subjects that a pattern was found of.
        Flagged = "flagged",
    }
}

impl OfBucket {
    /// The key's name in `bucket`.
    pub fn key(self, bucket: Bucket) -> String {
        format!("{PREFIX}{{{}}}:{}", bucket.tag(), self.name())
    }
}

kinds! {
    /// A kind of key that belongs to a bucket and an hour or a day.
    OfTime {
        /// Events in the twelfths of an hour.
        Hour = "hour",
        /// Events in the hours of a day.
        Day = "day",
        /// Live codes by the minute of an hour in which they expire.
        Live = "live",
    }
}

impl OfTime {
    /// The key's name in `bucket`, for the `n`-th hour or day since 1970.
    pub fn key(self, bucket: Bucket, n: u64) -> String {
        format!("{PREFIX}{{{}}}:{}:{n}", bucket.tag(), self.name())
    }

    /// When the counter of that hour or day ends, ms since 1970.
    pub(super) fn ends(self, n: u64) -> u64 {
        let (unit, stays) = match self {
            Self::Hour => (HOUR, 3 * HOUR),
            Self::Day => (DAY, KEPT.as_millis() as u64),
            Self::Live => (HOUR, 0),
        };
        (n + 1) * unit + stays
    }
}

kinds! {
    /// A kind of key that belongs to one reference.
    OfReference {
        /// Record of a subject.
        Subject = "s",
        /// Ended verifications of a subject.
        History = "h",
        /// State of a client network.
        Network = "i",
        /// What went to a prefix or a recipient.
        Budget = "b",
        /// What is held of a person.
        Person = "p",
        /// The name of a person who was locked.
        Name = "n",
        /// Profile of a user.
        Profile = "r",
        /// What a tenant's users share.
        Shared = "t",
        /// Strangers who failed from a network.
        Strangers = "w",
        /// Networks that failed at a subject.
        Guessers = "d",
    }
}

impl OfReference {
    /// The key's name for `reference`.
    pub fn key(self, reference: &Reference) -> Vec<u8> {
        named(Bucket::of(reference), self.name(), &reference.0)
    }
}

/// The keys that a function touches: those that it is given, and those of the same bucket that it derives from the first.
pub(super) fn touched(bucket: Bucket, given: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let of_bucket = [OfBucket::Epoch, OfBucket::Events, OfBucket::Locked, OfBucket::Disabled];
    let mut keys = given.to_vec();
    keys.extend(of_bucket.map(|kind| kind.key(bucket).into_bytes()));
    keys.extend(given.first().and_then(|first| first.last_chunk()).map(|of| OfReference::History.key(&Reference(*of))));
    keys
}

/// The keys of a remembered answer and of its code, in the bucket of its subject.
pub fn of_answer(subject: &Reference, answer: &[u8; 16]) -> [Vec<u8>; 2] {
    ["k", "c"].map(|kind| named(Bucket::of(subject), kind, answer))
}

/// The message that carries the code of this issue.
pub fn of_message(bucket: Bucket, generation: &Generation) -> Vec<u8> {
    named(bucket, "m", &generation.0)
}

/// The mark of an event noted under `operation`, in the bucket of whom it is about.
pub fn of_note(reference: &Reference, operation: &[u8; 16]) -> Vec<u8> {
    named(Bucket::of(reference), "g", operation)
}

fn named(bucket: Bucket, kind: &str, name: &[u8]) -> Vec<u8> {
    [b"otp:{", bucket.tag().as_bytes(), b"}:", kind.as_bytes(), b":", name].concat()
}
