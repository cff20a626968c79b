//! Retention: a segment whose newest event is older goes, oldest first, and a checkpoint of its end stays.
//!
//! That is on disk before the segment goes, so that a reader knows what went by retention, and that what went otherwise did
//! not.

use std::{fs, io, path::Path, sync::Arc};

use super::{End, Header, Lines, Place, Role, Stop, Trail, record, recover};
use crate::{files, secret::TrailKeys};

/// Most segments that go in one step; the next step goes on.
const AT_ONCE: usize = 16;
/// How far two clocks may be apart, ms: more than any correction of a clock that works, less than anything is kept.
const APART_MS: u64 = 300_000;

/// What time it is, ms since 1970.
#[derive(Debug, Clone, Copy)]
pub struct Clocks {
    /// By this machine's clock.
    pub host_ms: u64,
    /// By Redis's; `None` if it was not asked yet.
    pub redis_ms: Option<u64>,
}

impl Clocks {
    /// The time that is past for certain: by both clocks, or by this machine's and by what `newest_ms`, the time of the
    /// newest event, proves.
    ///
    /// # Errors
    /// That the clocks are apart: one of them is wrong, and nobody knows which.
    pub fn certain_ms(self, newest_ms: u64) -> Result<u64, String> {
        let apart_ms = self.redis_ms.map_or(0, |redis| redis.abs_diff(self.host_ms));
        if apart_ms <= APART_MS {
            return Ok(self.host_ms.min(self.redis_ms.unwrap_or(newest_ms)));
        }
        let apart = apart_ms / 1000;
        Err(format!(
            "nothing goes by retention (OTP_AUDIT_RETENTION_DAYS) while this machine's clock and Redis's are {apart} s apart"
        ))
    }
}

impl Trail {
    /// Removes the oldest segments whose newest event was before `before_ms`, a few at a time; answers how many went. The
    /// open one is closed first where it is as old.
    ///
    /// # Errors
    /// If a segment cannot be read or removed, or that it goes not be said; the others stay.
    pub fn retain(&mut self, before_ms: u64, now_ms: u64) -> io::Result<usize> {
        if self.open.end.newest_ms > 0 && self.open.end.newest_ms < before_ms {
            self.begin(now_ms)?;
        }
        let mut count = 0;
        while count < AT_ONCE && self.gone + 1 < self.open.end.segment {
            let number = self.gone + 1;
            let (next, begin) = first(&self.dir, number + 1)?;
            if next.newest_ms >= before_ms {
                break;
            }
            let end =
                End { segment: number, n: begin.n - 1, bytes: 0, hash: next.previous.0, newest_ms: next.newest_ms };
            end.checkpoint(Role::Removed, &self.id, &self.keys, now_ms).write(&self.removed, &self.keys)?;
            self.gone = number;
            files::there(fs::remove_file(record::path(&self.dir, number)))?;
            files::sync(&self.dir)?;
            count += 1;
        }
        Ok(count)
    }

    /// The same in a trail that nobody writes any more.
    ///
    /// # Errors
    /// As [`Trail::retain`], and where somebody writes it or it is not ours.
    pub fn retain_dead(
        dir: &Path,
        place: &Place,
        keys: &Arc<TrailKeys>,
        before_ms: u64,
        now_ms: u64,
    ) -> Result<usize, Stop> {
        let signed = |role| recover::signed(dir, role, keys.public());
        let (head, removed) = (signed(Role::Head)?, signed(Role::Removed)?);
        // What is left of it is empty.
        if head.newest_ms == 0 && removed.segment + 1 == head.segment {
            return Ok(0);
        }
        Ok(Self::open(dir, place, keys, now_ms)?.retain(before_ms, now_ms)?)
    }
}

/// The first line of a segment.
fn first(dir: &Path, number: u32) -> io::Result<(Header, End)> {
    let path = record::path(dir, number);
    let first = Lines::open(&path)?.first()?.filter(|(_, end)| end.segment == number && end.n > 0);
    first.ok_or_else(|| io::Error::other(format!("{} has no sound beginning", path.display())))
}
