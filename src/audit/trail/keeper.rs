//! Keeps a trail in `OTP_AUDIT_DIR`: goes on with one that nobody writes, or begins one, closes and opens it as time and
//! disk have it, and removes what is old.

use std::path::{Component, PathBuf};
use std::time::{Duration, Instant};
use std::{collections::BTreeMap, io, sync::Arc};

use super::{Clocks, Exported, Place, Stop, Trail, create, witness::Witness};
use crate::event::{Bucket, Event};
use crate::{files, metrics::Metrics, secret::TrailKeys};

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
    fn directory(&self) -> io::Result<()> {
        let below = self.root.strip_prefix(&self.data_dir).ok();
        // With `..` it may be anywhere.
        match below.filter(|below| below.components().all(|part| matches!(part, Component::Normal(_)))) {
            Some(below) => files::directory_inside(&self.data_dir, below),
            None => files::directory(&self.root),
        }
    }
}

/// Keeps a trail.
#[derive(Debug)]
pub struct Keeper {
    settings: Settings,
    keys: Arc<TrailKeys>,
    metrics: Arc<Metrics>,
    witness: Option<Witness>,
    trail: Option<Trail>,
    /// Up to where events of buckets went, and where to, until this trail has some of theirs.
    exported: BTreeMap<u8, Exported>,
    /// When the last mark was made or tried, and when the old was last looked for, ms since 1970.
    marked_ms: u64,
    retained_ms: u64,
    complained: Option<Instant>,
}

impl Keeper {
    /// Opens a trail, in a directory which is made if it is not there.
    ///
    /// # Errors
    /// If it cannot be written. A full disk is none: events wait until there is room.
    pub fn open(settings: Settings, keys: Arc<TrailKeys>, metrics: Arc<Metrics>, now_ms: u64) -> io::Result<Self> {
        let witness = settings.witness.clone();
        let witness = witness.map(|to| Witness { to, metrics: Arc::clone(&metrics), writing: None });
        let (trail, exported, complained) = (None, BTreeMap::new(), None);
        let (marked_ms, retained_ms) = (now_ms, 0);
        let mut keeper = Self { settings, keys, metrics, witness, trail, exported, marked_ms, retained_ms, complained };
        match keeper.find(now_ms) {
            Err(error) if is_full(&error) => tracing::error!(%error, "no room for the audit trail (OTP_AUDIT_DIR)"),
            found => keeper.trail = Some(found?),
        }
        Ok(keeper)
    }

    /// The trail that is being written.
    pub fn trail(&self) -> Option<&Trail> {
        self.trail.as_ref()
    }

    /// Goes on with the first trail that nobody writes, or begins one.
    fn find(&self, now_ms: u64) -> io::Result<Trail> {
        let Settings { root, place, .. } = &self.settings;
        self.settings.directory()?;
        let mut passed = Vec::new();
        for dir in create::all(root)? {
            match Trail::open(&dir, place, &self.keys, now_ms) {
                Ok(trail) => {
                    tracing::info!(trail = trail.id(), "goes on with the audit trail");
                    return Ok(trail);
                }
                Err(Stop::Busy) => {}
                Err(why) => passed.push((dir, why)),
            }
        }
        let trail = Trail::create(root, place, &self.keys, rand::random(), now_ms)?;
        for (dir, why) in passed {
            tracing::warn!(trail = %dir.display(), %why, "cannot go on with an audit trail");
        }
        tracing::info!(trail = trail.id(), "begins an audit trail");
        Ok(trail)
    }

    /// Learns who wrote the events of a bucket before; from now on we do.
    pub fn take_over(&mut self, bucket: Bucket, before: Exported) {
        let Settings { root, place, .. } = &self.settings;
        if let Some(id) = before.trail.as_deref().filter(|_| before.place == *place)
            && !create::directory(root, id).exists()
        {
            tracing::error!(trail = id, "an audit trail is gone that was in this directory (OTP_AUDIT_DIR)");
        }
        self.exported.insert(bucket.number(), before);
    }

    /// Writes events; all are on disk once this returns.
    ///
    /// # Errors
    /// None of them may be deleted from Redis; they come again.
    pub fn write(&mut self, events: &[Event], now_ms: u64) -> io::Result<()> {
        let result = self.try_write(events, now_ms);
        if result.is_err() {
            self.metrics.audit_errors.of("trail").inc();
            self.let_go();
        }
        result
    }

    fn try_write(&mut self, events: &[Event], now_ms: u64) -> io::Result<()> {
        let trail = self.trail.take().map_or_else(|| self.find(now_ms), Ok)?;
        self.trail.insert(trail).write(events, &self.exported, now_ms)?;
        // The events are safe; whatever fails now is tried again.
        events.iter().for_each(|event| drop(self.exported.remove(&event.bucket)));
        self.upkeep(|trail, limits| trail.roll(limits, now_ms));
        self.set_marked(now_ms);
        Ok(())
    }

    /// The lines that were written since they were last taken.
    pub fn take_written(&mut self) -> Vec<u8> {
        self.trail.as_mut().map(|trail| std::mem::take(&mut trail.written)).unwrap_or_default()
    }

    /// A trail that cannot be gone on with is opened again before the next write.
    fn let_go(&mut self) {
        let Some(gone) = self.trail.take_if(|trail| trail.broken) else { return };
        for (bucket, position) in gone.positions() {
            let (trail, place) = (Some(gone.id().to_owned()), self.settings.place.clone());
            self.exported.entry(*bucket).or_insert(Exported { trail, position: Some(*position), place });
        }
    }

    /// What is due with time: mark, end of the segment, retention.
    pub fn tick(&mut self, clocks: Clocks) {
        let now_ms = clocks.host_ms;
        if now_ms.abs_diff(self.marked_ms) >= self.settings.limits.mark_ms {
            self.marked_ms = now_ms;
            self.mark(now_ms);
            self.upkeep(|trail, limits| trail.roll(limits, now_ms));
        }
        if now_ms.abs_diff(self.retained_ms) >= self.settings.limits.retain_ms && !self.retain(clocks) {
            self.retained_ms = now_ms;
        }
    }

    fn mark(&mut self, now_ms: u64) {
        let own = self.trail.as_ref().map(Trail::dir);
        let seen = create::heads_beside(&self.settings.root, own, &self.keys);
        let Some(trail) = &mut self.trail else { return };
        match trail.mark(seen, now_ms) {
            Ok(Some(statement)) => {
                self.witness.iter_mut().for_each(|witness| witness.tell(trail.id(), statement.clone()));
            }
            Ok(None) => {}
            Err(error) => {
                self.complain(&error.to_string());
                self.let_go();
            }
        }
        self.set_marked(now_ms);
    }

    /// Removes what is old, here and in trails that nobody writes any more; `true` if there may be more to do.
    fn retain(&mut self, clocks: Clocks) -> bool {
        let newest_ms = self.trail.as_ref().map_or(0, |trail| trail.open.end.newest_ms);
        let certain_ms = match clocks.certain_ms(newest_ms) {
            Ok(certain_ms) => certain_ms,
            Err(why) => {
                self.complain(&why);
                // So that an alarm lasts as long as that does.
                let Limits { retain_ms, mark_ms, .. } = self.settings.limits;
                self.retained_ms = clocks.host_ms.saturating_sub(retain_ms.saturating_sub(mark_ms));
                return true;
            }
        };
        let before_ms = certain_ms.saturating_sub(self.settings.limits.retention_ms);
        let own = self.trail.as_ref().map(|trail| trail.dir().to_owned());
        let mut went = 0;
        self.upkeep(|trail, _| trail.retain(before_ms, clocks.host_ms).map(|count| went += count));
        for dir in create::all(&self.settings.root).unwrap_or_default() {
            if Some(&dir) != own.as_ref() {
                match Trail::retain_dead(&dir, &self.settings.place, &self.keys, before_ms, clocks.host_ms) {
                    Ok(count) => went += count,
                    Err(Stop::Io(error)) => self.complain(&error.to_string()),
                    Err(Stop::Busy | Stop::Foreign(_)) => {}
                }
            }
        }
        if went > 0 {
            tracing::info!(segments = went, "segments of the audit trail went by retention");
        }
        went > 0
    }

    /// Makes the last mark and waits until the second place has it.
    pub fn close(&mut self, now_ms: u64) {
        self.witness.iter().for_each(Witness::finish);
        self.mark(now_ms);
        self.witness.iter().for_each(Witness::finish);
    }

    fn upkeep(&mut self, act: impl FnOnce(&mut Trail, &Limits) -> io::Result<()>) {
        if let Some(Err(error)) = self.trail.as_mut().map(|trail| act(trail, &self.settings.limits)) {
            self.complain(&error.to_string());
        }
    }

    /// Says how far all that was written is covered by a mark.
    fn set_marked(&self, now_ms: u64) {
        if self.trail.as_ref().is_some_and(Trail::is_marked) {
            self.metrics.audit_checkpoint.set(now_ms as f64 / 1000.0);
        }
    }

    fn complain(&mut self, why: &str) {
        self.metrics.audit_errors.of("upkeep").inc();
        if self.complained.is_none_or(|at| at.elapsed() > Duration::from_secs(10)) {
            tracing::error!(error = why, "the audit trail cannot be looked after (OTP_AUDIT_DIR)");
            self.complained = Some(Instant::now());
        }
    }
}

/// Whether there is merely no room.
fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}
