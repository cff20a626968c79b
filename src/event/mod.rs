//! Events: what the store writes, and the trail, sinks and signals read. Pure; knows of no server and no file.
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
//!     11 channel of a message, as the sidecar gave it · 12 tries (u8) · 13 why the last one failed (u8, [`Reason`])
//!     14 that it goes to a test recipient (u8 1) · 15 what is known of the client, as the sidecar gave it ([`crate::risk::signals`])
//!     16 which verification was approved, confirmed or disowned, by the first four bytes of its generation
//!     9 when codes would have expired that the call ended before their time: n x u48 (lua/lib/event.lua)
//!    10 how far data went back: u8 cause, then as found and as expected u48 epoch, u48 events, u48 ms (lua/fence.lua)
//! ```
//! Readers skip tags they do not know. Everything in the clear is a number, a keyed reference or a word of a fixed
//! alphabet: no code, no secret, no identifier.

mod bucket;
mod context;
mod entry;
mod kind;
mod reason;
mod rollback;
pub mod time;

pub use bucket::{BUCKETS, Bucket};
pub use context::{EventContext, NOBODY, counted};
pub use entry::Event;
pub use kind::Kind;
pub use reason::Reason;
pub use rollback::{Cause, Rollback};

/// The version of a packed event.
const VERSION: u8 = 1;

/// Tags of what may follow the fixed part of a packed event.
mod tag {
    pub(super) const REQUEST_ID: u8 = 1;
    pub(super) const TENANT: u8 = 2;
    pub(super) const PURPOSE: u8 = 3;
    pub(super) const NETWORK: u8 = 4;
    pub(super) const DEVICE: u8 = 5;
    pub(super) const WHO: u8 = 6;
    pub(super) const ACTOR: u8 = 7;
    pub(super) const COUNT: u8 = 8;
    pub(super) const ENDED: u8 = 9;
    pub(super) const ROLLBACK: u8 = 10;
    pub(super) const CHANNEL: u8 = 11;
    pub(super) const TRIES: u8 = 12;
    pub(super) const REASON: u8 = 13;
    pub(super) const TEST: u8 = 14;
    pub(super) const SIGNALS: u8 = 15;
    pub(super) const VERIFICATION: u8 = 16;
}
