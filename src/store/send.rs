//! Sends of a code whose digest is there at once (`lua/send.lua`), and the decision about every send.

use std::sync::Arc;

use super::{
    Store, StoreError,
    call_keys::{About, Answer, CallKeys, Decision},
    functions,
    network::Charge,
    packed::{Limit, Lock, Packed},
};
use crate::{
    policy::Outcome,
    secret::{Generation, Reference, Spelling},
};

/// What a send needs to be decided and stored.
#[derive(Debug)]
pub struct Candidate<'a> {
    /// Whose code.
    pub subject: Reference,
    /// What for.
    pub purpose: &'a str,
    /// This issue.
    pub generation: Generation,
    /// For which spelling.
    pub spelling: Spelling,
    /// Characters in the code.
    pub length: u8,
    /// Tag of its alphabet.
    pub alphabet: u8,
    /// The pepper's kid.
    pub kid: [u8; 4],
    /// The message that carries it as [`super::message`] packs it, empty where the caller does.
    pub message: &'a [u8],
}

/// What was decided. Times in ms; limits that are off are `None`.
#[derive(Debug, Clone)]
pub struct Sent {
    /// [`Outcome::Issued`], [`Outcome::Reserved`], [`Outcome::Recorded`] or a refusal.
    pub outcome: Outcome,
    /// Redis's clock, ms since 1970.
    pub now: u64,
    /// When the code expires, ms since 1970.
    pub expires: u64,
    /// How long until the next send may pass.
    pub wait: u64,
    /// Sends of the subject.
    pub subject_limit: Limit,
    /// What is left of the pause.
    pub pause: u64,
    /// Sends of the network.
    pub network_limit: Limit,
    /// Wrong codes left before a lock.
    pub attempts_left: u32,
    /// Whether a pending code was replaced.
    pub resend: bool,
    /// Whether a later send took its place before it was stored.
    pub superseded: bool,
    /// The running lock.
    pub lock: Lock,
    /// The bucket's epoch.
    pub epoch: u32,
    /// Which issue, where one was made.
    pub generation: Option<Generation>,
    /// Of a reserved send: what a digest must begin with (kid, cost, salt) that is to be compared by one hash with the one that
    /// it will replace; empty where there is none.
    pub replaces: Vec<u8>,
}

/// As `sends_answer` of `lua/lib/sends.lua` packs it.
impl Decision for Sent {
    fn read(mut packed: Packed) -> Result<Self, StoreError> {
        let (outcome, now, expires, wait) = (packed.outcome()?, packed.u48()?, packed.u48()?, packed.u48()?);
        let (subject_limit, pause, network_limit) = (packed.limit()?, packed.u48()?, packed.limit()?);
        let (attempts_left, place) = (packed.u16()?.into(), packed.u8()?);
        Ok(Self {
            outcome,
            now,
            expires,
            wait,
            subject_limit,
            pause,
            network_limit,
            attempts_left,
            resend: place == 1,
            superseded: place == 2,
            lock: packed.lock()?,
            epoch: packed.u32()?,
            generation: if outcome == Outcome::Reserved { None } else { packed.take().ok().map(Generation) },
            replaces: packed.rest(),
        })
    }

    fn outcome(&self) -> Outcome {
        self.outcome
    }

    fn counts(&self) -> bool {
        [Outcome::Issued, Outcome::Reserved, Outcome::Recorded].contains(&self.outcome)
    }
}

impl Candidate<'_> {
    pub(super) fn packed(&self, digest: &[u8]) -> Vec<u8> {
        let form = [self.length, self.alphabet];
        let parts: [&[u8]; 5] = [&self.generation.0, &self.spelling.0, &form, &self.kid, digest];
        parts.concat()
    }
}

impl Store {
    /// Decides a send and stores its digest, in one call; in a cluster the network's part of it in one before. `sealed` is the
    /// code for the answer that is remembered.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was issued that anyone could check.
    pub async fn send(
        self: &Arc<Self>,
        candidate: &Candidate<'_>,
        digest: &[u8],
        keys: &CallKeys,
        sealed: &[u8],
        context: &[u8],
    ) -> Result<Answer<Sent>, StoreError> {
        let about = About { keys: *keys, ..About::new(&candidate.subject, candidate.purpose, context) };
        let args: [&[u8]; 4] = [&candidate.packed(digest), &keys.body_and_name(), sealed, candidate.message];
        self.decided(&functions::SEND, &about, Charge::Send, &args).await.map(|(answer, _)| answer)
    }
}
