//! Keys and flags that some calls bring along: the client's network, a remembered answer.

use super::{StoreError, key, key::OfReference, network::There, packed::Packed, reply::Reply};
use crate::{policy::Outcome, secret::Reference};

const NETWORK: u8 = 1;
const ANSWER: u8 = 2;
const THERE: u8 = 4;

/// A call's `Idempotency-Key`, as the functions see it.
#[derive(Debug, Clone, Copy)]
pub struct AnswerRef {
    /// Names the answer.
    pub reference: [u8; 16],
    /// Tells one body from another.
    pub body: [u8; 16],
}

/// What a call brings along.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extra {
    /// The client's network, where it is limited.
    pub network: Option<Reference>,
    /// The answer to remember.
    pub answer: Option<AnswerRef>,
}

impl Extra {
    /// Appends the keys, in the order in which `lua/lib/answer.lua` takes them; answers the flags as a decimal digit.
    pub(super) fn keys(&self, subject: &Reference, there: &There, keys: &mut Vec<Vec<u8>>) -> [u8; 1] {
        let here = self.network.filter(|_| there.state.is_none());
        keys.extend(here.map(|network| OfReference::Network.key(&network)));
        keys.extend(self.answer.iter().flat_map(|answer| key::of_answer(subject, &answer.reference)));
        let flags = u8::from(here.is_some()) * NETWORK
            + u8::from(self.answer.is_some()) * ANSWER
            + u8::from(there.state.is_some()) * THERE;
        [b'0' + flags]
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
    /// Reads an answer; `read` reads a decision.
    pub(super) fn read(mut reply: Reply, read: impl Fn(Packed) -> Result<T, StoreError>) -> Result<Self, StoreError> {
        if reply.is_packed() {
            return Ok(Self::New(read(reply.packed()?)?));
        }
        match reply.outcome()? {
            Outcome::KeyReused => Ok(Self::KeyReused),
            Outcome::InProgress => Ok(Self::InProgress),
            Outcome::Replayed => {
                let sealed = reply.bytes()?;
                Ok(Self::Replayed(read(reply.packed()?)?, sealed))
            }
            _ => Err(reply.unexpected()),
        }
    }

    /// The decision, if it was made now.
    pub(super) fn new_one(&self) -> Option<&T> {
        match self {
            Self::New(decision) => Some(decision),
            _ => None,
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
