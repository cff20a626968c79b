//! How full a limit is, as `RateLimit` headers tell it.

/// One limit that is on: its policy and what is left of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gauge {
    /// `subject`, `cooldown`, `ip` or `failures`.
    pub name: &'static str,
    /// How many.
    pub max: u32,
    /// In how many seconds.
    pub window: u64,
    /// How many are left.
    pub left: u32,
    /// Seconds until more are.
    pub reset: u64,
}
