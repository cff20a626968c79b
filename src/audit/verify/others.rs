//! What a trail says of others.

use super::finding::Spot;
use crate::audit::trail::{ranges::Position, record::Exported};

/// A handover, and what it stands before.
#[derive(Debug, Clone)]
pub struct Before {
    /// Where.
    pub spot: Spot,
    /// Of which bucket, up to where, and by whom.
    pub bucket: u8,
    /// See above.
    pub exported: Exported,
    /// The event behind it.
    pub next: Option<Position>,
}

/// A trail that lay beside another.
#[derive(Debug, Clone)]
pub struct Beside {
    /// How far it went.
    pub n: u64,
    /// Where that is said.
    pub spot: Spot,
}
