//! Positions: how far the events of each bucket went, as this sidecar knows from answers, looks and files. Data that are behind
//! went back to something earlier.

use std::{
    fmt,
    str::FromStr,
    sync::{Mutex, OnceLock, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{
    event::{BUCKETS, Bucket},
    secret::hex,
};

/// A position says how far the events of a bucket went: only ever forward, as long as its data do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The bucket's epoch.
    pub epoch: u64,
    /// How many events it has in this epoch: the sequence of the next one, at least.
    pub events: u64,
}

impl Position {
    /// The position behind an event, whose id in the stream this is; `None` if it is none of ours.
    pub fn behind(id: &str) -> Option<Self> {
        let (epoch, seq) = id.split_once('-')?;
        Some(Self { epoch: epoch.parse().ok()?, events: seq.parse::<u64>().ok()?.checked_add(1)? })
    }

    /// As functions take it (`lua/lib/event.lua`): u48 epoch, u48 events.
    pub(in crate::store) fn packed(self) -> [u8; 12] {
        let ([_, _, epoch @ ..], [_, _, events @ ..]) = (self.epoch.to_be_bytes(), self.events.to_be_bytes());
        let ([a, b, c, d, e, f], [g, h, i, j, k, l]) = (epoch, events);
        [a, b, c, d, e, f, g, h, i, j, k, l]
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.events)
    }
}

impl FromStr for Position {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (epoch, events) = text.split_once('-').ok_or(())?;
        Ok(Self { epoch: epoch.parse().map_err(drop)?, events: events.parse().map_err(drop)? })
    }
}

/// A position, and since when it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// The position.
    pub position: Position,
    /// ms since 1970, by this machine's clock.
    pub since_ms: u64,
}

/// Known positions: the highest of each bucket.
#[derive(Debug)]
pub struct Positions {
    of: [Mutex<Option<Known>>; BUCKETS],
    /// Whose data these are: the index key's fingerprint, in hex.
    owner: OnceLock<String>,
}

impl Default for Positions {
    fn default() -> Self {
        Self { of: [const { Mutex::new(None) }; BUCKETS], owner: OnceLock::new() }
    }
}

impl Positions {
    /// The highest that is known of a bucket.
    pub fn of(&self, bucket: Bucket) -> Option<Known> {
        *self.of.get(usize::from(bucket.number()))?.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The highest that is known of a bucket, or the one that is behind every other.
    pub(in crate::store) fn or_none(&self, bucket: Bucket) -> Position {
        self.of(bucket).map_or(Position::default(), |known| known.position)
    }

    /// Learns that a bucket's events went so far.
    pub fn learn(&self, bucket: Bucket, position: Position) {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let since_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        self.learn_since(bucket, Known { position, since_ms });
    }

    /// The same, known since then.
    pub fn learn_since(&self, bucket: Bucket, new: Known) {
        let Some(known) = self.of.get(usize::from(bucket.number())) else { return };
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_none_or(|known| known.position < new.position) {
            *known = Some(new);
        }
    }

    /// Says whose data these are: files about another's are none of ours.
    pub fn belongs_to(&self, fingerprint: &[u8]) {
        let _ = self.owner.set(hex(fingerprint));
    }

    /// Whose data these are, in hex; empty where nobody said.
    pub fn owner(&self) -> &str {
        self.owner.get().map_or("", String::as_str)
    }
}
