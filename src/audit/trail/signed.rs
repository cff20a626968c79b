//! Lines with a signature: what is said about a trail, for whoever has the public key alone.
//!
//! ```text
//! {"checkpoint":12,…,"sig":"<86 characters>"}
//! ```
//! The signature, Ed25519 in base64, is over the bytes of the line before `,"sig"`. The first field tells what it is.

use std::io;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};

use super::{bytes::Bytes, line::Link, ranges::Ranges};
use crate::secret::{PublicKey, TrailKeys};

/// Bytes of the signature and what is around it, without the line feed.
const SUFFIX: usize = 96;
const SIGNATURE: &[u8] = b",\"sig\":\"";
const END: &[u8] = b"\"}";

/// How far a trail has been written, and is on disk.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The trail's name.
    pub head: String,
    /// When it was said, ms since 1970.
    pub time_ms: u64,
    /// Number of the last segment; 0 = none yet.
    pub segment: u32,
    /// Number of the last line.
    pub n: u64,
    /// Where in the segment's file it ends.
    pub bytes: u64,
    /// Its hash.
    pub h: Bytes<32>,
    /// Its seal.
    pub s: Bytes<16>,
    /// Whether the segment has its end.
    pub closed: bool,
    /// Checkpoints made.
    pub checkpoints: u64,
    /// SHA-256 of the last one's line.
    pub checkpoint: Bytes<32>,
    /// Roots made.
    pub roots: u64,
    /// SHA-256 of the last one's line.
    pub root: Bytes<32>,
}

/// The same, once a minute and for good.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoint {
    /// Which of the trail, from 1.
    pub checkpoint: u64,
    /// SHA-256 of the line of the one before.
    pub previous: Bytes<32>,
    /// The trail's name.
    pub trail: String,
    /// Number of the segment.
    pub segment: u32,
    /// When it was made, ms since 1970.
    pub time_ms: u64,
    /// Number of the last line.
    pub n: u64,
    /// Where in the segment's file it ends.
    pub bytes: u64,
    /// Its hash.
    pub h: Bytes<32>,
    /// Its seal.
    pub s: Bytes<16>,
    /// Whether the segment has its end.
    pub closed: bool,
    /// [`PublicKey::id`] of the key that verifies it.
    pub key: String,
}

/// What stays of a segment that went by retention.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Root {
    /// Which of the trail, from 1.
    pub root: u64,
    /// SHA-256 of the line of the one before.
    pub previous: Bytes<32>,
    /// The trail's name.
    pub trail: String,
    /// When it was made, ms since 1970.
    pub time_ms: u64,
    /// Number of the segment.
    pub segment: u32,
    /// As in its first line.
    pub nonce: Bytes<16>,
    /// Numbers of its first and last line.
    pub lines: (u64, u64),
    /// Events in it.
    pub events: u64,
    /// Time of its earliest and latest event, ms since 1970; 0 = none.
    pub first_ms: u64,
    /// See above.
    pub last_ms: u64,
    /// Hash of its last line.
    pub h: Bytes<32>,
    /// Seal of its last line.
    pub s: Bytes<16>,
    /// Number of its last checkpoint.
    pub checkpoint: u64,
    /// SHA-256 of that one's line.
    pub checkpoint_hash: Bytes<32>,
    /// Identities of its events.
    pub ranges: Ranges,
}

impl Head {
    /// The last line.
    pub fn link(&self) -> Link {
        Link { hash: self.h.0, seal: self.s.0 }
    }
}

impl Checkpoint {
    /// The last line.
    pub fn link(&self) -> Link {
        Link { hash: self.h.0, seal: self.s.0 }
    }
}

impl Root {
    /// The last line.
    pub fn link(&self) -> Link {
        Link { hash: self.h.0, seal: self.s.0 }
    }
}

/// One of a series of signed lines, each with its number and the hash of the one before.
pub trait Numbered: DeserializeOwned {
    /// Which of the trail, from 1.
    fn number(&self) -> u64;
    /// SHA-256 of the line of the one before.
    fn previous(&self) -> &[u8; 32];
    /// The trail's name.
    fn trail(&self) -> &str;
}

macro_rules! numbered {
    ($name:ident, $number:ident) => {
        impl Numbered for $name {
            fn number(&self) -> u64 {
                self.$number
            }

            fn previous(&self) -> &[u8; 32] {
                &self.previous.0
            }

            fn trail(&self) -> &str {
                &self.trail
            }
        }
    };
}

numbered!(Checkpoint, checkpoint);
numbered!(Root, root);

/// The last of such a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Last {
    /// Its number; 0 = none yet.
    pub number: u64,
    /// SHA-256 of its line; zeros = none yet.
    pub hash: [u8; 32],
}

impl Last {
    /// Before the first.
    pub const NONE: Self = Self { number: 0, hash: [0; 32] };

    /// Whether the statement comes right after this one.
    pub fn is_before(&self, next: &impl Numbered) -> bool {
        self.number.checked_add(1) == Some(next.number()) && self.hash == *next.previous()
    }
}

/// SHA-256 of a line.
pub fn hash(line: &[u8]) -> [u8; 32] {
    Sha256::digest(line).into()
}

/// The line that says `what`, without a line feed.
///
/// # Errors
/// If it cannot be written as JSON.
pub fn sign(keys: &TrailKeys, what: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(what)?;
    line.pop();
    let signature = keys.sign(&line);
    line.extend_from_slice(SIGNATURE);
    line.extend_from_slice(Bytes(signature).text().as_bytes());
    line.extend_from_slice(END);
    Ok(line)
}

/// What a line says, if this key signed it.
pub fn open<T: DeserializeOwned>(public: &PublicKey, line: &[u8]) -> Option<T> {
    let (said, suffix) = line.split_at_checked(line.len().checked_sub(SUFFIX)?)?;
    let signature = suffix.strip_prefix(SIGNATURE)?.strip_suffix(END)?;
    let signed = public.verifies(said, &Bytes::<64>::read(signature)?.0);
    if signed { serde_json::from_slice(&[said, b"}"].concat()).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::AuditKey;

    #[test]
    fn what_is_signed_reads_back_and_nothing_else_does() {
        let keys = TrailKeys::new(&AuditKey::new(&[1; 32])).unwrap();
        let root = Root {
            root: 1,
            previous: Bytes([0; 32]),
            trail: "0a1b2c3d".into(),
            time_ms: 1,
            segment: 1,
            nonce: Bytes([4; 16]),
            lines: (1, 9),
            events: 7,
            first_ms: 2,
            last_ms: 3,
            h: Bytes([1; 32]),
            s: Bytes([2; 16]),
            checkpoint: 1,
            checkpoint_hash: Bytes([3; 32]),
            ranges: vec![(1, 1, 0, 6)].into(),
        };
        let line = sign(&keys, &root).unwrap();
        let read: Root = open(keys.public(), &line).unwrap();
        assert_eq!((read.ranges.len(), read.link().seal), (7, [2; 16]));
        assert!(Last::NONE.is_before(&read) && !Last { number: 1, hash: hash(&line) }.is_before(&read));
        assert!(open::<Checkpoint>(keys.public(), &line).is_none());
        for at in 0..line.len() {
            let mut other = line.clone();
            other[at] ^= 1;
            assert!(open::<Root>(keys.public(), &other).is_none(), "{at}");
        }
    }
}
