//! The trail: what happened, written by the script that made it happen, carried out by an exporter.
//!
//! An event's way: [an event](crate::event) (packed by a script into the outbox) → [`exporter`] (read under the bucket's lease) →
//! [`personal`] (personal fields sealed for the person) → [`sink`] (written, and on disk; [`trail`] is how) → acknowledged,
//! which deletes it and adds it to the counters ([`crate::store::tally`]). [learning](crate::learning) scores sign-ins on the way.
//! [`verify`] reads trails again.

pub mod exporter;
pub mod personal;
pub mod positions;
pub mod search;
pub mod sink;
pub mod trail;
pub mod verify;
