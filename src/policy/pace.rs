//! How many codes somebody who never tires can have compared for one subject: what decides about guessing where no number of
//! wrong codes stops it for good.

use super::{LockoutPolicy, PurposePolicy};

/// A year in seconds.
const YEAR: f64 = 365.0 * 86_400.0;

/// Computes the most comparisons a year against codes of one purpose, by whoever knows the limits and has any number of
/// addresses; `f64::INFINITY` where nothing slows him down. Locks, their growth and its end, forgotten failures, the send
/// quota and the pause bound it; a right code of the subject's own, which clears failures, does not come into it.
///
/// **Locks.** Let F be the failures that lock, d(n) the length of the n-th lock in a row, m the memory. While a lock lasts
/// nothing is compared; with it all failures are spent. Behind it there are two ways on. To lock again at once: F
/// comparisons, then d(n+1). Or to let the level fall to 0, which takes m from the lock's end: F−1 comparisons fit into that
/// time, for they lock nobody, and made at its beginning they are forgotten at its end (failures are forgotten m after the
/// last). So all that can be done for long is to go round: k locks in a row, then m. One round has k·F + F−1 comparisons and
/// takes d(1) + … + d(k) + m. With k = 0 nobody is ever locked; without end, it is F for each longest lock. Any mixture of
/// rounds is as fast as its fastest at best (the mediant of fractions), so the greatest quotient over all k is the pace.
///
/// **Sends.** Only a live code is compared. A code is dead once it locked (a lock burns it), was replaced, or its lifetime L
/// is over. Failures that are forgotten while it lives, at most ⌊L/m⌋ times, give F−1 comparisons each time, and the last
/// round one more, which locks. So one code takes (F−1)·(⌊L/m⌋+1) + 1 comparisons at most, and no more codes are sent than
/// quota and pause allow.
///
/// The slower of the two holds.
pub fn comparisons_a_year(lockout: &LockoutPolicy, purpose: &PurposePolicy) -> f64 {
    YEAR * by_locks(lockout).min(by_sends(lockout, purpose))
}

/// Comparisons a second as locks allow.
fn by_locks(lockout: &LockoutPolicy) -> f64 {
    let (limit, memory) = (f64::from(lockout.max_failures), lockout.memory.as_secs_f64());
    let mut pace = (limit - 1.0) / memory;
    let mut locked = 0.0;
    for level in 1..=u8::MAX {
        locked += lockout.duration(level).as_secs_f64();
        pace = pace.max((f64::from(level) * limit + limit - 1.0) / (locked + memory));
    }
    pace.max(limit / lockout.duration(u8::MAX).as_secs_f64())
}

/// Comparisons a second as the number of codes allows.
fn by_sends(lockout: &LockoutPolicy, purpose: &PurposePolicy) -> f64 {
    let quota = purpose.sends.map_or(f64::INFINITY, |quota| f64::from(quota.max) / quota.window.as_secs_f64());
    let pause = purpose.cooldown.as_secs_f64();
    let sends = if pause > 0.0 { quota.min(1.0 / pause) } else { quota };
    let forgotten = (purpose.lifetime.as_secs_f64() / lockout.memory.as_secs_f64()).floor();
    sends * ((f64::from(lockout.max_failures) - 1.0) * (forgotten + 1.0) + 1.0)
}
