//! The outbox of messages that carry a code to its user (`lua/lib/outbox.lua`, `lua/message.lua`).

use futures_util::future::join_all;

use super::{
    Store, StoreError,
    call::Command,
    call_keys::About,
    connection::Lane,
    functions::{DUE, GET, MESSAGE_CLAIM, MESSAGE_SETTLE},
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

/// A message that is to be put beside the code that it carries.
#[derive(Debug, Clone, Copy)]
pub struct NewMessage<'a> {
    /// Which way it goes.
    pub channel: &'a str,
    /// Where it goes, sealed.
    pub about: &'a [u8],
    /// The code, sealed.
    pub code: &'a [u8],
    /// For how long the sidecar that puts it there may try it alone, ms.
    pub lease_ms: u32,
}

impl NewMessage<'_> {
    /// As the script takes it; `None` where a part is too long.
    pub fn packed(&self) -> Option<Vec<u8>> {
        let (channel, about) = (u8::try_from(self.channel.len()).ok()?, u16::try_from(self.about.len()).ok()?);
        let parts: [&[u8]; 6] = [
            &self.lease_ms.to_be_bytes(),
            &[channel],
            self.channel.as_bytes(),
            &about.to_be_bytes(),
            self.about,
            self.code,
        ];
        Some(parts.concat())
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
#[derive(Debug, Clone, Copy)]
pub struct MessageRef<'a> {
    /// Whose.
    pub subject: &'a Reference,
    /// Of which issue.
    pub generation: &'a Generation,
    /// What for.
    pub purpose: &'a str,
    /// Of its event.
    pub context: &'a [u8],
    /// Most tries by one channel.
    pub tries_max: u8,
    /// The channel that it goes on by if this one fails; empty for none.
    pub next: &'a str,
    /// For how long a try is ours alone, ms.
    pub lease_ms: u32,
}

/// What became of a claim. Times in ms.
#[derive(Debug, Clone, Copy)]
pub struct ClaimedMessage {
    /// [`Outcome::Claimed`]: one more try is counted and ours to make. [`Outcome::InProgress`]: it is another's by now. Else how
    /// it ended, told of now; [`Outcome::NotFound`] where that was told before.
    pub outcome: Outcome,
    /// Tries by this channel with this one.
    pub tries: u8,
    /// What is left of the code's life.
    pub left: u64,
    /// Which of its ways it goes.
    pub step: u8,
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
    /// What came of it.
    pub begun: Begun,
    /// Until the next one, ms.
    pub pause_ms: u64,
}

/// What came of a try that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// It was not begun, and is given back.
    No,
    /// It surely failed.
    Failed,
    /// The message may have been taken.
    Unknown,
}

/// What was settled. Times in ms since 1970.
#[derive(Debug, Clone, Copy)]
pub struct SettledMessage {
    /// How the message stands; [`Outcome::Claimed`]: it goes on by the next channel, and the first try is ours to make.
    pub outcome: Outcome,
    /// Whether this call made it so.
    pub first: bool,
    /// Redis's clock.
    pub now: u64,
    /// When the code was issued, 0 where that is not known any more.
    pub issued: u64,
    /// What is left of its life, ms.
    pub left: u64,
}

impl Store {
    /// Looks what is due, at most so many of each bucket.
    ///
    /// # Errors
    /// [`StoreError`], where no bucket could be asked.
    pub async fn due(&self, most: usize) -> Result<Vec<Due>, StoreError> {
        self.usable(DUE.name)?;
        let most = most.to_string();
        let asked = join_all(Bucket::all().map(|bucket| {
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

    /// Takes a message for one more try, which is counted before it begins; or says how it ended.
    ///
    /// # Errors
    /// [`StoreError`]: it may be ours, and is not to be tried.
    pub async fn claim_message(&self, of: MessageRef<'_>, reason: u8) -> Result<ClaimedMessage, StoreError> {
        let mut reply = self.about_message(&MESSAGE_CLAIM, of, &[reason.to_string().as_bytes()]).await?;
        let (outcome, tries, left) = (reply.outcome()?, reply.small(u8::MAX)?, reply.natural()?);
        Ok(ClaimedMessage { outcome, tries, left, step: reply.small(u8::MAX)? })
    }

    /// Says how a try ended. May be said again.
    ///
    /// # Errors
    /// [`StoreError`]: whether it was noted is unknown.
    pub async fn settle_message(
        &self,
        of: MessageRef<'_>,
        settle: SettleMessage,
    ) -> Result<SettledMessage, StoreError> {
        let SettleMessage { outcome, reason, step, tries, begun, pause_ms } = settle;
        let numbers = [outcome as u64, reason.into(), pause_ms, step.into(), tries.into(), begun as u64];
        let numbers = numbers.map(|number| number.to_string());
        let args: Vec<&[u8]> = numbers.iter().map(String::as_bytes).collect();
        let mut reply = self.about_message(&MESSAGE_SETTLE, of, &args).await?;
        let (outcome, first) = (reply.outcome()?, reply.int()? == 1);
        let (now, issued, left) = (reply.natural()?, reply.natural()?, reply.natural()?);
        Ok(SettledMessage { outcome, first, now, issued, left })
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
        operation: &'static super::functions::Operation,
        of: MessageRef<'_>,
        args: &[&[u8]],
    ) -> Result<super::reply::Reply, StoreError> {
        let about = About { lane: Lane::Background, ..About::new(of.subject, of.purpose, of.context) };
        let (most, lease) = (of.tries_max.to_string(), of.lease_ms.to_string());
        let first = [&of.generation.0[..], most.as_bytes(), lease.as_bytes(), of.next.as_bytes()];
        let all: Vec<&[u8]> = first.into_iter().chain(args.iter().copied()).collect();
        self.about(operation, &about, &all).await
    }
}
