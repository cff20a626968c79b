//! The highest epoch of each bucket that this sidecar has exported an event of, from its trail's directory: data of an
//! earlier one are an old copy.

use std::sync::atomic::{AtomicU32, Ordering};

use super::{Bucket, bucket::BUCKETS};

/// See the module. 0 = nothing was exported, or nobody remembers.
#[derive(Debug)]
pub struct Highest {
    of: [AtomicU32; BUCKETS],
    /// What an operator accepts older data than: the highest epoch that was exported then (`OTP_ACCEPT_OLDER_STORE`).
    accepted: AtomicU32,
}

impl Default for Highest {
    fn default() -> Self {
        Self { of: [const { AtomicU32::new(0) }; BUCKETS], accepted: AtomicU32::new(0) }
    }
}

impl Highest {
    /// That of a bucket.
    pub fn of(&self, bucket: Bucket) -> u32 {
        self.of.get(usize::from(bucket.number())).map_or(0, |epoch| epoch.load(Ordering::Relaxed))
    }

    /// An event of this epoch is exported; whether it is a higher one than before.
    pub fn raise(&self, bucket: Bucket, epoch: u32) -> bool {
        self.of.get(usize::from(bucket.number())).is_some_and(|known| known.fetch_max(epoch, Ordering::Relaxed) < epoch)
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
