//! How many calls wait for a primary. Beyond a bound more are turned away at once: a queue that grows makes everyone late
//! and nobody faster. The bound is what the primary answers before the time-out, learnt from how long each call waited for
//! each that waited with it: little is believed of any call, much only of those that waited long among many.

use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    time::{Duration, Instant},
};

/// Most calls that wait at once: at tens of microseconds each, a full queue is worked off within some 25 ms.
const MOST: usize = 512;
/// So many are let in however slow the primary seems: with fewer it is the way there that takes time, and not the others.
const LEAST: usize = 32;

/// Counts the calls that wait, and learns how many may.
pub(super) struct Waiting {
    /// A call that is let in should be answered within this, ns: the time-out, less an eighth for the scheduler.
    budget: u64,
    now: AtomicUsize,
    /// What one more adds to the wait of all behind it, ns; 0 until somebody waited long.
    each: AtomicU64,
}

/// A permit lets one call wait, `among` so many; given back when dropped.
pub(in crate::store) struct Permit<'a> {
    waiting: &'a Waiting,
    among: usize,
    since: Instant,
}

impl Waiting {
    pub(super) fn new(timeout: Duration) -> Self {
        Self { budget: timeout.as_nanos() as u64 / 8 * 7, now: AtomicUsize::new(0), each: AtomicU64::new(0) }
    }

    /// Takes a permit, `None` if all are taken. The second half of a call is never turned away.
    pub(super) fn try_acquire(&self, second_half: bool) -> Option<Permit<'_>> {
        let permit = Permit { waiting: self, among: self.now.fetch_add(1, Relaxed) + 1, since: Instant::now() };
        (second_half || permit.among <= self.permits()).then_some(permit)
    }

    fn permits(&self) -> usize {
        usize::try_from(self.budget / self.each.load(Relaxed).max(1)).unwrap_or(MOST).clamp(LEAST, MOST)
    }

    /// Learns from a call that took so long among so many: an exponential mean over eight or so.
    fn learn(&self, took: u64, among: usize) {
        let (each, seen) = (self.each.load(Relaxed), took / among.max(1) as u64);
        if seen < each {
            self.each.store(each - (each - seen).div_ceil(8), Relaxed);
        } else if among >= LEAST && took >= self.budget / 4 {
            self.each.store(each + (seen - each) / 8, Relaxed);
        }
    }
}

impl Permit<'_> {
    /// Notes that the call was answered, or waited for in vain.
    pub(in crate::store) fn answered(self) {
        self.waiting.learn(self.since.elapsed().as_nanos() as u64, self.among);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.waiting.now.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_millis(800);
    const MS: u64 = 1_000_000;

    #[test]
    fn permits_end_and_come_back() {
        let waiting = Waiting::new(TIMEOUT);
        let mut permits: Vec<_> = std::iter::from_fn(|| waiting.try_acquire(false)).collect();
        assert!(permits.len() == MOST && waiting.try_acquire(false).is_none());
        permits.extend(waiting.try_acquire(true));
        assert!(permits.len() == MOST + 1 && waiting.try_acquire(false).is_none());
        permits.truncate(MOST - 1);
        assert!(waiting.try_acquire(false).is_some());
    }

    #[test]
    fn there_are_as_many_permits_as_can_be_answered_in_time() {
        let waiting = Waiting::new(TIMEOUT);
        // One after the other, 5 ms each: 140 of them are 700 ms. That fewer ask then is no reason to forget it.
        for among in (64..200).chain((1..64).rev()) {
            waiting.learn(5 * MS * among as u64, among);
        }
        assert!((139..=141).contains(&waiting.permits()), "{}", waiting.permits());
        (0..100).for_each(|_| waiting.learn(800 * MS, LEAST));
        assert_eq!(waiting.permits(), LEAST, "no fewer, however slow");
        (0..100).for_each(|_| waiting.learn(MS, 1));
        assert_eq!(waiting.permits(), MOST, "quick again");
    }

    #[test]
    fn a_store_that_is_far_away_but_does_many_at_once_gets_more_and_more() {
        let (waiting, mut among) = (Waiting::new(TIMEOUT), LEAST);
        while among < MOST {
            (0..among).for_each(|_| waiting.learn(600 * MS, among));
            assert!(waiting.permits() > among, "{among}");
            among = waiting.permits();
        }
    }

    #[test]
    fn a_store_that_stood_still_while_few_asked_keeps_its_permits() {
        let waiting = Waiting::new(TIMEOUT);
        (1..LEAST).for_each(|among| waiting.learn(800 * MS, among));
        assert_eq!(waiting.permits(), MOST);
    }
}
