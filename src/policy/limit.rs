//! Limits as values: how many, in which window.

use std::time::Duration;

/// At most `max` sends in any window of length `window` (a sliding window, half open: a send made at `t` counts
/// until just before `t + window`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Sends allowed in one window, at least 1. A quota that is off is `None` where a `Quota` would stand.
    pub max: u32,
    /// Length of the window, 1 s to 40 days.
    pub window: Duration,
}
