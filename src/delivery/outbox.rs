//! The outbox: messages of this sidecar's own sends, tried at once, and what every try needs.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::timeout,
};
use zeroize::Zeroizing;

use super::{
    Channel, DeliverySettings,
    address::AddressKind,
    templates::{Occasion, SAMPLE},
};
use crate::{
    event::EventContext,
    metrics::Metrics,
    renewable::Renewable,
    secret::{Generation, MessageAbout, MessageSealer, PepperRing, Reference, Way, Who, WhoSealer, hex},
    store::{
        Store,
        message::{MessageRef, new_message},
    },
};

/// Messages that may be under way in one sidecar: some 2 MB.
pub const UNDER_WAY_MAX: usize = 1000;
/// Between the end of a try and that of its lease: what settling may take.
pub(super) const SPARE: Duration = Duration::from_secs(5);

/// The outbox, shared by all who issue codes.
#[derive(Debug)]
pub struct Outbox {
    /// What it was told.
    pub settings: Arc<DeliverySettings>,
    pub(super) sealer: Renewable<MessageSealer>,
    /// Seals whom an event is about, where that is kept at all.
    who: Option<WhoSealer>,
    pub(super) store: Arc<Store>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) tickets: Arc<Semaphore>,
    pub(super) stopping: watch::Sender<bool>,
}

/// A place among those under way, taken before anything is spent.
pub type Ticket = OwnedSemaphorePermit;

/// A message that is ours to try.
pub struct Job {
    /// Whose.
    pub subject: Reference,
    /// Of which issue.
    pub generation: Generation,
    /// Where to, and what about.
    pub about: MessageAbout,
    /// Which of its ways.
    pub step: u8,
    /// The code.
    pub code: Zeroizing<String>,
    /// Which try by this way.
    pub tries: u8,
    /// What is left of the code's life.
    pub left: Duration,
    /// When our lease began.
    pub since: Instant,
}

impl Outbox {
    /// Prepares it; nothing is sent yet. `who` seals whom an event is about, where that is kept at all.
    pub fn new(
        settings: Arc<DeliverySettings>,
        sealer: MessageSealer,
        who: Option<WhoSealer>,
        store: Arc<Store>,
        metrics: Arc<Metrics>,
    ) -> Self {
        settings.channels.keys().for_each(|channel| metrics.begin_channel(channel));
        let (sealer, tickets) = (Renewable::new(sealer), Arc::new(Semaphore::new(UNDER_WAY_MAX)));
        Self { settings, sealer, who, store, metrics, tickets, stopping: watch::Sender::new(false) }
    }

    /// Seals and opens codes under these peppers from now on.
    pub fn renew_peppers(&self, ring: &PepperRing) {
        self.sealer.set(Arc::new(self.sealer.get().renewed(ring)));
    }

    pub(super) fn channel(&self, name: &str) -> Option<&Channel> {
        self.settings.channels.get(name)
    }

    /// A place for one more message; `None` where too many are under way.
    pub fn ticket(&self) -> Option<Ticket> {
        Arc::clone(&self.tickets).try_acquire_owned().ok()
    }

    /// Seals a message, as the function that issues its code takes it.
    pub fn seal(&self, job: &Job) -> Option<Vec<u8>> {
        let Job { subject, generation, about, code, .. } = job;
        let sealer = self.sealer.get();
        let (sealed, code) = (sealer.seal_about(generation, about)?, sealer.seal_code(subject, generation, code)?);
        new_message(&about.ways.first()?.channel, &sealed, &code, self.lease_ms())
    }

    /// Opens where a message went.
    pub fn open_about(&self, generation: &Generation, sealed: &[u8]) -> Option<MessageAbout> {
        self.sealer.get().open_about(generation, sealed)
    }

    /// Tries a message that is ours, by one way after the other.
    pub fn start(self: &Arc<Self>, job: Job, ticket: Ticket) {
        let outbox = Arc::clone(self);
        tokio::spawn(async move {
            let (_ticket, mut next) = (ticket, Some(job));
            while let Some(job) = next {
                let end = outbox.attempt(&job).await;
                next = outbox.settle(job, end).await;
            }
        });
    }

    /// Tells a user of a lock, where the code went that it began with; once, and by mail alone.
    pub async fn tell_locked(
        &self,
        about: &MessageAbout,
        step: u8,
        generation: &Generation,
        left: Duration,
    ) -> Option<()> {
        let (_ticket, id) = (self.ticket()?, format!("{}-locked", hex(&generation.0)));
        let Way { channel: name, to } = about.ways.get(usize::from(step))?;
        let channel = self.channel(name).filter(|channel| channel.kind == AddressKind::Mail)?;
        let _slot = channel.slots.acquire().await.ok()?;
        let occasion = Occasion { kind: channel.kind, left, ..occasion(about, name, None) };
        self.hand_over(channel, &id, to, &occasion).await.ok()
    }

    /// Begins no more, and waits so long for what is being tried; what is not done then is another sidecar's at once.
    pub async fn stop(&self, time: Duration) {
        self.stopping.send_replace(true);
        self.settings.channels.values().for_each(|channel| channel.slots.close());
        let all = u32::try_from(UNDER_WAY_MAX).unwrap_or(u32::MAX);
        // Each task has half of it to end by itself, and the other half to say so.
        let _ = timeout(time, self.tickets.acquire_many(all)).await;
    }

    /// The channel that a message goes on by behind this step, where we have it; empty for none.
    pub(super) fn next<'a>(&self, about: &'a MessageAbout, step: u8) -> &'a str {
        let next = about.ways.get(usize::from(step) + 1).filter(|way| self.channel(&way.channel).is_some());
        next.map_or("", |way| &way.channel)
    }

    /// A message as the store is asked about it; `about` is `None` where it cannot be opened.
    pub(super) fn message<'a>(
        &self,
        subject: &'a Reference,
        generation: &'a Generation,
        about: Option<&'a MessageAbout>,
        step: u8,
        channel: &str,
    ) -> MessageRef<'a> {
        let who = about.zip(self.who.as_ref()).map(|(about, sealer)| {
            let to = about.ways.get(usize::from(step)).map(|way| &*way.to);
            sealer.seal(subject, &Who { subject: Some(&about.subject), to, ..Who::default() })
        });
        let (tenant, purpose) = about.map_or(("", ""), |about| (&about.tenant, &about.purpose));
        let who = who.unwrap_or_default();
        let context = EventContext { tenant, purpose, who: &who, channel, ..EventContext::about(subject) }.packed();
        let next = about.map_or("", |about| self.next(about, step));
        let (tries_max, lease_ms) = (self.settings.tries, self.lease_ms());
        MessageRef { subject, generation, purpose, context, tries_max, next, lease_ms }
    }

    pub(super) fn lease(&self) -> Duration {
        self.settings.timeout + SPARE
    }

    fn lease_ms(&self) -> u32 {
        u32::try_from(self.lease().as_millis()).unwrap_or(u32::MAX)
    }
}

/// What a message is about; for which kind of address, and for how long, its channel and its clock say.
pub(super) fn occasion<'a>(about: &'a MessageAbout, channel: &'a str, code: Option<&'a str>) -> Occasion<'a> {
    let MessageAbout { tenant, purpose, locale, app_hash, app, .. } = about;
    let (locale, app_hash) = (locale.as_deref(), app_hash.as_deref());
    let app = app.as_deref().unwrap_or_default();
    Occasion { tenant, channel, purpose, locale, app, code, app_hash, ..SAMPLE }
}
