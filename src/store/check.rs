//! `lua/check.lua`, and `lua/claim.lua` and `lua/settle.lua`, from this side.

use std::sync::Arc;

use super::{
    Store, StoreError,
    extra::{Answer, Extra},
    function,
    network::{Charge, There, counts},
    node::Source,
    packed::Packed,
    target::Target,
};
use crate::{policy::Outcome, secret::Generation};

/// What was decided about a code. Times in ms since 1970 unless said.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The verdict.
    pub outcome: Outcome,
    /// Redis's clock.
    pub now: u64,
    /// Wrong codes left before a lock.
    pub attempts_left: u32,
    /// When the running lock ends (0: none), and which in a row it is.
    pub locked: (u64, u8),
    /// The verification that was meant, if it is in its subject's record.
    pub found: Option<Found>,
    /// ms until the failures are forgotten, 0 if there are none.
    pub reset: u64,
    /// When the refusal ends, 0 if it is none or has no end.
    pub ends: u64,
    /// Failures of the client's network left (`None`: not limited), and ms until more are.
    pub network: (Option<u32>, u64),
}

/// A verification in the store.
#[derive(Debug, Clone)]
pub struct Found {
    /// Which issue.
    pub generation: Generation,
    /// Characters in its code.
    pub length: u8,
    /// When it expires.
    pub expires: u64,
    /// How long it lives, ms.
    pub lifetime: u32,
    /// The epoch it was issued in.
    pub epoch: u32,
    /// Tag of its code's alphabet.
    pub alphabet: u8,
}

/// An attempt that was charged, and what it is to be compared with.
#[derive(Debug)]
pub struct Claimed {
    /// How it stands.
    pub checked: Checked,
    /// What is to be compared; `None` where there is nothing.
    pub compare: Option<Stored>,
    /// The client's network, for [`Store::settle`].
    pub network: There,
}

/// The digest of a live code, as it is stored.
#[derive(Debug)]
pub struct Stored {
    /// The pepper's kid.
    pub kid: [u8; 4],
    /// Cost, salt and hash; or a keyed digest alone.
    pub digest: Vec<u8>,
    /// Hashes of the codes that it replaced, of the same pepper, cost and salt, 16 bytes each.
    pub replaced: Vec<u8>,
}

/// What was typed, as far as a comparison can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typed {
    /// None of this user's codes.
    Wrong,
    /// The live code.
    Right,
    /// One that it replaced.
    Replaced,
}

impl Typed {
    /// As `lua/settle.lua` takes it.
    fn word(self) -> &'static [u8] {
        match self {
            Self::Wrong => b"0",
            Self::Right => b"1",
            Self::Replaced => b"2",
        }
    }
}

/// The presented code's form, against which it is known that it could be no code of this verification at all.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// Characters.
    pub length: u8,
    /// Whether it looks like a code that would be issued now.
    pub shaped: bool,
    /// Whether all its characters are of the configured alphabet.
    pub of_alphabet: bool,
    /// Tag of that alphabet.
    pub alphabet: u8,
}

impl Form {
    fn packed(self) -> [u8; 4] {
        [self.length, u8::from(self.shaped), u8::from(self.of_alphabet), self.alphabet]
    }
}

impl Checked {
    /// As `check_answer` of `lua/lib/check.lua` packs it.
    pub(super) fn read(packed: &mut Packed) -> Result<Self, StoreError> {
        let (outcome, now, attempts_left) = (packed.outcome()?, packed.u48()?, packed.u16()?.into());
        let locked = (packed.u48()?, packed.u8()?);
        let (length, epoch, expires) = (packed.u8()?, packed.u32()?, packed.u48()?);
        let (lifetime, alphabet) = (packed.u32()?, packed.u8()?);
        let (reset, ends, network) = (packed.u48()?, packed.u48()?, (packed.left()?, packed.u48()?));
        let found = match packed.u8()? {
            0 => None,
            _ => Some(packed.take()?),
        };
        let found =
            found.map(|bytes| Found { generation: Generation(bytes), length, expires, lifetime, epoch, alphabet });
        Ok(Self { outcome, now, attempts_left, locked, found, reset, ends, network })
    }
}

const UNREADABLE: StoreError = StoreError::Unexpected("claim");

impl Store {
    /// Charges, compares and settles, in one call; in a cluster the network's part of it in one before. `digests` are
    /// [`crate::secret::PepperRing::candidates`]. [`Outcome::Claimed`]: the stored digest takes time, nothing was charged,
    /// [`Store::claim`] must be asked.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was verified that this caller may rely on.
    pub async fn check(
        self: &Arc<Self>,
        target: &Target<'_>,
        form: Form,
        digests: &[u8],
        extra: &Extra,
        context: &[u8],
    ) -> Result<Answer<Checked>, StoreError> {
        let there = self.charge(&target.subject, extra.network, Charge::Failure).await?;
        let mut keys = target.keys();
        let flags = extra.keys(&target.subject, &there, &mut keys);
        let (meant, typed) = (target.packed(), [&form.packed()[..], digests].concat());
        let purpose = target.purpose;
        let mut args: Vec<&[u8]> = Vec::with_capacity(8);
        args.extend([self.limits.of(purpose), purpose.as_bytes(), &flags, context, &meant, &typed, extra.body()]);
        args.extend(there.state.as_deref());
        let answer = self.decide(&function::CHECK, target.bucket(), &keys, &args).await;
        let reply = self.or_back(&there, answer)?;
        let source = reply.source()?;
        let answer = Answer::read(reply, |mut packed| Checked::read(&mut packed))?;
        self.give_back(&there, answer.new_one().is_some_and(|checked| counts(checked.outcome)));
        match &answer {
            Answer::New(checked) => self.answered(target, checked, &source).await?,
            Answer::Replayed(checked, _) => self.lasting(target, checked, &source).await?,
            _ => {}
        }
        Ok(answer)
    }

    /// A verdict that its caller is about to hear: remembered, and where it must not be lost, in more than one place first.
    async fn answered(&self, target: &Target<'_>, checked: &Checked, source: &Source) -> Result<(), StoreError> {
        if checked.outcome == Outcome::Approved {
            // Failures that it cleared count again if it is lost.
            self.lasting(target, checked, source).await?;
        }
        self.told(&target.subject, target.purpose, checked, source).await?;
        match checked.outcome {
            Outcome::Approved => Ok(()),
            _ => self.lasting(target, checked, source).await,
        }
    }

    /// A verdict that must not be lost, even if it was given before.
    async fn lasting(&self, target: &Target<'_>, checked: &Checked, source: &Source) -> Result<(), StoreError> {
        let lasting = [Outcome::Approved, Outcome::WrongCodeLocks, Outcome::WrongCodeDisables];
        if lasting.contains(&checked.outcome) { self.confirmed(target.bucket(), source).await } else { Ok(()) }
    }

    /// Charges an attempt and answers what to compare. `kids` are those of the ring, `operation` names this attempt.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was verified; an attempt may be charged.
    pub async fn claim(
        self: &Arc<Self>,
        target: &Target<'_>,
        form: Form,
        (kids, operation): (&[u8], &[u8; 8]),
        extra: &Extra,
        context: &[u8],
    ) -> Result<Answer<Claimed>, StoreError> {
        let there = self.charge(&target.subject, extra.network, Charge::Failure).await?;
        let mut keys = target.keys();
        let flags = extra.keys(&target.subject, &there, &mut keys);
        let (meant, typed) = (target.packed(), [&form.packed()[..], kids].concat());
        let purpose = target.purpose;
        let mut args: Vec<&[u8]> =
            vec![self.limits.of(purpose), purpose.as_bytes(), &flags, context, &meant, &typed, extra.body(), operation];
        args.extend(there.state.as_deref());
        let answer = self.decide(&function::CLAIM, target.bucket(), &keys, &args).await;
        let reply = self.or_back(&there, answer)?;
        let source = reply.source()?;
        let answer = Answer::read(reply, |mut packed| {
            let checked = Checked::read(&mut packed)?;
            if checked.outcome != Outcome::Claimed {
                return Ok(Claimed { checked, compare: None, network: There::default() });
            }
            packed.u16()?;
            let length = usize::from(packed.u8()?);
            let kid = packed.take::<4>()?;
            let all = packed.rest();
            let (digest, replaced) = all.split_at_checked(length.saturating_sub(kid.len())).ok_or(UNREADABLE)?;
            let compare = Some(Stored { kid, digest: digest.to_vec(), replaced: replaced.to_vec() });
            Ok(Claimed { checked, compare, network: There::default() })
        })?;
        let charged = |claimed: &Claimed| claimed.compare.is_some() || counts(claimed.checked.outcome);
        self.give_back(&there, answer.new_one().is_some_and(charged));
        match answer {
            Answer::New(claimed) => Ok(Answer::New(Claimed { network: there, ..claimed })),
            Answer::Replayed(claimed, sealed) => {
                self.lasting(target, &claimed.checked, &source).await?;
                Ok(Answer::Replayed(claimed, sealed))
            }
            other => Ok(other),
        }
    }

    /// Says what the comparison said; the store decides what that means by now. `network` is what [`Store::claim`] answered.
    ///
    /// # Errors
    /// [`StoreError`]: whether the code counts as used is unknown.
    pub async fn settle(
        self: &Arc<Self>,
        target: &Target<'_>,
        (operation, typed): (&[u8; 8], Typed),
        network: &There,
        extra: &Extra,
        context: &[u8],
    ) -> Result<Checked, StoreError> {
        let mut keys = target.keys();
        let flags = extra.keys(&target.subject, network, &mut keys);
        let purpose = target.purpose;
        let mut args: Vec<&[u8]> =
            vec![self.limits.of(purpose), purpose.as_bytes(), &flags, context, operation, typed.word(), extra.body()];
        args.extend(network.state.as_deref());
        let mut reply = self.decide(&function::SETTLE, target.bucket(), &keys, &args).await?;
        let checked = Checked::read(&mut reply.packed()?)?;
        self.give_back(network, counts(checked.outcome) || checked.outcome == Outcome::Unsettled);
        self.answered(target, &checked, &reply.source()?).await?;
        Ok(checked)
    }
}
