//! The look for what is left over: messages whose first try failed, or whose sidecar is gone.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::time::sleep;

use super::{Job, Outbox, Parts, Reason, outbox::UNDER_WAY_MAX};
use crate::{
    policy::Outcome,
    store::message::{Due, MessageRef},
};

/// How often somebody looks for what is left over.
const LOOK: Duration = Duration::from_secs(1);
/// How many of a bucket one look may bring.
const LOOK_MAX: usize = 32;
/// After so long a message of a channel that nobody has is given up.
const NO_CHANNEL_AFTER_MS: u64 = 30_000;

impl Outbox {
    /// Looks for what is left over, until it is dropped.
    pub async fn look(self: Arc<Self>) {
        loop {
            sleep(LOOK).await;
            self.look_once().await;
            let under_way = UNDER_WAY_MAX - self.tickets.available_permits();
            self.parts.metrics.delivery_queue.set(i64::try_from(under_way).unwrap_or(i64::MAX));
        }
    }

    async fn look_once(self: &Arc<Self>) {
        // What cannot be asked now is asked with the next look.
        let Ok(look) = self.parts.store.due(LOOK_MAX).await else { return };
        let oldest = look.iter().map(|due| due.overdue_ms).max().unwrap_or_default();
        self.parts.metrics.delivery_oldest.set(Duration::from_millis(oldest).as_secs_f64());
        for due in look {
            let Some(ticket) = self.ticket() else { return };
            if *self.stopping.borrow() {
                return;
            }
            if let Some(job) = self.claim(due).await {
                self.start(job, ticket);
            }
        }
    }

    /// Takes over what is due, or tells how it ended.
    async fn claim(&self, due: Due) -> Option<Job> {
        let Due { subject, generation, message, overdue_ms } = due;
        let Parts { sealer, store, metrics, .. } = &self.parts;
        let about = sealer.open_about(&generation, &message.about).filter(|about| about.is_of(&subject));
        let context = self.context(&subject, about.as_ref().map(|about| (about, message.step)), &message.channel);
        let purpose = about.as_ref().map_or("", |about| &about.purpose);
        let next = about.as_ref().map_or("", |about| self.next(about, message.step));
        let of = self.message(&subject, &generation, purpose, &context, next);
        let (code, since) = (sealer.open_code(&subject, &generation, &message.code), Instant::now());
        let here = self.channel(&message.channel).is_some();
        if message.state == Outcome::Queued && !here && overdue_ms < NO_CHANNEL_AFTER_MS {
            return None;
        }
        // Without a channel, or a pepper that opens it, no try can be made.
        let hopeless = message.state == Outcome::Queued && (!here || code.is_none());
        let of = if hopeless { MessageRef { tries_max: 0, ..of } } else { of };
        let reason = if here { 0 } else { Reason::NoChannel as u8 };
        let claimed = store.claim_message(of, reason).await.ok()?;
        match claimed.outcome {
            Outcome::Claimed => {
                let left = Duration::from_millis(claimed.left);
                let (about, code, tries, step) = (about?, code?, claimed.tries, claimed.step);
                Some(Job { subject, generation, about, step, code, tries, left, since })
            }
            Outcome::Failed | Outcome::Dropped => {
                metrics.count_delivery(&message.channel, claimed.outcome.label());
                None
            }
            _ => None,
        }
    }
}
