//! Lockouts: when wrong codes lock a subject, for how long, and when they stop it for good.

use std::time::Duration;

/// The rules that turn failures into locks. They hold for a subject over all purposes.
#[derive(Debug, Clone, PartialEq)]
pub struct LockoutPolicy {
    /// Failures that lock, 1 to 1000 (`MAX_FAILED_VERIFICATIONS_PER_OTP`).
    pub max_failures: u16,
    /// Length of the first lock (`ACCOUNT_LOCKOUT_MINUTES`).
    pub first: Duration,
    /// Whether each further lock is longer than the one before (`PROGRESSIVE_LOCKOUT`).
    pub progressive: bool,
    /// n-th lock = `first` × `factor`^(n−1), 1 to 100 (`OTP_LOCKOUT_FACTOR`).
    pub factor: f64,
    /// No lock is longer than this (`OTP_MAX_LOCKOUT_MINUTES`); never less than `first`.
    pub cap: Duration,
    /// Failures are forgotten this long after the last one, and the level falls to 0 this long after a lock's end
    /// (`OTP_LOCKOUT_MEMORY_HOURS`).
    pub memory: Duration,
    /// Wrong codes without a right one that disable the subject until an operator unlocks it, 0 = off
    /// (`OTP_MAX_CONSECUTIVE_FAILURES`; NIST SP 800-63B-4 §3.2.2 asks for at most 100).
    pub hard_stop: u16,
}

impl LockoutPolicy {
    /// Length of the `level`-th lock in a row (1 = the first).
    pub fn duration(&self, level: u8) -> Duration {
        if !self.progressive || level <= 1 {
            return self.first.min(self.cap);
        }
        let seconds = self.first.as_secs_f64() * self.factor.powi(i32::from(level) - 1);
        if seconds < self.cap.as_secs_f64() { Duration::from_secs_f64(seconds) } else { self.cap }
    }
}
