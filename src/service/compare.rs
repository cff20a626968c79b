//! The comparison of a code whose digest takes time: charged first, compared in the hash queue, then settled.

use subtle::ConstantTimeEq;

use super::{Service, ServiceError, hashing::Ticket};
use crate::{
    policy::{Outcome, code::TypedCode},
    secret::{
        PepperRing,
        argon::{self, Match},
    },
    store::{
        Answer, CallKeys, StoreError,
        check::{Checked, CodeFormat},
        claim::Stored,
        settle::Typed,
        target::Target,
    },
};

/// What an attempt brings along.
pub(super) struct Attempt<'a> {
    pub tenant: &'a str,
    pub target: &'a Target<'a>,
    pub code: Spelt<'a>,
    pub form: CodeFormat,
    pub extra: &'a CallKeys,
    pub context: &'a [u8],
}

/// A code as it was typed, and as the configured alphabet spells it. Which of the two is meant hangs on the alphabet that the
/// code was issued with, which is known beforehand only of an id.
#[derive(Clone, Copy)]
pub(super) struct Spelt<'a> {
    pub typed: &'a TypedCode,
    pub respelled: &'a TypedCode,
    pub issued_alphabet: Option<u8>,
}

impl<'a> Attempt<'a> {
    /// The code that is meant if it was issued with this alphabet.
    fn spelt(&self, alphabet: u8) -> &'a str {
        if alphabet == self.form.alphabet { self.code.respelled.expose() } else { self.code.typed.expose() }
    }

    /// The code that is meant whatever the store says; `None` where that must tell the alphabet first.
    pub fn only_spelling(&self) -> Option<&'a str> {
        match self.code.issued_alphabet {
            Some(alphabet) => Some(self.spelt(alphabet)),
            None => (self.code.typed == self.code.respelled).then(|| self.code.typed.expose()),
        }
    }
}

impl Service {
    /// Two calls to the store, with the comparison between them.
    pub(super) async fn claim_and_settle(
        &self,
        attempt: &Attempt<'_>,
        ticket: Ticket,
    ) -> Result<Answer<Checked>, ServiceError> {
        let Attempt { target, form, extra, context, .. } = *attempt;
        // One ring for both halves: a pepper that goes meanwhile is none that the claim asked for in vain.
        let peppers = self.peppers.get();
        let (kids, operation) = (peppers.kids(), rand::random());
        let claimed = match self.store.claim(target, form, &kids, &operation, extra, context).await? {
            Answer::New(claimed) => claimed,
            other => return Ok(other.map(|claimed| claimed.checked)),
        };
        let Some(stored) = claimed.compare else { return Ok(Answer::New(claimed.checked)) };
        let alphabet = claimed.checked.found.as_ref().map_or(form.alphabet, |found| found.alphabet);
        let typed = self.compare(attempt, ticket, &peppers, stored, attempt.spelt(alphabet)).await?;
        let mut settled = self.store.settle(target, &operation, typed, &claimed.network, extra, context).await?;
        if settled.outcome == Outcome::Unsettled {
            return Err(ServiceError::Late);
        }
        // The verification is what the claim saw; by now it may have given its place to another.
        settled.found = claimed.checked.found;
        Ok(Answer::New(settled))
    }

    async fn compare(
        &self,
        attempt: &Attempt<'_>,
        ticket: Ticket,
        peppers: &PepperRing,
        stored: Stored,
        code: &str,
    ) -> Result<Typed, ServiceError> {
        let target = attempt.target;
        let Stored { kid, digest: stored, replaced } = stored;
        let digest = peppers.digest(&kid, attempt.tenant, target.tag, target.spelling, code);
        let digest = digest.ok_or(ServiceError::Internal)?;
        if stored.len() == digest.len() {
            let older = replaced.chunks(digest.len()).any(|known| digest[..].ct_eq(known).into());
            let right: bool = digest[..].ct_eq(&stored).into();
            return Ok(match (right, older) {
                (true, _) => Typed::Right,
                (_, true) => Typed::Replaced,
                _ => Typed::Wrong,
            });
        }
        let compare = move |scratch: &mut argon::Scratch| argon::matches(scratch, &stored, &replaced, &digest);
        Ok(match self.hashing.run(ticket, compare).await?.ok_or(StoreError::Unexpected("digest"))? {
            Match::Stored => Typed::Right,
            Match::Replaced => Typed::Replaced,
            Match::None => Typed::Wrong,
        })
    }
}
