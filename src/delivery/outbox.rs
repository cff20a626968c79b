//! The outbox's worker: tries at once what this sidecar issued, and looks each second for what is left over.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use rand::RngExt;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{sleep, timeout},
};

use super::{
    Channel, DeliverySettings, Failure, Reason, TryResult,
    rehearsal::{Played, Rehearsal},
    templates::Occasion,
};
use crate::{
    event::EventContext,
    metrics::Metrics,
    policy::Outcome,
    secret::{Generation, MessageAbout, MessageCode, MessageSealer, Reference, Who, WhoSealer},
    store::{
        Store,
        message::{MessageRef, NewMessage, SettleMessage},
    },
};

/// Messages that may be under way in one sidecar: some 2 MB.
pub const UNDER_WAY_MAX: usize = 1000;
/// Between the end of a try and that of its lease: what settling may take.
const SPARE: Duration = Duration::from_secs(5);
/// Pauses before the second and the third try, and before each further one.
const PAUSES: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(8)];
/// Between two attempts to tell the store how a try ended.
const AGAIN: Duration = Duration::from_millis(500);

/// The outbox's worker, shared by all who issue codes.
#[derive(Debug)]
pub struct Outbox {
    pub(super) parts: Parts,
    channels: BTreeMap<String, Channel>,
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
    /// Which way.
    pub channel: String,
    /// Where to, and what about.
    pub about: MessageAbout,
    /// The code.
    pub code: MessageCode,
    /// Which try.
    pub tries: u8,
    /// What is left of the code's life.
    pub left: Duration,
    /// When our lease began.
    pub since: Instant,
}

impl Outbox {
    /// Prepares it; nothing is sent yet.
    pub fn new(parts: Parts) -> Self {
        let DeliverySettings { channels, .. } = &*parts.settings;
        channels.keys().for_each(|channel| parts.metrics.begin_channel(channel));
        let channels =
            channels.iter().map(|(name, relay)| (name.clone(), Channel::new(relay, &parts.settings))).collect();
        let tickets = Arc::new(Semaphore::new(UNDER_WAY_MAX));
        Self { parts, channels, tickets, rehearsal: Rehearsal::default(), stopping: watch::Sender::new(false) }
    }

    /// Whether there is a channel of this name.
    pub fn has(&self, channel: &str) -> bool {
        self.channels.contains_key(channel)
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
        channel: &str,
        about: &MessageAbout,
        code: &MessageCode,
    ) -> Option<Vec<u8>> {
        let sealer = &self.parts.sealer;
        let (about, code) =
            (sealer.seal_about(subject, generation, about)?, sealer.seal_code(subject, generation, code)?);
        NewMessage { channel, about: &about, code: &code, lease_ms: self.lease_ms() }.packed()
    }

    /// Opens where a message went.
    pub fn open_about(&self, subject: &Reference, generation: &Generation, sealed: &[u8]) -> Option<MessageAbout> {
        self.parts.sealer.open_about(subject, generation, sealed)
    }

    /// Tries a message that was just issued.
    pub fn start(self: &Arc<Self>, job: Job, ticket: Ticket) {
        let outbox = Arc::clone(self);
        tokio::spawn(async move { outbox.run(job, ticket).await });
    }

    /// Begins no more, and waits so long for what is being tried; what is not done then is another sidecar's at once.
    pub async fn stop(&self, time: Duration) {
        self.stopping.send_replace(true);
        let all = u32::try_from(UNDER_WAY_MAX).unwrap_or(u32::MAX);
        // Each task has half of it to end by itself, and the other half to say so.
        let _ = timeout(time, self.tickets.acquire_many(all)).await;
    }

    async fn run(&self, job: Job, _ticket: Ticket) {
        let timed = Instant::now();
        let Some(channel) = self.channels.get(&job.channel) else { return };
        if job.code.decoy {
            let played = self.rehearsal.draw(&mut rand::rng());
            sleep(played.took).await;
            return self.settle(&job, played.end).await;
        }
        let mut stopping = self.stopping.subscribe();
        // A try that began later could outlive its lease.
        let begin_within = SPARE.saturating_sub(job.since.elapsed() + Duration::from_secs(1));
        let slot = tokio::select! {
            slot = timeout(begin_within, channel.slots().acquire()) => Some(slot.ok().and_then(Result::ok)),
            () = stopped_for(&mut stopping, Duration::ZERO) => None,
        };
        let Some(slot) = slot else { return self.put_back(&job, Duration::ZERO).await };
        let Some(_slot) = slot else { return self.put_back(&job, AGAIN).await };
        if let Some(rest) = channel.rests() {
            return self.put_back(&job, rest).await;
        }
        let tried = tokio::select! {
            tried = self.attempt(channel, &job) => tried,
            () = stopped_for(&mut stopping, AGAIN) => {
                self.tell(&job, later(&job, Failure::unreachable(), Duration::ZERO)).await;
                return;
            }
        };
        self.rehearsal.note(Played { took: timed.elapsed(), end: tried });
        self.settle(&job, tried).await;
    }

    async fn attempt(&self, channel: &Channel, job: &Job) -> Result<(), Failure> {
        let MessageAbout { tenant, purpose, locale, to, .. } = &job.about;
        let left = job.left.saturating_sub(job.since.elapsed());
        let occasion = Occasion {
            tenant,
            channel: &job.channel,
            purpose,
            locale: locale.as_deref(),
            app: "",
            code: &job.code.code,
            left,
        };
        let tried = match self.parts.settings.words(occasion) {
            Ok(words) => channel.send(to, &job.generation, &words).await,
            Err(_) => Err(Failure { result: TryResult::Broken, reason: Reason::Refused, status: None }),
        };
        let result = tried.map_or_else(|failure| failure.result, |()| TryResult::Accepted);
        self.parts.metrics.delivery_tries.with_label_values(&[job.channel.as_str(), result.label()]).inc();
        if let Err(Failure { reason, status, .. }) = tried {
            // Not what the provider said: that may hold an address.
            tracing::warn!(channel = %job.channel, r#try = job.tries, result = result.label(), reason = reason.label(), status, "not delivered");
        }
        tried
    }

    async fn settle(&self, job: &Job, tried: Result<(), Failure>) {
        let settle = match tried {
            Ok(()) => {
                SettleMessage { outcome: Outcome::Accepted, reason: 0, tries: job.tries, begun: true, pause_ms: 0 }
            }
            Err(failure) if matches!(failure.result, TryResult::Permanent | TryResult::Broken) => {
                SettleMessage { outcome: Outcome::Failed, ..later(job, failure, Duration::ZERO) }
            }
            Err(failure) => {
                let pause = PAUSES.get(usize::from(job.tries.saturating_sub(1))).unwrap_or(&PAUSES[1]);
                later(job, failure, pause.mul_f64(rand::rng().random_range(0.8..1.2)))
            }
        };
        let Some(settled) = self.tell(job, settle).await else { return };
        let metrics = &self.parts.metrics;
        if job.code.decoy || !settled.first || settled.outcome == Outcome::Queued {
            return;
        }
        metrics.count_delivery(&job.channel, settled.outcome.label());
        if settled.outcome == Outcome::Accepted && settled.issued > 0 {
            let took = Duration::from_millis(settled.now.saturating_sub(settled.issued));
            metrics.delivery_seconds.with_label_values(&[&job.channel]).observe(took.as_secs_f64());
        }
    }

    /// Gives back a try that was not begun.
    async fn put_back(&self, job: &Job, pause: Duration) {
        let reason = Failure::unreachable();
        self.tell(job, SettleMessage { begun: false, ..later(job, reason, pause) }).await;
    }

    /// Tells the store, again and again while the lease lasts: what it does not know is tried once more.
    async fn tell(&self, job: &Job, settle: SettleMessage) -> Option<crate::store::message::SettledMessage> {
        let context = self.context(&job.subject, Some(&job.about), &job.channel);
        let of = MessageRef {
            subject: &job.subject,
            generation: &job.generation,
            purpose: &job.about.purpose,
            context: &context,
            tries_max: self.parts.settings.tries,
        };
        loop {
            match self.parts.store.settle_message(of, settle).await {
                Ok(settled) => return Some(settled),
                Err(_) if job.since.elapsed() > self.lease() => return None,
                Err(_) => sleep(AGAIN).await,
            }
        }
    }

    pub(super) fn context(&self, subject: &Reference, about: Option<&MessageAbout>, channel: &str) -> Vec<u8> {
        let who = about.zip(self.parts.who.as_ref()).map(|(about, sealer)| {
            sealer.seal(subject, &Who { subject: Some(&about.subject), to: Some(&about.to), ..Who::default() })
        });
        let (tenant, purpose) = about.map_or(("", ""), |about| (&about.tenant, &about.purpose));
        EventContext { tenant, purpose, who: &who.unwrap_or_default(), channel, ..EventContext::about(subject) }
            .packed()
    }

    fn lease(&self) -> Duration {
        self.parts.settings.timeout + SPARE
    }

    pub(super) fn lease_ms(&self) -> u32 {
        u32::try_from(self.lease().as_millis()).unwrap_or(u32::MAX)
    }
}

/// To be tried again after a pause.
fn later(job: &Job, failure: Failure, pause: Duration) -> SettleMessage {
    let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
    SettleMessage { outcome: Outcome::Queued, reason: failure.reason as u8, tries: job.tries, begun: true, pause_ms }
}

/// Waits until we are told to stop, and then so long.
async fn stopped_for(stopping: &mut watch::Receiver<bool>, time: Duration) {
    if stopping.wait_for(|&stop| stop).await.is_err() {
        // Nobody is left who could tell us.
        std::future::pending::<()>().await;
    }
    sleep(time).await;
}

/// Nobody's code gets into a log by accident.
impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Job(…)")
    }
}
