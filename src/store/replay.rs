//! What was answered in the last minute, put back where a server turns out not to know it: after a failover that lost
//! writes, guesses that a user was told of still count, and locks still hold.

use std::time::Instant;

use redis::Value;

use super::{
    Store, StoreError,
    check::Checked,
    each::pipeline,
    function,
    key::{OfBucket, OfReference},
    lineage::Lineage,
    link::Way,
    node::Source,
    target::of_subject,
    told::Told,
};
use crate::{
    event::{Bucket, EventContext},
    policy::Outcome,
    secret::Reference,
};

/// So many are put back in one round trip: Redis is kept for some 2 ms.
const BATCH: usize = 64;
/// `lock_reason` in `src/store/record.rs`.
const BY_FAILURES: u8 = 1;
const BY_HAND: u8 = 2;

impl Store {
    /// Notes what a check, or a failure or success of an app's own check, is about to tell.
    ///
    /// # Errors
    /// [`StoreError::Unconfirmed`]: another server has the bucket by now, which may not know it; nobody is to be told.
    pub(super) async fn told(
        &self,
        subject: &Reference,
        purpose: &str,
        checked: &Checked,
        source: &Source,
    ) -> Result<(), StoreError> {
        let locks = checked.outcome == Outcome::WrongCodeLocks;
        let disabled = checked.outcome == Outcome::WrongCodeDisables;
        let failures = self.limits.max_failures().saturating_sub(checked.attempts_left);
        let told = Told {
            now: checked.now,
            purpose: purpose.into(),
            failures: u16::try_from(failures).unwrap_or(u16::MAX),
            level: checked.locked.1,
            reason: if locks { BY_FAILURES } else { 0 },
            locked: if locks { (checked.now, checked.locked.0) } else { (0, 0) },
            disabled,
        };
        match checked.outcome {
            Outcome::Approved => {
                self.replays.cleared(subject, told, &source.lineage.id, Instant::now());
                Ok(())
            }
            Outcome::WrongCode | Outcome::WrongCodeLocks | Outcome::WrongCodeDisables => {
                self.will_tell(subject, told, source).await
            }
            _ => Ok(()),
        }
    }

    /// Notes that an operator locked a subject.
    ///
    /// # Errors
    /// As [`Store::told`].
    pub(super) async fn told_locked(
        &self,
        subject: &Reference,
        (from, until): (u64, u64),
        level: u8,
        source: &Source,
    ) -> Result<(), StoreError> {
        let purpose = "".into();
        let told =
            Told { now: from, purpose, failures: 0, level, reason: BY_HAND, locked: (from, until), disabled: false };
        self.will_tell(subject, told, source).await
    }

    async fn will_tell(&self, subject: &Reference, told: Told, source: &Source) -> Result<(), StoreError> {
        let id = &source.lineage.id;
        self.replays.note(subject, told, id, Instant::now());
        let elsewhere = self.replays.elsewhere(Bucket::of(subject), id, self.timeout).await;
        if elsewhere { self.note(function::REPLAY.name, Err(StoreError::Unconfirmed)) } else { Ok(()) }
    }

    /// Puts back what subjects of this bucket were told and this server is not known to have.
    ///
    /// # Errors
    /// [`StoreError`]: some of it may be missing still, and only that is tried again.
    pub(super) async fn put_back(&self, way: &Way, lineage: &Lineage, bucket: Bucket) -> Result<(), StoreError> {
        loop {
            let missing = self.replays.missing(bucket, &lineage.id, BATCH, Instant::now());
            if missing.is_empty() {
                return Ok(());
            }
            let command = |(subject, told): &(Reference, Told)| {
                let mut keys = of_subject(subject);
                keys.extend([OfBucket::Home.key(bucket).into(), OfReference::Cleared.key(subject)]);
                let context = EventContext { actor: &self.name, ..EventContext::about(subject) }.packed();
                let mut cmd = self.fcall(&function::REPLAY, bucket, &keys);
                cmd.arg(self.limits.of("")).arg(&*told.purpose).arg("0").arg(context).arg(told.packed());
                cmd
            };
            let all: Vec<_> = missing.iter().collect();
            for ((subject, told), answer) in missing.iter().zip(pipeline(way, &all, &command).await?) {
                match answer.map_err(StoreError::from) {
                    Ok(Value::Array(items)) if items.first() == Some(&Value::Int(1)) => self.metrics.replayed.inc(),
                    Ok(_) => {}
                    // A record of a newer version keeps nobody from the others of its bucket.
                    Err(StoreError::Refused(code)) if code.starts_with("OTP") => {
                        tracing::warn!(code, "what a subject was told cannot be put back");
                    }
                    Err(error) => return Err(error),
                }
                self.replays.has(subject, told, &lineage.id);
            }
        }
    }
}
