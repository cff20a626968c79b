//! What was answered in the last minute, put back where a server turns out not to know it: after a failover that lost
//! writes, guesses that a user was told of still count, and locks still hold.

use std::time::Instant;

use redis::Value;

use super::{
    Bucket, Store, StoreError,
    check::Checked,
    each::pipeline,
    key::{OfBucket, OfReference},
    lineage::Lineage,
    link::Way,
    node::{Over, Source},
    script,
    target::of_subject,
    told::Told,
};
use crate::{
    audit::event::Context,
    policy::Outcome,
    secret::{PurposeTag, Reference},
};

/// So many are put back in one round trip: Redis is kept for some 2 ms.
const BATCH: usize = 64;
/// `lock_reason` in `src/store/record.rs`.
const BY_FAILURES: u8 = 1;
const BY_HAND: u8 = 2;

impl Store {
    /// Notes what a check, or a failure or success of an app's own check, is about to tell.
    pub(super) async fn told(&self, subject: &Reference, tag: PurposeTag, checked: &Checked, source: &Source) {
        let locks = checked.outcome == Outcome::WrongCodeLocks;
        let disabled = checked.outcome == Outcome::WrongCodeDisables;
        let failures = self.limits.max_failures().saturating_sub(checked.attempts_left);
        let told = Told {
            now: checked.now,
            tag,
            failures: u16::try_from(failures).unwrap_or(u16::MAX),
            level: checked.locked.1,
            reason: if locks { BY_FAILURES } else { 0 },
            locked: if locks { (checked.now, checked.locked.0) } else { (0, 0) },
            disabled,
        };
        let id = &source.lineage.id;
        match checked.outcome {
            Outcome::Approved => self.replays.cleared(subject, told, id, Instant::now()),
            Outcome::WrongCode | Outcome::WrongCodeLocks | Outcome::WrongCodeDisables => {
                self.replays.note(subject, told, id, Instant::now());
                self.put_back_late(Bucket::of(subject), id).await;
            }
            _ => {}
        }
    }

    /// Notes that an operator locked a subject.
    pub(super) async fn told_locked(&self, subject: &Reference, (from, until): (u64, u64), level: u8, source: &Source) {
        let tag = PurposeTag([0; 4]);
        let told = Told { now: from, tag, failures: 0, level, reason: BY_HAND, locked: (from, until), disabled: false };
        let id = &source.lineage.id;
        self.replays.note(subject, told, id, Instant::now());
        self.put_back_late(Bucket::of(subject), id).await;
    }

    /// An answer that came after another server had been found with its bucket is put back there, before it is heard.
    async fn put_back_late(&self, bucket: Bucket, id: &str) {
        if !self.replays.elsewhere(bucket, id) {
            return;
        }
        // Seldom: no call carries room for it.
        let putting = self.ask(Over::Background, bucket, |node, way, asking| async move {
            let lineage = self.lineage(&node, &way, bucket, asking).await?;
            self.put_back(&way, &lineage, bucket).await
        });
        if let Err(error) = Box::pin(putting).await {
            tracing::debug!(%error, "an answer of a server that is gone is not put back");
        }
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
            let command = |(subject, told): &(Reference, Told), whole| {
                let mut keys = of_subject(subject);
                keys.extend([OfBucket::Home.key(bucket).into(), OfReference::Cleared.key(subject)]);
                let context = Context { actor: &self.name, ..Context::about(subject) }.packed();
                let mut cmd = self.eval(&script::REPLAY, whole, bucket, &keys);
                cmd.arg(self.limits.of("")).arg(&told.tag.0).arg(context).arg(told.packed());
                cmd
            };
            let all: Vec<_> = missing.iter().collect();
            for ((subject, told), answer) in missing.iter().zip(pipeline(way, &all, &command).await?) {
                if let Value::Array(items) = answer?
                    && items.first() == Some(&Value::Int(1))
                {
                    self.metrics.replayed.inc();
                }
                self.replays.has(subject, told, &lineage.id);
            }
        }
    }
}
