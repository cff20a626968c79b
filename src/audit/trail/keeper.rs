//! Keeps a trail in `OTP_AUDIT_DIR`: goes on with one that nobody writes, or begins one, closes and opens it as time and
//! disk have it, and removes what is old.

use std::{
    collections::BTreeMap,
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    Trail, create,
    ranges::Position,
    record::Exported,
    recover::Stop,
    retention::Clocks,
    settings::{Limits, Settings},
    witness::Witness,
};
use crate::{
    event::{Bucket, Event},
    metrics::Metrics,
    secret::TrailKeys,
};

/// Between two complaints.
const COMPLAIN: Duration = Duration::from_secs(10);

/// See the module.
#[derive(Debug)]
pub struct Keeper {
    settings: Settings,
    keys: Arc<TrailKeys>,
    metrics: Arc<Metrics>,
    witness: Option<Witness>,
    trail: Option<Trail>,
    /// Up to where the events of each bucket went, and where to.
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
        let witness = settings.witness.clone().map(|to| Witness::start(to, Arc::clone(&metrics))).transpose()?;
        let mut keeper = Self {
            settings,
            keys,
            metrics,
            witness,
            trail: None,
            exported: BTreeMap::new(),
            marked_ms: now_ms,
            retained_ms: 0,
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
        let Settings { root, place, .. } = &self.settings;
        self.settings.directory()?;
        let mut passed = Vec::new();
        for dir in create::all(root)? {
            match Trail::open(&dir, place, &self.keys, now_ms) {
                Ok(trail) => {
                    tracing::info!(trail = trail.id(), "goes on with the audit trail");
                    self.trail = Some(trail);
                    return Ok(());
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
        self.trail = Some(trail);
        Ok(())
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
        if self.trail.is_none() {
            self.find(now_ms)?;
        }
        let Some(trail) = &mut self.trail else { return Err(io::Error::other("no trail")) };
        trail.write(events, &self.exported, now_ms)?;
        for event in events.chunk_by(|one, next| one.bucket == next.bucket).filter_map(<[Event]>::last) {
            let position = Some(Position { epoch: event.epoch, seq: event.seq });
            let (trail, place) = (Some(trail.id().to_owned()), self.settings.place.clone());
            self.exported.insert(event.bucket, Exported { trail, position, place });
        }
        // The events are safe; whatever fails now is tried again.
        let limits = self.settings.limits;
        self.upkeep(|trail| trail.roll(&limits, now_ms));
        self.set_marked(now_ms);
        Ok(())
    }

    /// The lines that were written since they were last taken.
    pub fn take_written(&mut self) -> Vec<u8> {
        self.trail.as_mut().map(|trail| std::mem::take(&mut trail.written)).unwrap_or_default()
    }

    /// A trail that cannot be gone on with is opened again before the next write.
    fn let_go(&mut self) {
        self.trail = self.trail.take().filter(|trail| !trail.broken);
    }

    /// What is due with time: mark, end of the segment, retention.
    pub fn tick(&mut self, clocks: Clocks) {
        let now_ms = clocks.host_ms;
        if now_ms.abs_diff(self.marked_ms) >= self.settings.limits.mark_ms {
            self.marked_ms = now_ms;
            self.mark(now_ms);
            let limits = self.settings.limits;
            self.upkeep(|trail| trail.roll(&limits, now_ms));
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
                if let Some(witness) = &self.witness {
                    witness.tell(trail.id(), statement);
                }
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
        let newest_ms = self.trail.as_ref().map_or(0, Trail::newest_ms);
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
        self.upkeep(|trail| {
            went += trail.retain(before_ms, clocks.host_ms)?;
            Ok(())
        });
        for dir in create::all(&self.settings.root).unwrap_or_default() {
            if Some(&dir) != own.as_ref() {
                let place = &self.settings.place;
                match Trail::retain_dead(&dir, place, &self.keys, before_ms, clocks.host_ms) {
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
        self.mark(now_ms);
        if let Some(witness) = &mut self.witness {
            witness.finish();
        }
    }

    fn upkeep(&mut self, act: impl FnOnce(&mut Trail) -> io::Result<()>) {
        if let Some(Err(error)) = self.trail.as_mut().map(act) {
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
        if self.complained.is_none_or(|at| at.elapsed() > COMPLAIN) {
            tracing::error!(error = why, "the audit trail cannot be looked after (OTP_AUDIT_DIR)");
            self.complained = Some(Instant::now());
        }
    }
}

/// Whether there is merely no room.
fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}
