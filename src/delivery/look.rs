//! The look for what is left over: messages whose first try failed, or whose sidecar is gone.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::time::timeout;

use super::{Channel, Job, Outbox, Reason, outbox::UNDER_WAY_MAX};
use crate::{policy::Outcome, store::message::Due};

/// How often what is under way is counted, and old connections are closed, where nothing is due.
const LOOK: Duration = Duration::from_secs(1);
/// How many of a bucket one look may bring.
const LOOK_MAX: usize = 32;
/// After so long a message of a channel that nobody has is given up.
const NO_CHANNEL_AFTER_MS: u64 = 30_000;

impl Outbox {
    /// Takes up what is left over, once the look at the server that the sidecar makes each second finds something; until it is
    /// dropped.
    pub async fn look(self: Arc<Self>) {
        loop {
            let _ = timeout(LOOK, self.store.some_due()).await;
            self.look_once().await;
            self.settings.channels.values().for_each(Channel::tidy);
            let under_way = UNDER_WAY_MAX - self.tickets.available_permits();
            self.metrics.delivery_queue.set(i64::try_from(under_way).unwrap_or(i64::MAX));
        }
    }

    async fn look_once(self: &Arc<Self>) {
        // What cannot be asked now is asked with the next look.
        let Ok(look) = self.store.due(LOOK_MAX).await else { return };
        if look.is_empty() && !self.store.ready() {
            return;
        }
        let oldest = look.iter().map(|due| due.overdue_ms).max().unwrap_or_default();
        self.metrics.delivery_oldest.set(Duration::from_millis(oldest).as_secs_f64());
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
        let sealer = self.sealer.get();
        let about = sealer.open_about(&generation, &message.about).filter(|about| about.is_of(&subject));
        let code = sealer.open_code(&subject, &generation, &message.code);
        let (queued, here) = (message.state == Outcome::Queued, self.channel(&message.channel).is_some());
        if queued && !here && overdue_ms < NO_CHANNEL_AFTER_MS {
            return None;
        }
        let mut of = self.message(&subject, &generation, about.as_ref(), message.step, &message.channel);
        // Without a channel, or the keys that open it, no try can be made.
        if queued && !(here && about.is_some() && code.is_some()) {
            of.tries_max = 0;
        }
        let (reason, since) = (if here { 0 } else { Reason::NoChannel as u8 }, Instant::now());
        let claimed = self.store.claim_message(&of, reason).await.ok()?;
        self.is_ours(&message.channel, about.as_ref(), claimed).then_some(())?;
        let left = Duration::from_millis(claimed.left);
        let (about, code, tries, step) = (about?, code?, claimed.tries, claimed.step);
        Some(Job { subject, generation, about, step, code, tries, left, since })
    }
}
