//! The outbox's worker: tries at once what this sidecar issued, and looks each second for what is left over.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{sleep, timeout},
};
use zeroize::Zeroizing;

use super::{
    Channel, DeliverySettings, Failure, Letter, TryResult,
    address::AddressKind,
    rehearsal::{Played, Rehearsal},
    settle::AGAIN,
    templates::{Occasion, SAMPLE},
};
use crate::{
    event::EventContext,
    metrics::Metrics,
    policy::Outcome,
    secret::{Generation, MessageAbout, MessageSealer, Reference, Way, Who, WhoSealer, hex},
    store::{
        Store,
        message::{Begun, MessageRef, NewMessage, SettleMessage},
    },
};

/// Messages that may be under way in one sidecar: some 2 MB.
pub const UNDER_WAY_MAX: usize = 1000;
/// Between the end of a try and that of its lease: what settling may take.
const SPARE: Duration = Duration::from_secs(5);

/// The outbox's worker, shared by all who issue codes.
#[derive(Debug)]
pub struct Outbox {
    pub(super) parts: Parts,
    pub(super) tickets: Arc<Semaphore>,
    rehearsal: Rehearsal,
    pub(super) stopping: watch::Sender<bool>,
}

/// What an outbox is made of.
#[derive(Debug)]
pub struct Parts {
    /// The channels and their words.
    pub settings: Arc<DeliverySettings>,
    /// Opens messages.
    pub sealer: MessageSealer,
    /// Seals whom an event is about, where that is kept at all.
    pub who: Option<WhoSealer>,
    /// Where messages lie.
    pub store: Arc<Store>,
    /// Counts.
    pub metrics: Arc<Metrics>,
}

/// A place among those under way, taken before anything is spent.
#[derive(Debug)]
pub struct Ticket {
    _permit: OwnedSemaphorePermit,
}

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

impl Job {
    pub(super) fn way(&self) -> Option<&Way> {
        self.about.ways.get(usize::from(self.step))
    }
}

impl Outbox {
    /// Prepares it; nothing is sent yet.
    pub fn new(parts: Parts) -> Self {
        parts.settings.channels.keys().for_each(|channel| parts.metrics.begin_channel(channel));
        let tickets = Arc::new(Semaphore::new(UNDER_WAY_MAX));
        Self { parts, tickets, rehearsal: Rehearsal::default(), stopping: watch::Sender::new(false) }
    }

    /// What it was told.
    pub fn settings(&self) -> &DeliverySettings {
        &self.parts.settings
    }

    pub(super) fn channel(&self, name: &str) -> Option<&Channel> {
        self.parts.settings.channels.get(name)
    }

    /// A place for one more message; `None` where too many are under way.
    pub fn ticket(&self) -> Option<Ticket> {
        Arc::clone(&self.tickets).try_acquire_owned().ok().map(|permit| Ticket { _permit: permit })
    }

    /// Seals a message, as the function that issues its code takes it.
    pub fn seal(
        &self,
        subject: &Reference,
        generation: &Generation,
        about: &MessageAbout,
        code: &str,
    ) -> Option<Vec<u8>> {
        let sealer = &self.parts.sealer;
        let channel = &about.ways.first()?.channel;
        let (about, code) = (sealer.seal_about(generation, about)?, sealer.seal_code(subject, generation, code)?);
        NewMessage { channel, about: &about, code: &code, lease_ms: self.lease_ms() }.packed()
    }

    /// Opens where a message went.
    pub fn open_about(&self, generation: &Generation, sealed: &[u8]) -> Option<MessageAbout> {
        self.parts.sealer.open_about(generation, sealed)
    }

    /// Tries a message that was just issued.
    pub fn start(self: &Arc<Self>, job: Job, ticket: Ticket) {
        let outbox = Arc::clone(self);
        tokio::spawn(async move {
            let (_ticket, mut next) = (ticket, Some(job));
            while let Some(job) = next {
                next = outbox.run(job).await;
            }
        });
    }

    /// Tells a user of a lock, where the code went that it began with; once, and by mail alone.
    pub fn tell_locked(self: &Arc<Self>, about: MessageAbout, step: u8, generation: Generation, left: Duration) {
        let (Some(ticket), outbox) = (self.ticket(), Arc::clone(self)) else { return };
        tokio::spawn(async move {
            let (_ticket, id) = (ticket, format!("{}-locked", hex(&generation.0)));
            let Some(Way { channel, to }) = about.ways.get(usize::from(step)) else { return };
            if let Some(found) = outbox.channel(channel).filter(|found| found.kind == AddressKind::Mail) {
                let _slot = found.slots().acquire().await;
                let occasion = Occasion { kind: found.kind, left, ..occasion(&about, channel, None) };
                let _ = outbox.hand_over(found, &id, to, &occasion).await;
            }
        });
    }

    /// Begins no more, and waits so long for what is being tried; what is not done then is another sidecar's at once.
    pub async fn stop(&self, time: Duration) {
        self.stopping.send_replace(true);
        let all = u32::try_from(UNDER_WAY_MAX).unwrap_or(u32::MAX);
        // Each task has half of it to end by itself, and the other half to say so.
        let _ = timeout(time, self.tickets.acquire_many(all)).await;
    }

    /// Tries once; where it goes on by another channel at once, that is the next.
    async fn run(&self, job: Job) -> Option<Job> {
        let timed = Instant::now();
        let Way { channel: name, to } = job.way()?.clone();
        let Some(channel) = self.channel(&name) else { return self.put_back(job, Duration::ZERO).await };
        if self.parts.settings.test_recipients.code(&to, SystemTime::now()).is_some() {
            self.parts.metrics.test_sends.inc();
            return self.over(job, Outcome::Test).await;
        }
        if job.about.decoy == 1 {
            let played = self.rehearsal.draw(&mut rand::rng());
            sleep(played.took).await;
            return self.ended(job, played.end).await;
        }
        let mut stopping = self.stopping.subscribe();
        // A try that began later could outlive its lease.
        let begin_within = SPARE.saturating_sub(job.since.elapsed() + Duration::from_secs(1));
        let slot = tokio::select! {
            slot = timeout(begin_within, channel.slots().acquire()) => Some(slot.ok().and_then(Result::ok)),
            () = stopped_for(&mut stopping, Duration::ZERO) => None,
        };
        let Some(slot) = slot else { return self.put_back(job, Duration::ZERO).await };
        let Some(_slot) = slot else { return self.put_back(job, AGAIN).await };
        if let Some(rest) = channel.rests() {
            // Nobody waits for a provider that does not answer where there is another.
            let goes_on = !self.next(&job.about, job.step).is_empty();
            let outcome = if goes_on { Outcome::Failed } else { Outcome::Queued };
            let settle = SettleMessage { outcome, ..job.later(Failure::unreachable(), Begun::No, rest) };
            return self.tell(job, settle).await;
        }
        let left = job.left.saturating_sub(job.since.elapsed());
        let occasion = Occasion { kind: channel.kind, left, ..occasion(&job.about, &name, Some(&job.code)) };
        let id = match job.step {
            0 => hex(&job.generation.0),
            step => format!("{}-{step}", hex(&job.generation.0)),
        };
        let tried = tokio::select! {
            tried = self.hand_over(channel, &id, &to, &occasion) => tried,
            () = stopped_for(&mut stopping, AGAIN) => {
                let cut = job.later(Failure::unreachable(), Begun::Unknown, Duration::ZERO);
                self.tell(job, cut).await;
                return None;
            }
        };
        self.rehearsal.note(Played { took: timed.elapsed(), end: tried });
        self.ended(job, tried).await
    }

    async fn hand_over(&self, channel: &Channel, id: &str, to: &str, occasion: &Occasion<'_>) -> Result<(), Failure> {
        let tried = match self.parts.settings.words(occasion) {
            Ok(words) => channel.send(&Letter { id, to, occasion, words: &words }).await,
            Err(_) => Err(Failure::refused(TryResult::Broken, None)),
        };
        let result = tried.map_or_else(|failure| failure.result, |()| TryResult::Accepted);
        self.parts.metrics.delivery_tries.with_label_values(&[occasion.channel, result.label()]).inc();
        if let Err(Failure { reason, status, .. }) = tried {
            // Not what the provider said: that may hold an address.
            tracing::warn!(channel = %occasion.channel, result = result.label(), reason = reason.label(), status, "not delivered");
        }
        tried
    }

    /// The channel that a message goes on by behind this step, where we have it; empty for none.
    pub(super) fn next<'a>(&self, about: &'a MessageAbout, step: u8) -> &'a str {
        let next = about.ways.get(usize::from(step) + 1).filter(|way| self.channel(&way.channel).is_some());
        next.map_or("", |way| &way.channel)
    }

    pub(super) fn message<'a>(
        &self,
        subject: &'a Reference,
        generation: &'a Generation,
        purpose: &'a str,
        context: &'a [u8],
        next: &'a str,
    ) -> MessageRef<'a> {
        let tries_max = self.parts.settings.tries;
        MessageRef { subject, generation, purpose, context, tries_max, next, lease_ms: self.lease_ms() }
    }

    pub(super) fn context(&self, subject: &Reference, about: Option<(&MessageAbout, u8)>, channel: &str) -> Vec<u8> {
        let who = about.zip(self.parts.who.as_ref()).map(|((about, step), sealer)| {
            let to = about.ways.get(usize::from(step)).map(|way| &*way.to);
            sealer.seal(subject, &Who { subject: Some(&about.subject), to, ..Who::default() })
        });
        let (tenant, purpose) = about.map_or(("", ""), |(about, _)| (&about.tenant, &about.purpose));
        EventContext { tenant, purpose, who: &who.unwrap_or_default(), channel, ..EventContext::about(subject) }
            .packed()
    }

    pub(super) fn lease(&self) -> Duration {
        self.parts.settings.timeout + SPARE
    }

    pub(super) fn lease_ms(&self) -> u32 {
        u32::try_from(self.lease().as_millis()).unwrap_or(u32::MAX)
    }
}

/// What a message is about; for which kind of address, and for how long, its channel and its clock say.
fn occasion<'a>(about: &'a MessageAbout, channel: &'a str, code: Option<&'a str>) -> Occasion<'a> {
    let MessageAbout { tenant, purpose, locale, app_hash, app, .. } = about;
    let (locale, app_hash) = (locale.as_deref(), app_hash.as_deref());
    let app = app.as_deref().unwrap_or_default();
    Occasion { tenant, channel, purpose, locale, app, code, app_hash, ..SAMPLE }
}

/// Waits until we are told to stop, and then so long.
async fn stopped_for(stopping: &mut watch::Receiver<bool>, time: Duration) {
    if stopping.wait_for(|&stop| stop).await.is_err() {
        // Nobody is left who could tell us.
        std::future::pending::<()>().await;
    }
    sleep(time).await;
}
