//! One try of a message, from its place in the queue of its channel to what the store is told of its end.

use std::time::{Duration, Instant, SystemTime};

use rand::RngExt;
use tokio::{
    select,
    time::{sleep, timeout},
};

use super::{
    Channel, End, Failure, Job, Letter, Outbox, Reason, TryResult,
    outbox::{SPARE, occasion},
    rehearsal::Played,
    templates::Occasion,
};
use crate::{
    policy::Outcome,
    secret::{MessageAbout, Way, hex},
    store::message::{Begun, SettleMessage, Standing},
};

/// Pauses before the second and the third try, and before each further one.
const PAUSES: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(8)];
/// Between two attempts to tell the store how a try ended, and before a message that found its channel full is tried again.
const AGAIN: Duration = Duration::from_millis(500);

impl Outbox {
    /// Tries once.
    pub(super) async fn attempt(&self, job: &Job) -> End {
        let found = job.about.ways.get(usize::from(job.step)).and_then(|way| Some((way, self.channel(&way.channel)?)));
        let Some((way, channel)) = found else { return End::Put(Duration::ZERO) };
        if self.settings.test_recipients.code(&way.to, SystemTime::now()).is_some() {
            self.metrics.test_sends.inc();
            return End::Test;
        }
        if let Some(rest) = channel.rests() {
            return End::Rests(rest);
        }
        let mut stopping = self.stopping.subscribe();
        let stopped = async {
            let _ = stopping.wait_for(|&stop| stop).await;
            sleep(AGAIN).await;
        };
        let begun = Instant::now();
        select! {
            end = self.real_or_played(channel, way, job) => {
                if job.about.decoy == 0 {
                    channel.rehearsal.note(Played { took: begun.elapsed(), end });
                }
                end
            }
            () = stopped => End::Cut,
        }
    }

    async fn real_or_played(&self, channel: &Channel, way: &Way, job: &Job) -> End {
        if job.about.decoy == 1 {
            let Played { took, end } = channel.rehearsal.draw(&mut rand::rng());
            sleep(took).await;
            return end;
        }
        // A try that began later could outlive its lease.
        let begin_within = SPARE.saturating_sub(job.since.elapsed() + Duration::from_secs(1));
        let _slot = match timeout(begin_within, channel.slots.acquire()).await {
            Ok(Ok(slot)) => slot,
            // Nobody gets one any more: we stop.
            Ok(Err(_)) => return End::Put(Duration::ZERO),
            Err(_) => return End::Put(AGAIN),
        };
        if let Some(rest) = channel.rests() {
            return End::Rests(rest);
        }
        let left = job.left.saturating_sub(job.since.elapsed());
        let occasion = Occasion { kind: channel.kind, left, ..occasion(&job.about, &way.channel, Some(&job.code)) };
        let id = match job.step {
            0 => hex(&job.generation.0),
            step => format!("{}-{step}", hex(&job.generation.0)),
        };
        self.hand_over(channel, &id, &way.to, &occasion).await.map_or_else(End::Failed, |()| End::Accepted)
    }

    /// Hands a message over in its words.
    pub(super) async fn hand_over(
        &self,
        channel: &Channel,
        id: &str,
        to: &str,
        occasion: &Occasion<'_>,
    ) -> Result<(), Failure> {
        let tried = match self.settings.words(occasion) {
            Ok(words) => channel.send(&Letter { id, to, occasion, words: &words }).await,
            Err(_) => Err(Failure::refused(TryResult::Broken, None)),
        };
        let result = tried.map_or_else(|failure| failure.result, |()| TryResult::Accepted);
        self.metrics.delivery_tries.with_label_values(&[occasion.channel, result.label()]).inc();
        if let Err(Failure { reason, status, .. }) = tried {
            // Not what the provider said: that may hold an address.
            tracing::warn!(channel = %occasion.channel, result = result.label(), reason = reason.label(), status, "not delivered");
        }
        tried
    }

    /// Tells the store how a try ended, again and again while the lease lasts: what it does not know is tried once more. Where the
    /// message goes on by another way at once, that is answered.
    pub(super) async fn settle(&self, job: Job, end: End) -> Option<Job> {
        let channel = job.about.ways.get(usize::from(job.step)).map_or("", |way| &way.channel);
        let of = self.message(&job.subject, &job.generation, Some(&job.about), job.step, channel);
        let unreachable = Reason::Unreachable as u8;
        let (outcome, begun, reason, pause) = match end {
            End::Accepted => (Outcome::Accepted, Begun::Yes, 0, Duration::ZERO),
            End::Test => (Outcome::Test, Begun::Yes, 0, Duration::ZERO),
            End::Failed(Failure { result, reason, wait, .. }) => {
                let is_final = matches!(result, TryResult::Permanent | TryResult::Broken);
                let outcome = if is_final { Outcome::Failed } else { Outcome::Queued };
                let begun = if result == TryResult::Unknown { Begun::Unknown } else { Begun::Yes };
                let own = PAUSES.get(usize::from(job.tries.saturating_sub(1))).unwrap_or(&PAUSES[1]);
                let pause = own.mul_f64(rand::rng().random_range(0.8..1.2)).max(wait.unwrap_or_default());
                (outcome, begun, reason as u8, pause)
            }
            End::Cut => (Outcome::Queued, Begun::Unknown, unreachable, Duration::ZERO),
            End::Put(pause) => (Outcome::Queued, Begun::No, unreachable, pause),
            // Nobody waits for a provider that does not answer where there is another.
            End::Rests(rest) if of.next.is_empty() => (Outcome::Queued, Begun::No, unreachable, rest),
            End::Rests(rest) => (Outcome::Failed, Begun::No, unreachable, rest),
        };
        let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        let settle = SettleMessage { outcome, reason, step: job.step, tries: job.tries, begun, pause_ms };
        let (standing, since) = loop {
            let since = Instant::now();
            match self.store.settle_message(&of, settle).await {
                Ok(standing) => break (standing, since),
                // What was given back before may be another's by now, and is not given back again.
                Err(error) if begun == Begun::No && !error.undone() => return None,
                Err(_) if job.since.elapsed() > self.lease() => return None,
                Err(_) => sleep(AGAIN).await,
            }
        };
        let Standing { tries, step, .. } = standing;
        let left = Duration::from_millis(standing.left);
        self.is_ours(channel, Some(&job.about), standing).then(|| Job { step, tries, left, since, ..job })
    }

    /// Whether the next try of a message is ours; where it ended with this call, that is counted.
    pub(super) fn is_ours(&self, channel: &str, about: Option<&MessageAbout>, standing: Standing) -> bool {
        let Standing { outcome, first, age, .. } = standing;
        let ended = first && !matches!(outcome, Outcome::Claimed | Outcome::Queued);
        if ended && about.is_none_or(|about| about.decoy == 0) {
            self.metrics.deliveries.with_label_values(&[channel, outcome.label()]).inc();
            if outcome == Outcome::Accepted && age > 0 {
                let seconds = Duration::from_millis(age).as_secs_f64();
                self.metrics.delivery_seconds.with_label_values(&[channel]).observe(seconds);
            }
        }
        outcome == Outcome::Claimed
    }
}
