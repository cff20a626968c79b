//! Calls about one subject: what they have in common, and the keys and flags that some of them bring along.

use std::sync::Arc;

use super::{
    Store, StoreError,
    connection::Lane,
    functions::Operation,
    key::{self, OfReference},
    network::{Charge, RemoteIpState},
    packed::Packed,
    reply::Reply,
};
use crate::{event::Bucket, policy::Outcome, secret::Reference};

const NETWORK: u8 = 1;
const ANSWER: u8 = 2;
const REMOTE: u8 = 4;

/// A call's `Idempotency-Key`, as the functions see it.
#[derive(Debug, Clone, Copy)]
pub struct IdempotencyRef {
    /// Names the answer.
    pub reference: [u8; 16],
    /// Tells one body from another.
    pub body: [u8; 16],
}

/// What a call brings along.
#[derive(Debug, Clone, Copy, Default)]
pub struct CallKeys {
    /// The client's network, where it is limited.
    pub network: Option<Reference>,
    /// The answer to remember.
    pub answer: Option<IdempotencyRef>,
    /// Why a code must not go where it is to go.
    pub barred: Option<Barred>,
}

/// What those decided who were asked before the subject's function: it refuses for that, unless something else comes first.
#[derive(Debug, Clone, Copy)]
pub struct Barred {
    /// A refusal of destinations.
    pub why: Outcome,
    /// How long it holds, ms.
    pub wait_ms: u64,
}

impl CallKeys {
    /// Appends the keys; answers the flags in decimal (`brings` in `lua/lib/register.lua`).
    fn keys(&self, subject: &Reference, remote: bool, keys: &mut Vec<Vec<u8>>) -> String {
        let here = self.network.filter(|_| !remote);
        keys.extend(here.map(|network| OfReference::Network.key(&network)));
        keys.extend(self.answer.iter().flat_map(|answer| key::of_answer(subject, &answer.reference)));
        let flags =
            u8::from(here.is_some()) * NETWORK + u8::from(self.answer.is_some()) * ANSWER + u8::from(remote) * REMOTE;
        let barred = self.barred.map_or(0, |barred| barred.why as u64 + barred.wait_ms * 64);
        (u64::from(flags) + barred * 8).to_string()
    }

    /// The body's hash, nothing where there is no answer to remember.
    pub(super) fn body(&self) -> &[u8] {
        self.answer.as_ref().map_or(&[], |answer| &answer.body)
    }

    /// The body's hash and the answer's name.
    pub(super) fn body_and_name(&self) -> Vec<u8> {
        self.answer.map(|answer| [answer.body, answer.reference].concat()).unwrap_or_default()
    }
}

/// What a call about a subject is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct About<'a> {
    pub(super) subject: &'a Reference,
    /// Empty for none.
    pub(super) purpose: &'a str,
    /// Of its event.
    pub(super) context: &'a [u8],
    pub(super) keys: CallKeys,
    /// State of the client's network, where that lies with another server.
    pub(super) remote: Option<&'a [u8]>,
    pub(super) lane: Lane,
}

impl<'a> About<'a> {
    /// About a subject and a purpose, for somebody who waits, and with nothing else.
    pub(super) fn new(subject: &'a Reference, purpose: &'a str, context: &'a [u8]) -> Self {
        Self { subject, purpose, context, keys: CallKeys::default(), remote: None, lane: Lane::Interactive }
    }

    /// About a subject, for an operator.
    pub(super) fn by_hand(subject: &'a Reference, context: &'a [u8]) -> Self {
        Self { lane: Lane::Background, ..Self::new(subject, "", context) }
    }

    /// The same of a call that brings these along, by a client whose network stood so.
    pub(super) fn with(self, keys: &CallKeys, network: &'a RemoteIpState) -> Self {
        Self { keys: *keys, remote: network.state.as_deref(), ..self }
    }

    /// The bucket of whom it is about.
    pub(super) fn bucket(&self) -> Bucket {
        Bucket::of(self.subject)
    }
}

/// A decision about a subject, as the function packs it that made it.
pub(super) trait Decision: Sized {
    /// Reads it.
    fn read(packed: Packed) -> Result<Self, StoreError>;

    /// What was decided.
    fn outcome(&self) -> Outcome;

    /// Whether what the client's network was charged for it stays charged.
    fn counts(&self) -> bool;
}

impl Store {
    /// Calls an operation about a subject: with its keys, the limits, the purpose, the flags and the context, then with `args`,
    /// and the network's state where that lies elsewhere.
    pub(super) async fn about(
        &self,
        operation: &'static Operation,
        about: &About<'_>,
        args: &[&[u8]],
    ) -> Result<Reply, StoreError> {
        let mut keys = Vec::with_capacity(4);
        keys.push(OfReference::Subject.key(about.subject));
        let flags = about.keys.keys(about.subject, about.remote.is_some(), &mut keys);
        let mut all: Vec<&[u8]> = Vec::with_capacity(10);
        all.extend([self.limits.of(about.purpose), about.purpose.as_bytes(), flags.as_bytes(), about.context]);
        all.extend(args);
        all.extend(about.remote);
        // What is nothing at the end costs Redis no less than what is something.
        while all.last().is_some_and(|last| last.is_empty()) {
            all.pop();
        }
        if about.lane == Lane::Interactive {
            return self.decide(operation, about.bucket(), &keys, &all).await;
        }
        self.usable(operation.name)?;
        self.call(about.lane, operation, about.bucket(), &keys, &all).await
    }

    /// Has a subject's function decide, and returns when nobody can lose what must not be lost of it. A client's network that lies
    /// elsewhere is charged before, and gets that back if the decision does not count or the call is known not to have run.
    pub(super) async fn decided<T: Decision>(
        self: &Arc<Self>,
        operation: &'static Operation,
        about: &About<'_>,
        charge: Charge,
        args: &[&[u8]],
    ) -> Result<(Answer<T>, RemoteIpState), StoreError> {
        let remote = self.charge(about.subject, about.keys.network, charge).await?;
        let answer = self.about(operation, &about.with(&about.keys, &remote), args).await;
        let mut reply = answer.inspect_err(|error| self.give_back(&remote, !error.undone()))?;
        let answer = Answer::read(&mut reply)?;
        self.give_back(&remote, matches!(&answer, Answer::New(decision) if T::counts(decision)));
        if let Answer::New(decision) | Answer::Replayed(decision, _) = &answer {
            self.confirm_verdict(about.bucket(), decision.outcome(), &reply.source()?).await?;
        }
        Ok((answer, remote))
    }
}

/// What became of a call that may have been answered before.
#[derive(Debug)]
pub enum Answer<T> {
    /// Decided now.
    New(T),
    /// Decided before: the same again, with the sealed code if it still is worth anything.
    Replayed(T, Vec<u8>),
    /// The key came before with another body.
    KeyReused,
    /// The first call with this key is still being answered.
    InProgress,
}

impl<T> Answer<T> {
    /// Reads an answer.
    pub(super) fn read(reply: &mut Reply) -> Result<Self, StoreError>
    where
        T: Decision,
    {
        if reply.is_packed() {
            return Ok(Self::New(T::read(reply.packed()?)?));
        }
        match reply.outcome()? {
            Outcome::KeyReused => Ok(Self::KeyReused),
            Outcome::InProgress => Ok(Self::InProgress),
            Outcome::Replayed => {
                let sealed = reply.bytes()?;
                Ok(Self::Replayed(T::read(reply.packed()?)?, sealed))
            }
            _ => Err(reply.unexpected()),
        }
    }

    /// The same kind of answer about something made from the decision.
    pub fn map<U>(self, with: impl FnOnce(T) -> U) -> Answer<U> {
        match self {
            Self::New(decision) => Answer::New(with(decision)),
            Self::Replayed(decision, sealed) => Answer::Replayed(with(decision), sealed),
            Self::KeyReused => Answer::KeyReused,
            Self::InProgress => Answer::InProgress,
        }
    }
}
