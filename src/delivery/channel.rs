//! One channel: how many speak to its provider at once, and a rest where it does not answer.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use lettre::message::Mailbox;
use tokio::sync::Semaphore;

use super::{
    DeliverySettings, Failure, Reason, TryResult,
    address::MailAddress,
    smtp::{Relay, Smtp, parcel},
    templates::{Occasion, Words},
};
use crate::secret::Generation;

/// So many failures in a row to reach a provider, and it is left alone.
const BROKEN_AFTER: u32 = 5;
/// For so long.
const REST: Duration = Duration::from_secs(10);

/// A channel hands messages to its provider.
#[derive(Debug)]
pub struct Channel {
    smtp: Smtp,
    from: Mailbox,
    slots: Arc<Semaphore>,
    breaker: Mutex<Breaker>,
}

#[derive(Debug, Default)]
struct Breaker {
    /// Failures in a row.
    failures: u32,
    rests_until: Option<Instant>,
}

impl Channel {
    /// Prepares a channel; nothing is said yet.
    pub fn new(relay: &Relay, settings: &DeliverySettings) -> Self {
        let DeliverySettings { from, tls, timeout, connections, .. } = settings;
        let hello = from.email.domain();
        Self {
            smtp: Smtp::new(relay.clone(), tls.clone(), hello, *timeout, *connections),
            from: from.clone(),
            slots: Arc::new(Semaphore::new(*connections)),
            breaker: Mutex::default(),
        }
    }

    /// Who may speak to the provider.
    pub(super) fn slots(&self) -> &Arc<Semaphore> {
        &self.slots
    }

    /// How long the provider is left alone yet.
    pub(super) fn rests(&self) -> Option<Duration> {
        let until = self.breaker().rests_until?;
        Some(until.saturating_duration_since(Instant::now())).filter(|rest| !rest.is_zero())
    }

    /// Tries once.
    ///
    /// # Errors
    /// What became of it.
    pub async fn send(&self, to: &str, generation: &Generation, words: &Words) -> Result<(), Failure> {
        let broken = || Failure { result: TryResult::Broken, reason: Reason::Refused, status: None };
        let to = MailAddress::parse(to).ok_or_else(broken)?;
        let parcel = parcel(&self.from, &to, generation, words).ok_or_else(broken)?;
        let sent = self.smtp.send(&parcel).await;
        self.note(sent.err());
        sent
    }

    fn note(&self, failure: Option<Failure>) {
        let mut breaker = self.breaker();
        // A provider that says no is there.
        if failure.is_none_or(|failure| failure.status.is_some()) {
            *breaker = Breaker::default();
            return;
        }
        breaker.failures += 1;
        if breaker.failures >= BROKEN_AFTER {
            breaker.rests_until = Some(Instant::now() + REST);
        }
    }

    fn breaker(&self) -> std::sync::MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DeliverySettings {
    /// The words for a code.
    ///
    /// # Errors
    /// Why there are none; nothing of what is in them.
    pub fn words(&self, occasion: Occasion<'_>) -> Result<Words, String> {
        let app = self.app_name.as_deref().unwrap_or(occasion.tenant);
        self.templates.render(&Occasion { app, ..occasion })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_in_a_row_are_a_rest_and_an_answer_ends_the_row() {
        let settings = DeliverySettings::sample();
        let channel = Channel::new(&settings.channels["email"], &settings);
        let refused = Failure { status: Some(450), ..Failure::unreachable() };
        for failure in [Failure::unreachable(); 4].into_iter().chain([refused]).chain([Failure::unreachable(); 4]) {
            channel.note(Some(failure));
        }
        assert_eq!(channel.rests(), None);
        channel.note(Some(Failure::unreachable()));
        assert!(channel.rests().is_some_and(|rest| rest > REST / 2));
        channel.note(None);
        assert_eq!(channel.rests(), None);
    }
}
