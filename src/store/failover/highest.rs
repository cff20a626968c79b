//! The highest epoch of each bucket that this sidecar has exported an event of, from its trail's directory: data of an
//! earlier one are an old copy.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{
    event::{BUCKETS, Bucket},
    secret::hex,
};

/// Seconds by which two clocks, and the look of one, may differ.
const TOLERANCE: u64 = 5;

/// See the module. 0 = nothing was exported, or nobody remembers.
#[derive(Debug)]
pub struct Highest {
    of: [AtomicU32; BUCKETS],
    /// When each became known, s since 1970 by this machine's clock.
    since: [AtomicU64; BUCKETS],
    /// Whose data these are: the index key's fingerprint, in hex.
    owner: OnceLock<String>,
    /// What an operator accepts older data than: the highest epoch that was exported then (`OTP_ACCEPT_OLDER_STORE`).
    accepted: AtomicU32,
}

impl Default for Highest {
    fn default() -> Self {
        let (of, since) = ([const { AtomicU32::new(0) }; BUCKETS], [const { AtomicU64::new(0) }; BUCKETS]);
        Self { of, since, owner: OnceLock::new(), accepted: AtomicU32::new(0) }
    }
}

impl Highest {
    /// That of a bucket.
    pub fn of(&self, bucket: Bucket) -> u32 {
        self.of.get(usize::from(bucket.number())).map_or(0, |epoch| epoch.load(Ordering::Relaxed))
    }

    /// An event of this epoch is exported; whether it is a higher one than before.
    pub fn raise(&self, bucket: Bucket, epoch: u32) -> bool {
        self.raise_at(bucket, epoch, SystemTime::now())
    }

    /// The same, known since then.
    pub fn raise_at(&self, bucket: Bucket, epoch: u32, since: SystemTime) -> bool {
        let place = usize::from(bucket.number());
        let (Some(known), Some(at)) = (self.of.get(place), self.since.get(place)) else { return false };
        let higher = known.fetch_max(epoch, Ordering::Relaxed) < epoch;
        if higher {
            at.store(since.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(), Ordering::Relaxed);
        }
        higher
    }

    /// Whether a process that has run for so many seconds began before it was known that a bucket had this epoch.
    pub fn older_than(&self, bucket: Bucket, uptime: u64) -> bool {
        let since = self.since.get(usize::from(bucket.number())).map_or(0, |since| since.load(Ordering::Relaxed));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        since > 0 && uptime > now.saturating_sub(since) + TOLERANCE
    }

    /// Says whose data these are: files about another's are none of ours.
    pub fn belongs_to(&self, fingerprint: &[u8]) {
        let _ = self.owner.set(hex(fingerprint));
    }

    /// Whose data these are, in hex; empty where nobody said.
    pub fn owner(&self) -> &str {
        self.owner.get().map_or("", String::as_str)
    }

    /// The highest of all.
    pub fn most(&self) -> u32 {
        Bucket::all().map(|bucket| self.of(bucket)).max().unwrap_or(0)
    }

    /// An operator accepts data older than what was exported up to this epoch.
    pub fn accept(&self, most: u32) {
        self.accepted.store(most, Ordering::Relaxed);
    }

    /// Whether data of a bucket that are older than what was exported of it are accepted.
    pub fn accepts(&self, bucket: Bucket) -> bool {
        self.of(bucket) <= self.accepted.load(Ordering::Relaxed)
    }

    /// Those of all buckets, by their numbers.
    pub fn all(&self) -> [u32; BUCKETS] {
        std::array::from_fn(|n| self.of.get(n).map_or(0, |epoch| epoch.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_only_grows_and_what_was_accepted_is_so_once() {
        let highest = Highest::default();
        let [first, second] = [1, 2].map(|n| Bucket::of_number(n).unwrap());
        assert!(highest.raise(first, 5) && !highest.raise(first, 5) && !highest.raise(first, 4));
        assert!(highest.raise(second, 3));
        assert_eq!((highest.of(first), highest.of(second), highest.most()), (5, 3, 5));
        assert!(highest.older_than(first, 3600) && !highest.older_than(first, 0));
        assert!(!highest.older_than(Bucket::of_number(9).unwrap(), 3600), "nothing is known");
        assert!(!highest.accepts(first) && !highest.accepts(second));
        highest.accept(3);
        assert!(!highest.accepts(first) && highest.accepts(second));
        highest.accept(5);
        assert!(highest.accepts(first));
        highest.raise(first, 6);
        assert!(!highest.accepts(first));
        assert_eq!((highest.all()[1], highest.all()[2], highest.all()[3]), (6, 3, 0));
    }
}
