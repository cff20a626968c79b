//! The outbox of messages that carry a code to its user (`lua/lib/outbox.lua`, `lua/message.lua`).

use futures_util::future::join_all;
use tokio::sync::watch;

use super::{
    Store, StoreError,
    call::Command,
    call_keys::About,
    connection::Lane,
    functions::{DUE, GET, MESSAGE_CLAIM, MESSAGE_SETTLE, Operation},
    key::{self, OfBucket},
    packed::Packed,
};
use crate::{
    event::Bucket,
    policy::Outcome,
    secret::{Generation, Reference},
};

/// A message as the store holds it.
#[derive(Debug, Clone)]
pub struct HeldMessage {
    /// [`Outcome::Queued`], [`Outcome::Accepted`], [`Outcome::Failed`], [`Outcome::Dropped`] or [`Outcome::Test`].
    pub state: Outcome,
    /// Tries that were begun.
    pub tries: u8,
    /// Why the last one failed, a number that the store does not read; 0 = it did not.
    pub reason: u8,
    /// While it is queued: when somebody may try it again; else since when it is as it is. ms since 1970.
    pub at: u64,
    /// Which of its ways it goes, 0 = the first.
    pub step: u8,
    /// The channel of that way.
    pub channel: String,
    /// Where it goes, sealed; empty where that is kept no more.
    pub about: Vec<u8>,
    /// The code, sealed; empty unless it is queued.
    pub code: Vec<u8>,
}

impl HeldMessage {
    /// As `lua/lib/outbox.lua` packs it; `None` for what a later version wrote, or nobody.
    pub(super) fn read(bytes: Vec<u8>) -> Option<Self> {
        let mut packed = Packed::new("message", bytes);
        (packed.u8().ok()? == 1).then_some(())?;
        let (state, tries, reason, at) =
            (packed.outcome().ok()?, packed.u8().ok()?, packed.u8().ok()?, packed.u48().ok()?);
        let (step, _, _, channel) = (packed.u8().ok()?, packed.u8().ok()?, packed.u8().ok()?, packed.u8().ok()?);
        let channel = String::from_utf8(packed.bytes(channel.into()).ok()?).ok()?;
        let about = packed.u16().ok()?;
        let about = packed.bytes(about.into()).ok()?;
        Some(Self { state, tries, reason, at, step, channel, about, code: packed.rest() })
    }
}

/// Packs a message that is to be put beside the code that it carries, as the function takes it: by which channel and where it goes
/// (sealed), the code (sealed), and for how long the sidecar that puts it there may try it alone, ms. `None` where a part is too long.
pub fn new_message(channel: &str, about: &[u8], code: &[u8], lease_ms: u32) -> Option<Vec<u8>> {
    let (length, about_length) = (u8::try_from(channel.len()).ok()?, u16::try_from(about.len()).ok()?);
    let parts: [&[u8]; 6] =
        [&lease_ms.to_be_bytes(), &[length], channel.as_bytes(), &about_length.to_be_bytes(), about, code];
    Some(parts.concat())
}

/// The buckets in which a message was due when the server was last looked at, a bit each.
#[derive(Debug, Default)]
pub(super) struct DueBuckets(watch::Sender<u64>);

impl DueBuckets {
    /// Notes what a look at a bucket found.
    pub(super) fn note(&self, bucket: Bucket, due: bool) {
        let bit = 1 << bucket.number();
        self.0.send_if_modified(|buckets| {
            *buckets = if due { *buckets | bit } else { *buckets & !bit };
            due
        });
    }
}

/// A message that somebody may try, or that is to be told of.
#[derive(Debug)]
pub struct Due {
    /// Whose.
    pub subject: Reference,
    /// Of which issue.
    pub generation: Generation,
    /// How it stands.
    pub message: HeldMessage,
    /// For how long somebody could have tried it, ms.
    pub overdue_ms: u64,
}

/// Which message a call is about.
#[derive(Debug)]
pub struct MessageRef<'a> {
    /// Whose.
    pub subject: &'a Reference,
    /// Of which issue.
    pub generation: &'a Generation,
    /// What for.
    pub purpose: &'a str,
    /// Of its event.
    pub context: Vec<u8>,
    /// Most tries by one channel.
    pub tries_max: u8,
    /// The channel that it goes on by if this one fails; empty for none.
    pub next: &'a str,
    /// For how long a try is ours alone, ms.
    pub lease_ms: u32,
}

/// How a message stands after a call about it.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    /// [`Outcome::Claimed`]: one more try is counted and ours to make. [`Outcome::InProgress`]: it is another's by now. Else how it
    /// stands or ended; [`Outcome::NotFound`] where its end was told before, or nothing of it is left.
    pub outcome: Outcome,
    /// Whether this call made it so.
    pub first: bool,
    /// Tries by this channel, with the one that is ours.
    pub tries: u8,
    /// Which of its ways it goes, 0 = the first.
    pub step: u8,
    /// What is left of the code's life, ms.
    pub left: u64,
    /// Since the code was issued, ms; 0 where that is not known any more.
    pub age: u64,
}

/// How a try ended, for the store.
#[derive(Debug, Clone, Copy)]
pub struct SettleMessage {
    /// [`Outcome::Accepted`], [`Outcome::Failed`], [`Outcome::Test`], or [`Outcome::Queued`] where it is to be tried again.
    pub outcome: Outcome,
    /// Why it failed, 0 = it did not.
    pub reason: u8,
    /// Which of its ways, and which try by it.
    pub step: u8,
    /// As above.
    pub tries: u8,
    /// Whether it was begun.
    pub begun: Begun,
    /// Until the next one, ms.
    pub pause_ms: u64,
}

/// Whether a try was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// It was not, and is given back.
    No,
    /// It was, and how it ended is known.
    Yes,
    /// It was, and the message may have been taken.
    Unknown,
}

impl Store {
    /// Waits until a look at the server finds a message that is due.
    pub async fn some_due(&self) {
        let _ = self.due.0.subscribe().wait_for(|buckets| *buckets > 0).await;
    }

    /// Asks what is due, at most so many of each bucket; only those in which the last look at the server found something.
    ///
    /// # Errors
    /// [`StoreError`], where no bucket could be asked.
    pub async fn due(&self, most: usize) -> Result<Vec<Due>, StoreError> {
        let (most, buckets) = (most.to_string(), self.due.0.send_replace(0));
        self.usable(DUE.name)?;
        let asked = join_all(Bucket::all().filter(|bucket| buckets >> bucket.number() & 1 == 1).map(|bucket| {
            let (key, args) = (OfBucket::Due.key(bucket).into_bytes(), [most.as_bytes()]);
            async move { self.call(Lane::Background, &DUE, bucket, &[key], &args).await }
        }));
        let (mut look, mut failed, mut answered) = (Vec::new(), None, false);
        for reply in asked.await {
            match reply {
                Ok(mut reply) => {
                    answered = true;
                    let now = reply.natural()?;
                    for _ in 0..reply.small(usize::MAX)? {
                        let mut member = Packed::new(DUE.name, reply.bytes()?);
                        let (subject, generation) = (Reference(member.take()?), Generation(member.take()?));
                        let message = HeldMessage::read(reply.bytes()?).ok_or_else(|| reply.unexpected())?;
                        let overdue_ms = now.saturating_sub(message.at);
                        look.push(Due { subject, generation, message, overdue_ms });
                    }
                }
                Err(error) => failed = Some(error),
            }
        }
        failed.filter(|_| !answered).map_or(Ok(look), Err)
    }

    /// Takes a message for one more try, which is counted before it begins; or says how it ended, for this `reason` where it may
    /// not be tried (0 = as the last try did).
    ///
    /// # Errors
    /// [`StoreError`]: it may be ours, and is not to be tried.
    pub async fn claim_message(&self, of: &MessageRef<'_>, reason: u8) -> Result<Standing, StoreError> {
        self.about_message(&MESSAGE_CLAIM, of, &[reason.into()]).await
    }

    /// Says how a try ended. May be said again, but for one that was not begun.
    ///
    /// # Errors
    /// [`StoreError`]: whether it was noted is unknown.
    pub async fn settle_message(&self, of: &MessageRef<'_>, settle: SettleMessage) -> Result<Standing, StoreError> {
        let SettleMessage { outcome, reason, step, tries, begun, pause_ms } = settle;
        let numbers = [outcome as u64, reason.into(), pause_ms, step.into(), tries.into(), begun as u64];
        self.about_message(&MESSAGE_SETTLE, of, &numbers).await
    }

    /// The message that carries the code of an issue of which no more is known; what it says is to be asked again of its subject.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn message(&self, bucket: Bucket, generation: &Generation) -> Result<Option<HeldMessage>, StoreError> {
        self.usable(GET.name)?;
        let asking = Command::new(bucket, "GET", key::of_message(bucket, generation));
        let held: Option<Vec<u8>> = self.command(Lane::Interactive, GET.name, asking).await?;
        Ok(held.and_then(HeldMessage::read))
    }

    async fn about_message(
        &self,
        operation: &'static Operation,
        of: &MessageRef<'_>,
        numbers: &[u64],
    ) -> Result<Standing, StoreError> {
        let about = About { lane: Lane::Background, ..About::new(of.subject, of.purpose, &of.context) };
        let bounds = [of.tries_max.into(), of.lease_ms].map(|number| number.to_string());
        let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
        let [tries_max, lease] = &bounds;
        let first = [&of.generation.0[..], tries_max.as_bytes(), lease.as_bytes(), of.next.as_bytes()];
        let all: Vec<&[u8]> = first.into_iter().chain(numbers.iter().map(String::as_bytes)).collect();
        let mut reply = self.about(operation, &about, &all).await?;
        let (outcome, first) = (reply.outcome()?, reply.int()? == 1);
        let (tries, step) = (reply.small(u8::MAX)?, reply.small(u8::MAX)?);
        Ok(Standing { outcome, first, tries, step, left: reply.natural()?, age: reply.natural()? })
    }
}
