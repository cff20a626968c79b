//! How many calls wait for the store. Beyond a bound more are turned away at once: a queue that grows makes everyone late
//! and nobody faster.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Most calls that wait at once. A script takes tens of microseconds, so a full queue is worked off within some 25 ms;
/// against a store that is 200 ms away it still lets 2,500 calls through a second.
const MOST: usize = 512;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Waiting(AtomicUsize);

/// A place among those who wait; given back when dropped.
#[derive(Debug)]
pub(super) struct Place<'a>(&'a AtomicUsize);

impl Waiting {
    /// A place, `None` if all are taken.
    pub(super) fn enter(&self) -> Option<Place<'_>> {
        let place = Place(&self.0);
        (self.0.fetch_add(1, Ordering::Relaxed) < MOST).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_end_and_come_back() {
        let waiting = Waiting::default();
        let mut places: Vec<_> = std::iter::from_fn(|| waiting.enter()).collect();
        assert_eq!(places.len(), MOST);
        assert!(waiting.enter().is_none() && waiting.enter().is_none());
        places.pop();
        assert!(waiting.enter().is_some());
    }
}
