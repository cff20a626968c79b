//! One channel: how many speak to its provider at once, and a rest where it does not answer.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Semaphore;

use super::{
    DeliverySettings, Failure, TryResult,
    address::AddressKind,
    http::Http,
    rehearsal::Rehearsal,
    smtp::Smtp,
    templates::{Occasion, Words},
};

/// So many failures in a row to reach a provider, and it is left alone.
const BROKEN_AFTER: u32 = 5;
/// For so long.
const REST: Duration = Duration::from_secs(10);

/// A channel hands messages to its provider.
#[derive(Debug)]
pub struct Channel {
    /// What its addresses are.
    pub kind: AddressKind,
    provider: Provider,
    /// Who may speak to the provider.
    pub(super) slots: Semaphore,
    breaker: Mutex<Breaker>,
    pub(super) rehearsal: Rehearsal,
}

/// Who takes messages.
#[derive(Debug)]
pub enum Provider {
    /// A relay.
    Smtp(Box<Smtp>),
    /// Whoever speaks HTTP.
    Http(Http),
}

/// A message to be handed over.
#[derive(Clone, Copy)]
pub struct Letter<'a> {
    /// The same for all its tries by this channel, and for no other: 24 hexadecimal digits, and which fallback it is.
    pub id: &'a str,
    /// Where to.
    pub to: &'a str,
    /// What about.
    pub occasion: &'a Occasion<'a>,
    /// In these words.
    pub words: &'a Words,
}

#[derive(Debug, Default)]
struct Breaker {
    /// Failures in a row.
    failures: u32,
    rests_until: Option<Instant>,
}

impl Channel {
    /// Prepares a channel of at most so many connections; nothing is said yet.
    pub fn new(kind: AddressKind, provider: Provider, connections: usize) -> Self {
        let (slots, breaker, rehearsal) = (Semaphore::new(connections), Mutex::default(), Rehearsal::default());
        Self { kind, provider, slots, breaker, rehearsal }
    }

    /// Closes connections that nobody used for a while.
    pub(super) fn tidy(&self) {
        if let Provider::Smtp(smtp) = &self.provider {
            smtp.tidy();
        }
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
    pub async fn send(&self, letter: &Letter<'_>) -> Result<(), Failure> {
        // Of its own size each: messages wait by the hundred for providers of either kind.
        let sent = match &self.provider {
            Provider::Smtp(smtp) => Box::pin(smtp.send(letter)).await,
            Provider::Http(http) => Box::pin(http.send(letter)).await,
        };
        self.note(sent.err());
        sent
    }

    fn note(&self, failure: Option<Failure>) {
        let mut breaker = self.breaker();
        // A provider that says no is there; what was never sent says nothing of it.
        if failure.is_some_and(|failure| failure.result == TryResult::Broken) {
            return;
        }
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
    /// The words for an occasion.
    ///
    /// # Errors
    /// Why there are none; nothing of what is in them.
    pub fn words(&self, occasion: &Occasion<'_>) -> Result<Words, String> {
        let own = Some(occasion.app).filter(|app| !app.is_empty());
        let app = own.or(self.app_name.as_deref()).unwrap_or(occasion.tenant);
        self.templates.render(&Occasion { app, ..*occasion })
    }
}
