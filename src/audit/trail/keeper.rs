//! Keeps a trail in `OTP_AUDIT_DIR`: goes on with one that nobody writes, or begins one, closes and opens it as time and
//! disk have it, and removes what is old.

use std::{
    collections::BTreeSet,
    io,
    path::{Component, Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    Limits, Trail, WriteError, copier::Copier, create, epochs, recover::Opened, unacknowledged::Unacknowledged,
};
use crate::{
    event::{Bucket, Event},
    files,
    metrics::Metrics,
    secret::TrailKeys,
    store::highest::Highest,
};

/// Between two complaints.
const COMPLAIN: Duration = Duration::from_secs(10);

/// Where a trail is kept.
#[derive(Debug)]
pub struct Place {
    /// `OTP_AUDIT_DIR`.
    pub root: PathBuf,
    /// The data directory; where `root` is in it, it is ours alone, as all there.
    pub data_dir: PathBuf,
    /// Where copies of checkpoints go.
    pub copies: Option<PathBuf>,
}

impl Place {
    /// Makes the directory or takes it.
    ///
    /// # Errors
    /// Why it cannot be used.
    fn directory(&self) -> io::Result<()> {
        let below = self.root.strip_prefix(&self.data_dir).ok();
        // With `..` it may be anywhere.
        match below.filter(|below| below.components().all(|part| matches!(part, Component::Normal(_)))) {
            Some(below) => files::directory_inside(&self.data_dir, below),
            None => files::directory(&self.root),
        }
    }
}

/// See the module.
#[derive(Debug)]
pub struct Keeper {
    place: Place,
    keys: Arc<TrailKeys>,
    limits: Limits,
    metrics: Arc<Metrics>,
    copier: Option<Copier>,
    /// The highest epochs in all trails of the directory.
    highest: Arc<Highest>,
    /// Whether the trail's own file does not say them yet.
    unsaid: bool,
    trail: Option<Trail>,
    unacknowledged: Unacknowledged,
    /// When the last checkpoint was made or tried, and when the old was last looked for, ms since 1970.
    checkpointed_ms: u64,
    retained_ms: u64,
    /// Checkpoints that were given to be copied.
    copied: u64,
    complained: Option<Instant>,
}

impl Keeper {
    /// Opens a trail in `place`, which is made if it is not there. What epochs its events have goes to `highest`.
    ///
    /// # Errors
    /// If it cannot be written. A full disk is none: events wait until there is room.
    pub fn open(
        place: Place,
        keys: Arc<TrailKeys>,
        limits: Limits,
        (metrics, highest): (Arc<Metrics>, Arc<Highest>),
        now_ms: u64,
    ) -> io::Result<Self> {
        let copier = place.copies.clone().map(|to| Copier::start(to, Arc::clone(&metrics))).transpose()?;
        let mut keeper = Self {
            place,
            keys,
            limits,
            metrics,
            copier,
            highest,
            unsaid: false,
            trail: None,
            unacknowledged: Unacknowledged::default(),
            checkpointed_ms: now_ms,
            retained_ms: 0,
            copied: 0,
            complained: None,
        };
        match keeper.find(now_ms) {
            Err(error) if is_full(&error) => tracing::error!(%error, "no room for the audit trail (OTP_AUDIT_DIR)"),
            found => found?,
        }
        Ok(keeper)
    }

    /// The trail that is being written.
    pub fn trail(&self) -> Option<&Trail> {
        self.trail.as_ref()
    }

    /// Goes on with the first trail that nobody writes, or begins one.
    fn find(&mut self, now_ms: u64) -> io::Result<()> {
        self.place.directory()?;
        epochs::read(&self.place.root, &self.highest)?;
        let mut passed = Vec::new();
        for dir in create::all(&self.place.root)? {
            match Trail::open(&dir, &self.keys, now_ms) {
                Ok(Opened::Trail(trail)) => {
                    self.unacknowledged = Unacknowledged::of(&dir)?;
                    tracing::info!(trail = trail.id(), "goes on with the audit trail");
                    self.take(*trail);
                    return Ok(());
                }
                Ok(Opened::Busy) => {}
                Ok(Opened::Foreign(why)) => passed.push((dir, why.to_owned())),
                Err(error) => passed.push((dir, error.to_string())),
            }
        }
        let trail = Trail::create(&self.place.root, &self.keys, rand::random(), now_ms)?;
        for (dir, why) in passed {
            tracing::warn!(trail = %dir.display(), why, "cannot go on with an audit trail");
        }
        self.unacknowledged = Unacknowledged::default();
        tracing::info!(trail = trail.id(), "begins an audit trail");
        self.take(trail);
        Ok(())
    }

    fn take(&mut self, trail: Trail) {
        self.copy(trail.dir());
        // Trails that are taken away may have been the only ones to know.
        self.unsaid = self.highest.most() > 0;
        self.trail = Some(trail);
    }

    fn copy(&self, dir: &Path) {
        if let Some(copier) = &self.copier {
            copier.copy(dir);
        }
    }

    /// Writes events, but for those that are in the trail already; all are on disk once this returns.
    ///
    /// # Errors
    /// None of them may be deleted from Redis; they come again.
    pub fn write(&mut self, events: &[Event], now_ms: u64) -> io::Result<()> {
        let result = self.try_write(events, now_ms);
        if result.is_err() {
            self.metrics.audit_errors.of("trail").inc();
        }
        result
    }

    fn try_write(&mut self, events: &[Event], now_ms: u64) -> io::Result<()> {
        if self.trail.is_none() {
            self.find(now_ms)?;
        }
        let Some(trail) = &mut self.trail else { return Err(io::Error::other("no trail")) };
        let known = &self.unacknowledged;
        match trail.write(events.iter().filter(|event| !known.has(event)), now_ms) {
            Ok(()) => {}
            Err(WriteError::Nothing(error)) => return Err(error),
            Err(WriteError::Unsaid(error)) => {
                self.unacknowledged.add(events);
                return Err(error);
            }
            Err(WriteError::Broken(error)) => {
                self.trail = None;
                return Err(error);
            }
        }
        if let Err(error) = self.say_epochs(events) {
            self.unacknowledged.add(events);
            return Err(error);
        }
        // The events are safe; whatever fails now is tried again.
        let limits = self.limits;
        self.upkeep(|trail| trail.roll(&limits, now_ms));
        self.told(now_ms);
        Ok(())
    }

    /// Before anything of a new epoch is deleted from Redis, the directory knows of it.
    fn say_epochs(&mut self, events: &[Event]) -> io::Result<()> {
        let mut higher = false;
        for event in events {
            let Some(bucket) = Bucket::of_number(event.bucket) else { continue };
            higher |= self.highest.raise(bucket, u32::try_from(event.epoch).unwrap_or(u32::MAX));
        }
        self.unsaid |= higher;
        let Some(trail) = self.trail.as_ref().filter(|_| self.unsaid) else { return Ok(()) };
        epochs::write(&self.place.root, trail.id(), &self.highest)?;
        self.unsaid = false;
        Ok(())
    }

    /// What was written has been deleted from Redis: of these buckets all, and these events not.
    pub fn settled(&mut self, buckets: &BTreeSet<u8>, left: &[&Event]) {
        self.unacknowledged.remove(buckets);
        self.unacknowledged.add(left.iter().copied());
    }

    /// What is due with time: checkpoint, end of the segment, retention.
    pub fn tick(&mut self, now_ms: u64) {
        if now_ms.abs_diff(self.checkpointed_ms) >= self.limits.checkpoint_ms {
            self.checkpointed_ms = now_ms;
            let limits = self.limits;
            self.upkeep(|trail| {
                trail.roll(&limits, now_ms)?;
                trail.checkpoint(now_ms)?;
                Ok(())
            });
            self.told(now_ms);
        }
        if now_ms.abs_diff(self.retained_ms) >= self.limits.retain_ms && !self.retain(now_ms) {
            self.retained_ms = now_ms;
        }
    }

    /// Removes what is old, here and in trails that nobody writes any more; `true` if there may be more to do.
    fn retain(&mut self, now_ms: u64) -> bool {
        let before_ms = now_ms.saturating_sub(self.limits.retention_ms);
        let own = self.trail.as_ref().map(|trail| trail.dir().to_owned());
        let mut went = 0;
        self.upkeep(|trail| {
            went += trail.retain(before_ms, now_ms)?;
            Ok(())
        });
        for dir in create::all(&self.place.root).unwrap_or_default() {
            if Some(&dir) == own.as_ref() {
                continue;
            }
            let retained = Trail::open(&dir, &self.keys, now_ms).and_then(|opened| match opened {
                Opened::Trail(mut other) => other.retain(before_ms, now_ms),
                Opened::Busy | Opened::Foreign(_) => Ok(0),
            });
            match retained {
                Ok(count) => went += count,
                Err(error) => self.complain(&error),
            }
        }
        if went > 0 {
            tracing::info!(segments = went, "segments of the audit trail went by retention");
        }
        went > 0
    }

    /// Closes the segment and waits for the last copy of its checkpoints.
    pub fn close(&mut self, now_ms: u64) {
        self.upkeep(|trail| trail.close(now_ms));
        self.told(now_ms);
        if let Some(copier) = &mut self.copier {
            copier.finish();
        }
    }

    fn upkeep(&mut self, act: impl FnOnce(&mut Trail) -> io::Result<()>) {
        if let Some(Err(error)) = self.trail.as_mut().map(act) {
            self.complain(&error);
        }
    }

    /// Has new checkpoints copied, and says how far all that was written is covered by one.
    fn told(&mut self, now_ms: u64) {
        let Some(trail) = &self.trail else { return };
        if trail.is_checkpointed() {
            self.metrics.audit_checkpoint.set(now_ms as f64 / 1000.0);
        }
        if self.copied != trail.checkpoints() {
            self.copied = trail.checkpoints();
            self.copy(trail.dir());
        }
    }

    fn complain(&mut self, error: &io::Error) {
        self.metrics.audit_errors.of("upkeep").inc();
        if self.complained.is_none_or(|at| at.elapsed() > COMPLAIN) {
            tracing::error!(%error, "the audit trail cannot be looked after (OTP_AUDIT_DIR)");
            self.complained = Some(Instant::now());
        }
    }
}

/// Whether there is merely no room.
fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}
