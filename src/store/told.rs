//! What subjects' callers were told in the last minute, bucket by bucket.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    event::{BUCKETS, Bucket},
    secret::Reference,
};

/// How long it is remembered: replicas are behind by less, or they are no replicas.
pub(super) const KEPT: Duration = Duration::from_secs(60);
/// Longer than any comparison takes.
const TOGETHER_MS: u64 = 5000;
/// Most subjects of a bucket that are remembered, the latest: of all buckets 65,536, some 15 MB.
const MOST: usize = 1024;

/// How a subject stood when a verdict was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    /// Redis's clock then, ms since 1970.
    pub(super) now: u64,
    /// The purpose of the last failure.
    pub(super) purpose: Arc<str>,
    /// Failures that counted.
    pub(super) failures: u16,
    /// Level of its lock.
    pub(super) level: u8,
    /// The lock's reason, 0 where none ran (`lock_reason` in `src/store/record.rs`).
    pub(super) reason: u8,
    /// When that began and ends, ms since 1970.
    pub(super) locked: (u64, u64),
    /// Whether it was disabled.
    pub(super) disabled: bool,
}

impl Told {
    /// What holds after both: the later one; of two that were given within [`TOGETHER_MS`], all of both, since a verdict
    /// tells how its subject stood when its code was charged, and not when it was compared.
    fn and(self, other: Self) -> Self {
        let (early, late) = if self.now <= other.now { (self, other) } else { (other, self) };
        if late.now - early.now >= TOGETHER_MS {
            return late;
        }
        let lock = if early.locked.1 > late.locked.1 { &early } else { &late };
        let most = if early.failures > late.failures { &early } else { &late };
        Self {
            now: late.now,
            purpose: Arc::clone(&most.purpose),
            failures: most.failures,
            disabled: early.disabled || late.disabled,
            ..lock.clone()
        }
    }

    /// Whether there is nothing to put back.
    fn is_nothing(&self) -> bool {
        self.failures == 0 && self.reason == 0 && !self.disabled
    }

    /// As `lua/replay.lua` takes it.
    pub(super) fn packed(&self) -> Vec<u8> {
        let run = if self.reason == 0 && !self.disabled { self.failures } else { 0 };
        let [_, _, from @ ..] = self.locked.0.to_be_bytes();
        let [_, _, until @ ..] = self.locked.1.to_be_bytes();
        let [_, _, now @ ..] = self.now.to_be_bytes();
        let lock = [self.level, self.reason];
        let disabled = [u8::from(self.disabled)];
        let parts: [&[u8]; 7] =
            [&self.failures.to_be_bytes(), &run.to_be_bytes(), &lock, &from, &until, &disabled, &now];
        parts.concat()
    }
}

#[derive(Debug)]
struct Entry {
    told: Told,
    at: Instant,
    /// The replication id of the server that is known to have it.
    of: String,
}

#[derive(Debug, Default)]
struct Entries {
    of: HashMap<Reference, Entry>,
    /// In the order in which they came, some of them twice.
    order: VecDeque<(Instant, Reference)>,
}

impl Entries {
    fn put(&mut self, subject: &Reference, told: Told, id: &str, now: Instant) {
        let Self { of, order } = self;
        of.insert(*subject, Entry { told, at: now, of: id.to_owned() });
        order.push_back((now, *subject));
        while let Some((at, oldest)) = order.front().copied() {
            let over = now.duration_since(at) >= KEPT || of.len() > MOST || order.len() > 4 * MOST;
            let current = of.get(&oldest).is_some_and(|entry| entry.at == at);
            if !over && current {
                break;
            }
            order.pop_front();
            if over && current {
                of.remove(&oldest);
            }
        }
    }
}

/// What a bucket's subjects were told, and where the bucket is.
#[derive(Debug, Default)]
struct OfBucket {
    entries: Mutex<Entries>,
    home: tokio::sync::Mutex<Option<String>>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Replays([OfBucket; BUCKETS]);

impl Default for Replays {
    fn default() -> Self {
        Self(std::array::from_fn(|_| OfBucket::default()))
    }
}

impl Replays {
    fn bucket(&self, bucket: Bucket) -> &OfBucket {
        let [first, ..] = &self.0;
        // A bucket's number is below their count.
        self.0.get(usize::from(bucket.number())).unwrap_or(first)
    }

    fn entries(&self, bucket: Bucket) -> MutexGuard<'_, Entries> {
        self.bucket(bucket).entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The replication id of the server with which a bucket was last found, once all is put back there; held by whoever
    /// finds it elsewhere.
    pub(super) fn home(&self, bucket: Bucket) -> &tokio::sync::Mutex<Option<String>> {
        &self.bucket(bucket).home
    }

    /// Whether a bucket has been found with another server since this one answered.
    pub(super) async fn elsewhere(&self, bucket: Bucket, id: &str, within: Duration) -> bool {
        let home = tokio::time::timeout(within, self.home(bucket).lock()).await;
        home.map_or(true, |home| home.as_deref().is_some_and(|home| home != id))
    }

    /// Notes what the caller of a subject is about to hear from the server of this replication id.
    pub(super) fn note(&self, subject: &Reference, told: Told, id: &str, now: Instant) {
        let mut entries = self.entries(Bucket::of(subject));
        let told = match entries.of.get(subject) {
            Some(before) => before.told.clone().and(told),
            None => told,
        };
        entries.put(subject, told, id, now);
    }

    /// Notes that a subject's failures of a purpose were cleared; those of others may be left. Only where something was told
    /// before.
    pub(super) fn cleared(&self, subject: &Reference, told: Told, id: &str, now: Instant) {
        let mut entries = self.entries(Bucket::of(subject));
        let known = entries.of.get(subject).map(|entry| entry.told.clone());
        if let Some(known) = known.filter(|known| known.now <= told.now) {
            entries.put(subject, Told { purpose: known.purpose, ..told }, id, now);
        }
    }

    /// Forgets a subject: what it was told before does not hold any more.
    pub(super) fn forget(&self, subject: &Reference) {
        self.entries(Bucket::of(subject)).of.remove(subject);
    }

    /// Up to `most` of those that the server of this replication id is not known to have.
    pub(super) fn missing(&self, bucket: Bucket, id: &str, most: usize, now: Instant) -> Vec<(Reference, Told)> {
        let entries = self.entries(bucket);
        let missing = entries
            .of
            .iter()
            .filter(|(_, entry)| entry.of != id && !entry.told.is_nothing() && now.duration_since(entry.at) < KEPT);
        missing.take(most).map(|(subject, entry)| (*subject, entry.told.clone())).collect()
    }

    /// Notes that the server of this replication id has it.
    pub(super) fn has(&self, subject: &Reference, told: &Told, id: &str) {
        if let Some(entry) = self.entries(Bucket::of(subject)).of.get_mut(subject)
            && entry.told == *told
        {
            id.clone_into(&mut entry.of);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(now: u64, failures: u16) -> Told {
        Told { now, purpose: "login".into(), failures, level: 0, reason: 0, locked: (0, 0), disabled: false }
    }

    fn subject(n: u64) -> Reference {
        let mut bytes = [7; 16];
        bytes[8..].copy_from_slice(&n.to_be_bytes());
        Reference(bytes)
    }

    #[test]
    fn the_later_verdict_holds_and_of_those_compared_together_the_worst() {
        let (early, late) = (told(5, 3), told(5 + TOGETHER_MS, 2));
        assert_eq!([early.clone().and(late.clone()), late.clone().and(early)], [late.clone(), late]);
        // Those that were compared together may be told in any order.
        let (fourth, third) = (told(10, 4), told(12, 3));
        assert_eq!([fourth.clone().and(third.clone()), third.clone().and(fourth)], [told(12, 4), told(12, 4)]);
        let lock = Told { reason: 1, locked: (9, 90), ..told(9, 5) };
        let both = Told { now: 12, ..lock.clone() };
        assert_eq!([third.clone().and(lock.clone()), lock.and(third)], [both.clone(), both]);
    }

    #[test]
    fn what_one_server_has_another_may_not() {
        let (replays, now) = (Replays::default(), Instant::now());
        let bucket = Bucket::of(&subject(1));
        replays.note(&subject(1), told(5, 1), "a", now);
        assert!(replays.missing(bucket, "a", 9, now).is_empty());
        assert_eq!(replays.missing(bucket, "b", 9, now), [(subject(1), told(5, 1))]);
        replays.has(&subject(1), &told(4, 1), "b");
        assert_eq!(replays.missing(bucket, "b", 9, now).len(), 1, "another verdict");
        replays.has(&subject(1), &told(5, 1), "b");
        assert!(replays.missing(bucket, "b", 9, now).is_empty());
        assert!(replays.missing(bucket, "c", 9, now + KEPT).is_empty(), "too old");
        replays.cleared(&subject(1), told(6, 0), "b", now);
        assert!(replays.missing(bucket, "c", 9, now).is_empty(), "nothing to put back");
        replays.cleared(&subject(2), told(6, 2), "b", now);
        assert!(replays.missing(bucket, "c", 9, now).is_empty(), "it was told nothing");
    }

    #[test]
    fn the_latest_are_remembered_and_no_more() {
        let (replays, now) = (Replays::default(), Instant::now());
        for n in 0..3 * MOST as u64 {
            replays.note(&subject(n), told(n, 1), "a", now + Duration::from_millis(n));
        }
        let kept = replays.missing(Bucket::of(&subject(0)), "b", 2 * MOST, now);
        assert_eq!(kept.len(), MOST);
        assert!(kept.iter().all(|(_, told)| told.now >= 2 * MOST as u64));
        for n in 0..10 * MOST as u64 {
            replays.note(&subject(0), told(n, 1), "a", now + Duration::from_secs(4));
        }
        assert!(replays.entries(Bucket::of(&subject(0))).order.len() <= 4 * MOST);
        let later = now + 2 * KEPT;
        replays.note(&subject(1), told(1 << 40, 1), "a", later);
        assert_eq!(replays.entries(Bucket::of(&subject(0))).of.len(), 1);
    }
}
