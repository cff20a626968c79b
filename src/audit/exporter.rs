//! The exporter: writes events out and deletes them from the outbox.
//!
//! Every sidecar tries; the lease of a bucket decides whose events they are. Written first, deleted after: a crash in
//! between writes a line again with the same identity, and loses none.
//!
//! It has a thread, a runtime and a connection of its own, so that no request waits while it unpacks events, for the disk or
//! for whoever reads our output; it asks for little at a time, so that none waits for Redis to list them; and it writes what
//! a round has read at once, so that the disk is waited for once.

mod newer;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

pub use newer::Newer;

use super::trail::{Clocks, Position, Trail};
use super::{personal::Personal, positions::PositionsFile, sink::Sink};
use crate::event::{Bucket, Event};
use crate::learning::{Bursts, Learner, Lessons};
use crate::metrics::Metrics;
use crate::store::outbox::{Acknowledged, Batch, Entry, Lease, Written};
use crate::store::{Store, StoreError, key::OfBucket, positions, tally::Tally};

/// Pause between two rounds when there was little to do, and when there was nothing. Well within a lease's 5 s.
const ROUND: Duration = Duration::from_millis(500);
const IDLE: Duration = Duration::from_secs(1);
/// Buckets in one question.
const BUCKETS: usize = 8;
/// Most events in one question: with these Redis has something like 0.5 ms to do for it, and the answer has about 100 kB.
const EVENTS: usize = 512;
/// Most of them of one bucket: the more there are, the less is what Redis and we do once for all of them.
const BATCH: usize = 256;
/// A round that has so many events asks no more buckets before they are written: 1 to 2 MB, which are on disk in about the
/// time that an empty write takes.
const ENOUGH: usize = 2048;

/// What exports.
#[derive(Debug)]
pub struct Exporter {
    /// Where events come from.
    pub store: Arc<Store>,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// This sidecar's name in leases.
    pub who: String,
    /// Seals whom events are about.
    pub personal: Personal,
    /// Where events go.
    pub sink: Sink,
    /// Where it is kept how far events went; `None` where it cannot be.
    pub positions: Option<PositionsFile>,
    /// Events of a later version that stay: the last of each bucket that is ours, and how many.
    pub newer: BTreeMap<Bucket, Newer>,
    /// Our clock, ms since 1970.
    pub now_ms: fn() -> u64,
    /// What is learned of sign-ins, and looks for what there is more of than on other days; `None` = nothing is learned.
    pub learning: Option<(Learner, Bursts)>,
    /// Buckets of which it is not known where their events went before; all of them at first.
    pub unknown: BTreeSet<Bucket>,
}

/// What a round has read.
#[derive(Debug, Default)]
struct Round {
    events: Vec<Event>,
    read: Vec<Read>,
    lessons: Vec<(Bucket, Lessons)>,
    more: bool,
}

/// What it has read of one bucket.
#[derive(Debug)]
struct Read {
    bucket: Bucket,
    /// Which of the round's events.
    events: Range<usize>,
    /// What may go once they are written; `None` where nothing may.
    written: Option<Written>,
    /// Those that stay, if some of them were met.
    newer: Option<Newer>,
}

impl Exporter {
    /// Exports until `stop` turns true, then once more.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let buckets: Vec<Bucket> = Bucket::all().collect();
        let mut groups = buckets.chunks(BUCKETS).cycle();
        let mut reported: Option<Instant> = None;
        loop {
            let last = *stop.borrow();
            let round = self.round(groups.by_ref().take(buckets.len() / BUCKETS)).await;
            let pause = round.unwrap_or_else(|error| {
                // Once in ten seconds: an outage is already told by readiness and metrics.
                if reported.is_none_or(|at| at.elapsed() > Duration::from_secs(10)) {
                    tracing::warn!(%error, "events stay in the outbox");
                    reported = Some(Instant::now());
                }
                ROUND
            });
            self.keep_positions(last);
            self.sink.tick(Clocks { host_ms: (self.now_ms)(), redis_ms: self.store.clock_ms() }, last);
            let first_is_ours = Bucket::all().next().is_some_and(|first| !self.unknown.contains(&first));
            if let (Some((_, bursts)), true) = (&mut self.learning, first_is_ours) {
                bursts.look().await;
            }
            if last {
                return;
            }
            if pause.is_zero() {
                continue;
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stop.wait_for(|&stop| stop) => {}
            }
        }
    }

    /// Keeps how far events went, for the next start.
    fn keep_positions(&mut self, last: bool) {
        let (trail, now_ms) = (self.sink.trail().map(Trail::id), (self.now_ms)());
        let Some(file) = &mut self.positions else { return };
        match if last { file.write(trail) } else { file.tick(trail, now_ms) } {
            Ok(()) => {}
            Err(error) if trail.is_none() => {
                tracing::debug!(%error, "how far events went is not kept (OTP_DATA_DIR)");
                self.positions = None;
            }
            Err(error) => {
                self.metrics.audit_errors.of("upkeep").inc();
                tracing::warn!(%error, "how far events went cannot be kept (OTP_AUDIT_DIR)");
            }
        }
    }

    /// One round: reads from all groups of buckets, or until it has enough, and writes all of it at once; answers how long
    /// to wait for the next.
    async fn round(&mut self, groups: impl Iterator<Item = &[Bucket]>) -> Result<Duration, ExportError> {
        let (mut round, mut odd) = (Round::default(), None);
        for group in groups {
            match self.read(group, &mut round).await {
                Ok(()) => {}
                // What one bucket's events wait for must not keep everybody's.
                Err(error @ (StoreError::Unexpected(_) | StoreError::Refused(_))) => odd = Some(error),
                Err(error) => return Err(error.into()),
            }
            if round.events.len() >= ENOUGH {
                round.more = true;
                break;
            }
        }
        let pause = match (round.more, round.events.is_empty()) {
            (true, _) => Duration::ZERO,
            (false, false) => ROUND,
            (false, true) => IDLE,
        };
        self.write(round).await?;
        odd.map_or(Ok(pause), |error| Err(error.into()))
    }

    async fn read(&mut self, buckets: &[Bucket], round: &mut Round) -> Result<(), StoreError> {
        let leases = self.store.lease(&self.who, buckets, &self.unknown).await?;
        // Of those that are another's now it will have to be learned.
        self.unknown.extend(buckets);
        for Lease { bucket, before, .. } in &leases {
            self.unknown.remove(bucket);
            if let Some(before) = before {
                self.sink.take_over(*bucket, serde_json::from_slice(before).unwrap_or_default());
            }
        }
        let ours: BTreeSet<Bucket> = leases.iter().map(|lease| lease.bucket).collect();
        buckets.iter().filter(|bucket| !ours.contains(bucket)).for_each(|bucket| self.forget_newer(*bucket));
        let waiting: Vec<Lease> = leases.into_iter().filter(|lease| lease.waiting > 0).collect();
        let most = waiting.iter().map(|lease| lease.waiting).max().unwrap_or_default().clamp(1, BATCH);
        for some in waiting.chunks(EVENTS / most) {
            self.read_events(some, round).await?;
        }
        Ok(())
    }

    async fn read_events(&mut self, of: &[Lease], round: &mut Round) -> Result<(), StoreError> {
        let behind = |bucket: Bucket| self.newer.get(&bucket).map(|newer| &*newer.last);
        let batches = self.store.oldest(of.iter().map(|lease| lease.bucket), behind, BATCH).await?;
        let (first, mut read) = (round.events.len(), Vec::new());
        for Batch { bucket, entries } in batches {
            round.more |= entries.len() >= BATCH;
            // Of what others wrote as well.
            let last = entries.last().and_then(|last| positions::Position::behind(&last.id));
            last.into_iter().for_each(|at| self.store.positions.learn(bucket, at));
            read.push(self.unpack(bucket, entries, &mut round.events));
        }
        let sealed = self.personal.seal(&self.store, round.events.get_mut(first..).unwrap_or_default()).await;
        match sealed {
            Ok(()) => round.read.append(&mut read),
            Err(_) => round.events.truncate(first),
        }
        if let Some((learner, _)) = &mut self.learning {
            round.lessons.extend(learner.judge(round.events.get_mut(first..).unwrap_or_default()).await);
        }
        sealed
    }

    /// Adds a bucket's events to those of the round.
    fn unpack(&self, bucket: Bucket, entries: Vec<Entry>, events: &mut Vec<Event>) -> Read {
        let (all, begin) = (entries.len(), events.len());
        let mut newer = self.newer.get(&bucket).cloned().unwrap_or_default();
        let mut ids = Vec::with_capacity(all);
        for Entry { id, value } in entries {
            // An event of a later version stays for one that can read it.
            let event = match Event::unpack(bucket, &id, &value) {
                None if Event::is_newer(&value) => {
                    newer = Newer { last: id, count: newer.count + 1 };
                    continue;
                }
                None => self.unreadable(bucket, &id, &value),
                event => event,
            };
            events.extend(event);
            ids.push(id);
        }
        let met = ids.len() < all;
        // Where some stay, now or from before, not all up to the last may go.
        let written =
            if newer.count > 0 && !ids.is_empty() { Some(Written::These(ids)) } else { ids.pop().map(Written::UpTo) };
        Read { bucket, events: begin..events.len(), written, newer: met.then_some(newer) }
    }

    /// Says of an entry that it is no event.
    fn unreadable(&self, bucket: Bucket, id: &str, value: &[u8]) -> Option<Event> {
        self.store.name_unreadable(bucket, format!("{} {id}", OfBucket::Events.key(bucket)).as_bytes());
        Event::unreadable(bucket, id, value, (self.now_ms)())
    }

    /// Writes a round, then has it deleted, a group of buckets at a time.
    async fn write(&mut self, round: Round) -> Result<(), ExportError> {
        let (now_ms, Round { events, mut read, lessons, .. }) = ((self.now_ms)(), round);
        let oldest = events.iter().map(|event| event.time_ms).min();
        let lag = oldest.map_or(0, |oldest| now_ms.saturating_sub(oldest));
        self.metrics.audit_lag.set(Duration::from_millis(lag).as_secs_f64());
        if !events.is_empty() {
            self.sink.write(&events, now_ms)?;
        }
        let mut all_lost = Vec::new();
        for group in read.chunks_mut(BUCKETS) {
            let written = group.iter_mut().filter_map(|Read { bucket, events: range, written, .. }| {
                let own = events.get(range.clone()).unwrap_or_default();
                let last = own.last().map(|event| Position { epoch: event.epoch, seq: event.seq });
                let exported = serde_json::to_vec(&self.sink.exported(last.unwrap_or_default())).unwrap_or_default();
                Some(Acknowledged { bucket: *bucket, written: written.take()?, exported, tally: Tally::of(own) })
            });
            let written: Vec<_> = written.collect();
            let lost = self.store.acknowledge(&self.who, &written).await?;
            let deleted = group.iter().filter(|read| !lost.contains(&read.bucket)).map(|read| read.events.len() as u64);
            self.metrics.events_exported.inc_by(deleted.sum());
            all_lost.extend(lost);
        }
        if let Some((learner, _)) = &self.learning {
            learner.teach(lessons, &all_lost, now_ms).await;
        }
        for Read { bucket, newer, .. } in read {
            newer.into_iter().for_each(|newer| self.pass_newer(bucket, newer, &all_lost));
        }
        Ok(())
    }
}

#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error("store: {0}")]
    Store(#[from] StoreError),
    #[error("cannot write them out: {0}")]
    Output(#[from] std::io::Error),
}
