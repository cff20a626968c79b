//! How a try ended, as the store is told it.

use std::time::{Duration, Instant};

use rand::RngExt;
use tokio::time::sleep;

use super::{Failure, Job, Outbox, TryResult};
use crate::{
    policy::Outcome,
    store::message::{Begun, SettleMessage, SettledMessage},
};

/// Pauses before the second and the third try, and before each further one.
const PAUSES: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(8)];
/// Between two attempts to tell the store how a try ended.
pub(super) const AGAIN: Duration = Duration::from_millis(500);

impl Job {
    /// What the store is told of a try: it is to be tried again after a pause.
    pub(super) fn later(&self, failure: Failure, begun: Begun, pause: Duration) -> SettleMessage {
        let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        let (reason, step, tries) = (failure.reason as u8, self.step, self.tries);
        SettleMessage { outcome: Outcome::Queued, reason, step, tries, begun, pause_ms }
    }
}

impl Outbox {
    /// Says how a try ended.
    pub(super) async fn ended(&self, job: Job, tried: Result<(), Failure>) -> Option<Job> {
        let Err(failure) = tried else { return self.over(job, Outcome::Accepted).await };
        let own = PAUSES.get(usize::from(job.tries.saturating_sub(1))).unwrap_or(&PAUSES[1]);
        let pause = own.mul_f64(rand::rng().random_range(0.8..1.2)).max(failure.wait.unwrap_or_default());
        let begun = if failure.result == TryResult::Unknown { Begun::Unknown } else { Begun::Failed };
        let final_word = matches!(failure.result, TryResult::Permanent | TryResult::Broken);
        let outcome = if final_word { Outcome::Failed } else { Outcome::Queued };
        let settle = SettleMessage { outcome, ..job.later(failure, begun, pause) };
        self.tell(job, settle).await
    }

    /// Says that no try is needed any more.
    pub(super) async fn over(&self, job: Job, outcome: Outcome) -> Option<Job> {
        let settle = job.later(Failure::unreachable(), Begun::Failed, Duration::ZERO);
        self.tell(job, SettleMessage { outcome, reason: 0, ..settle }).await
    }

    /// Gives back a try that was not begun.
    pub(super) async fn put_back(&self, job: Job, pause: Duration) -> Option<Job> {
        let settle = job.later(Failure::unreachable(), Begun::No, pause);
        self.tell(job, settle).await
    }

    /// Tells the store, again and again while the lease lasts: what it does not know is tried once more.
    pub(super) async fn tell(&self, job: Job, settle: SettleMessage) -> Option<Job> {
        let channel = job.way().map_or("", |way| &way.channel);
        let context = self.context(&job.subject, Some((&job.about, job.step)), channel);
        let of =
            self.message(&job.subject, &job.generation, &job.about.purpose, &context, self.next(&job.about, job.step));
        let settled = loop {
            match self.parts.store.settle_message(of, settle).await {
                Ok(settled) => break settled,
                Err(_) if job.since.elapsed() > self.lease() => return None,
                Err(_) => sleep(AGAIN).await,
            }
        };
        if settled.outcome == Outcome::Claimed {
            let left = Duration::from_millis(settled.left);
            return Some(Job { step: job.step + 1, tries: 1, left, since: Instant::now(), ..job });
        }
        if job.about.decoy == 0 && settled.first && settled.outcome != Outcome::Queued {
            self.count(channel, &settled);
        }
        None
    }

    fn count(&self, channel: &str, settled: &SettledMessage) {
        let metrics = &self.parts.metrics;
        metrics.count_delivery(channel, settled.outcome.label());
        if settled.outcome == Outcome::Accepted && settled.issued > 0 {
            let took = Duration::from_millis(settled.now.saturating_sub(settled.issued));
            metrics.delivery_seconds.with_label_values(&[channel]).observe(took.as_secs_f64());
        }
    }
}
