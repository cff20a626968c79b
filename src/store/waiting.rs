//! How many calls wait for the store. Beyond a bound more are turned away at once: a queue that grows makes everyone late
//! and nobody faster.
//!
//! The bound is what the store can answer before the time-out: a call that is answered later was asked in vain, and so was
//! everyone behind it. It is learnt from how long each call waited for each that waited with it: little is believed of
//! any call, much only of those that waited long among many.

use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

/// Most calls that wait at once. A function takes tens of microseconds, so a full queue is worked off within some 25 ms;
/// against a store that is far away, but does many at once, it still lets thousands of calls through a second.
const MOST: usize = 512;

/// So many are let in however slow the store seems to be: with fewer it is the way to the store that takes time, and not
/// the others who wait.
const LEAST: usize = 32;

/// See the module.
#[derive(Debug)]
pub(super) struct Waiting {
    /// A call that is let in should be answered within this, in nanoseconds: the time-out, less an eighth for the scheduler.
    budget: u64,
    now: AtomicUsize,
    /// What one more who waits adds to the wait of all behind it, in nanoseconds; 0 until somebody waited long.
    each: AtomicU64,
}

/// A place among those who wait; given back when dropped.
#[derive(Debug)]
pub(super) struct Place<'a> {
    waiting: &'a Waiting,
    /// How many waited then, this one among them.
    among: usize,
    since: Instant,
}

impl Waiting {
    /// For calls that wait at most `timeout`.
    pub(super) fn new(timeout: Duration) -> Self {
        Self { budget: nanos(timeout) / 8 * 7, now: AtomicUsize::new(0), each: AtomicU64::new(0) }
    }

    /// A place, `None` if all are taken.
    pub(super) fn enter(&self) -> Option<Place<'_>> {
        let place = self.go_on();
        (place.among <= self.places()).then_some(place)
    }

    /// A place for the second call of one who had one for the first: what was charged or spent there is not given up here.
    pub(super) fn go_on(&self) -> Place<'_> {
        let among = self.now.fetch_add(1, Ordering::Relaxed) + 1;
        Place { waiting: self, among, since: Instant::now() }
    }

    fn places(&self) -> usize {
        let each = self.each.load(Ordering::Relaxed).max(1);
        usize::try_from(self.budget / each).unwrap_or(MOST).clamp(LEAST, MOST)
    }

    /// Learns from a call that waited so long among so many. Exponential means over eight or so; of two that overwrite each
    /// other one is lost.
    fn learn(&self, took: u64, among: usize) {
        let (each, seen) = (self.each.load(Ordering::Relaxed), took / (among.max(1) as u64));
        let now = if seen < each {
            each - (each - seen).div_ceil(8)
        } else if among >= LEAST && took >= self.budget / 4 {
            each + (seen - each) / 8
        } else {
            return;
        };
        self.each.store(now, Ordering::Relaxed);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.waiting.now.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Place<'_> {
    /// The store answered, or was waited for in vain.
    pub(super) fn answered(self) {
        self.waiting.learn(nanos(self.since.elapsed()), self.among);
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_millis(800);
    const MS: u64 = 1_000_000;

    fn all(waiting: &Waiting) -> Vec<Place<'_>> {
        std::iter::from_fn(|| waiting.enter()).collect()
    }

    #[test]
    fn places_end_and_come_back() {
        let waiting = Waiting::new(TIMEOUT);
        let mut places = all(&waiting);
        assert_eq!(places.len(), MOST);
        assert!(waiting.enter().is_none() && waiting.enter().is_none());
        places.push(waiting.go_on());
        assert!(waiting.enter().is_none());
        places.truncate(MOST - 1);
        assert!(waiting.enter().is_some());
    }

    #[test]
    fn there_are_as_many_places_as_can_be_answered_in_time() {
        let waiting = Waiting::new(TIMEOUT);
        // One after the other, 5 ms each: 140 of them are 700 ms.
        for among in 64..200 {
            waiting.learn(5 * MS * among as u64, among);
        }
        assert!((139..=141).contains(&all(&waiting).len()), "{}", waiting.places());
        // That fewer ask, and wait less, is no reason to forget it.
        for among in (1..64).rev() {
            waiting.learn(5 * MS * among as u64, among);
        }
        assert!((139..=141).contains(&waiting.places()), "{}", waiting.places());
        // No fewer than that, however slow it is.
        for _ in 0..100 {
            waiting.learn(800 * MS, LEAST);
        }
        assert_eq!(waiting.places(), LEAST);
        // And as many as ever once it is quick again.
        for _ in 0..100 {
            waiting.learn(MS, 1);
        }
        assert_eq!(waiting.places(), MOST);
    }

    #[test]
    fn a_store_that_is_far_away_but_does_many_at_once_gets_more_and_more() {
        let waiting = Waiting::new(TIMEOUT);
        let mut among = LEAST;
        while among < MOST {
            for _ in 0..among {
                waiting.learn(600 * MS, among);
            }
            let places = waiting.places();
            assert!(places > among, "{places}");
            among = places;
        }
    }

    #[test]
    fn a_store_that_stood_still_while_few_asked_keeps_its_places() {
        let waiting = Waiting::new(TIMEOUT);
        for among in 1..LEAST {
            waiting.learn(800 * MS, among);
        }
        assert_eq!(waiting.places(), MOST);
    }
}
