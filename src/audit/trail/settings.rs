//! Where and how trails are kept.

use std::{
    io,
    path::{Component, PathBuf},
};

use super::record::Place;
use crate::files;

/// When segments end and marks are made.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// A segment of so many bytes is closed.
    pub segment_bytes: u64,
    /// A segment begun so long ago is closed, ms.
    pub segment_ms: u64,
    /// Between two marks, ms.
    pub mark_ms: u64,
    /// A segment whose newest event is older goes, ms.
    pub retention_ms: u64,
    /// Between two looks for such, ms.
    pub retain_ms: u64,
}

impl Limits {
    /// Those that hold, with this retention. 64 MiB is what a tool still opens and a backup copies at once; a day is what
    /// retention counts in.
    pub const fn new(retention_ms: u64) -> Self {
        Self { segment_bytes: 64 << 20, segment_ms: 86_400_000, mark_ms: 60_000, retention_ms, retain_ms: 3_600_000 }
    }
}

/// Where and how a trail is kept.
#[derive(Debug)]
pub struct Settings {
    /// `OTP_AUDIT_DIR`.
    pub root: PathBuf,
    /// The data directory; where `root` is in it, it is ours alone, as all there.
    pub data_dir: PathBuf,
    /// The second place for marks.
    pub witness: Option<PathBuf>,
    /// What this place is to readers.
    pub place: Place,
    /// When segments end, and so on.
    pub limits: Limits,
}

impl Settings {
    /// Makes the directory or takes it.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub(super) fn directory(&self) -> io::Result<()> {
        let below = self.root.strip_prefix(&self.data_dir).ok();
        // With `..` it may be anywhere.
        match below.filter(|below| below.components().all(|part| matches!(part, Component::Normal(_)))) {
            Some(below) => files::directory_inside(&self.data_dir, below),
            None => files::directory(&self.root),
        }
    }
}
