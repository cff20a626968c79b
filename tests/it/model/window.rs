//! A sliding window as the contract has it: a list of times. What happened at `t` counts until just before `t + window`.

use super::{expect::Gauge, rules::Quota};

/// When something happened, in order.
#[derive(Debug, Clone, Default)]
pub struct Times(pub Vec<u64>);

/// What a quota leaves now.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    pub left: u64,
    /// ms until one more is allowed, 0 = now.
    pub wait: u64,
    /// ms until one more comes free, 0 = nothing is used.
    pub reset: u64,
}

impl Times {
    /// Those within the window that ends now.
    pub fn within(&self, window: u64, now: u64) -> Vec<u64> {
        self.0.iter().copied().filter(|at| at + window > now).collect()
    }

    /// What the quota leaves; `None` if it is off.
    pub fn room(&self, quota: Quota, now: u64) -> Option<Room> {
        let (max, window) = quota?;
        let used = self.within(window, now);
        let left = max - used.len() as u64;
        let reset = used.first().map_or(0, |at| at + window - now);
        Some(Room { left, wait: if left == 0 { reset } else { 0 }, reset })
    }
}

impl Room {
    /// As `RateLimit` headers tell it.
    pub fn gauge(&self, name: &'static str, quota: Quota) -> Option<Gauge> {
        let (max, window) = quota?;
        Some(Gauge { name, max, window: window.div_ceil(1000), left: self.left, reset: self.reset.div_ceil(1000) })
    }
}
