//! What was answered in the last minute, to be put back where a server turns out not to know it: after a failover that lost
//! writes, guesses that a user was told of still count, and locks still hold.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{
    Bucket, Store, StoreError, bucket::BUCKETS, check::Checked, link::Way, script, target::Target, target::of_subject,
};
use crate::{
    audit::event::Context,
    policy::Outcome,
    secret::{PurposeTag, Reference},
};

/// How long it is remembered: replicas are behind by less, or they are no replicas.
const KEPT: Duration = Duration::from_secs(60);
/// Most subjects that are remembered, the latest: some 10 MB.
const MOST: usize = 65_536;

/// What a subject's callers were told.
#[derive(Debug, Clone, Copy)]
struct Told {
    at: Instant,
    tag: PurposeTag,
    failures: u16,
    level: u8,
    reason: u8,
    locked: (u64, u64),
    disabled: bool,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Replays {
    told: Mutex<HashMap<Reference, Told>>,
    /// The replication id that each bucket was last found with.
    found: Mutex<[Option<String>; BUCKETS]>,
}

impl Default for Replays {
    fn default() -> Self {
        Self { told: Mutex::default(), found: Mutex::new([const { None }; BUCKETS]) }
    }
}

impl Replays {
    /// Notes which server a bucket was found with; whether it is another than before.
    pub(super) fn found_at(&self, bucket: Bucket, id: &str) -> bool {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(before) = found.get_mut(usize::from(bucket.number())) else { return false };
        let changed = before.as_deref().is_some_and(|before| before != id);
        *before = Some(id.to_owned());
        changed
    }

    /// The replication id that a bucket was last found with.
    pub(super) fn place_of(&self, bucket: Bucket) -> String {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.get(usize::from(bucket.number())).cloned().flatten().unwrap_or_default()
    }

    /// Notes a verdict that its caller is about to hear.
    fn note(&self, subject: &Reference, told: Told) {
        let mut all = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST && !all.contains_key(subject) {
            all.retain(|_, told| told.at.elapsed() < KEPT);
            if all.len() >= MOST
                && let Some(oldest) = all.iter().min_by_key(|(_, told)| told.at).map(|(subject, _)| *subject)
            {
                all.remove(&oldest);
            }
        }
        all.insert(*subject, told);
    }

    /// Forgets a subject: what it was told before does not hold any more.
    pub(super) fn forget(&self, subject: &Reference) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).remove(subject);
    }

    fn of(&self, bucket: Bucket) -> Vec<(Reference, Told)> {
        let all = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let of = all.iter().filter(|(subject, told)| Bucket::of(subject) == bucket && told.at.elapsed() < KEPT);
        of.map(|(subject, told)| (*subject, *told)).collect()
    }
}

impl Store {
    /// Notes what a check, or the failure of an app's own check, told.
    pub(super) fn told(&self, subject: &Reference, tag: PurposeTag, checked: &Checked) {
        /// `lock_reason` in `src/store/record.rs`.
        const BY_FAILURES: u8 = 1;
        let limit = self.limits.max_failures();
        let (locks, disables) =
            (checked.outcome == Outcome::WrongCodeLocks, checked.outcome == Outcome::WrongCodeDisables);
        match checked.outcome {
            Outcome::Approved => self.replays.forget(subject),
            Outcome::WrongCode | Outcome::WrongCodeLocks | Outcome::WrongCodeDisables => {
                let failures = limit.saturating_sub(checked.attempts_left);
                let locked = if locks { (checked.now, checked.locked.0) } else { (0, 0) };
                let told = Told {
                    at: Instant::now(),
                    tag,
                    failures: u16::try_from(failures).unwrap_or(u16::MAX),
                    level: checked.locked.1,
                    reason: if locks { BY_FAILURES } else { 0 },
                    locked,
                    disabled: disables,
                };
                self.replays.note(subject, told);
            }
            _ => {}
        }
    }

    /// The same of a check of a verification.
    pub(super) fn told_of(&self, target: &Target<'_>, checked: &Checked) {
        self.told(&target.subject, target.tag, checked);
    }

    /// Notes that an operator locked a subject.
    pub(super) fn told_locked(&self, subject: &Reference, (from, until): (u64, u64), level: u8) {
        const BY_HAND: u8 = 2;
        let told = Told {
            at: Instant::now(),
            tag: PurposeTag([0; 4]),
            failures: 0,
            level,
            reason: BY_HAND,
            locked: (from, until),
            disabled: false,
        };
        self.replays.note(subject, told);
    }

    /// Puts back what subjects of this bucket were told.
    ///
    /// # Errors
    /// [`StoreError`]: some of it may be missing still.
    pub(super) async fn put_back(&self, way: &Way, bucket: Bucket) -> Result<(), StoreError> {
        for (subject, told) in self.replays.of(bucket) {
            let keys = of_subject(&subject);
            let context = Context { actor: &self.name, ..Context::about(&subject) }.packed();
            let args: [&[u8]; 4] = [self.limits.of(""), &told.tag.0, &context, &told.packed()];
            let answer = self.run(way.connection.clone(), &script::REPLAY, bucket, (&keys, &args), false).await?;
            let mut reply = super::reply::Reply::new(script::REPLAY.name, answer)?;
            if reply.int()? == 1 {
                self.metrics.replayed.inc();
            }
        }
        Ok(())
    }
}

impl Told {
    /// As `lua/replay.lua` takes it.
    fn packed(&self) -> Vec<u8> {
        let run = if self.reason == 0 && !self.disabled { self.failures } else { 0 };
        let [_, _, from @ ..] = self.locked.0.to_be_bytes();
        let [_, _, until @ ..] = self.locked.1.to_be_bytes();
        let lock = [self.level, self.reason];
        let parts: [&[u8]; 6] =
            [&self.failures.to_be_bytes(), &run.to_be_bytes(), &lock, &from, &until, &[u8::from(self.disabled)]];
        parts.concat()
    }
}
