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

/// How full a limit is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limit {
    /// How many more it allows now; `None` where it is off, or was not asked.
    pub left: Option<u32>,
    /// How long until it allows more, ms.
    pub reset_ms: u64,
}

impl Limit {
    /// The same, so many ms later.
    #[must_use]
    pub fn with_age(self, ms: u64) -> Self {
        Self { reset_ms: self.reset_ms.saturating_sub(ms), ..self }
    }
}
