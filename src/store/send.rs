//! `lua/send.lua` from this side.

use super::{
    Bucket, Store, StoreError,
    key::{OfBucket, OfReference},
    script,
};
use crate::{
    policy::Outcome,
    secret::{Generation, PurposeTag, Reference, Spelling},
};

/// What a send needs to be decided and stored.
#[derive(Debug)]
pub struct Candidate<'a> {
    /// Whose code.
    pub subject: Reference,
    /// The client's network, where sends per network are limited.
    pub network: Option<Reference>,
    /// The purpose, for its limits.
    pub purpose: &'a str,
    /// The purpose's tag.
    pub tag: PurposeTag,
    /// This issue.
    pub generation: Generation,
    /// For which spelling.
    pub spelling: Spelling,
    /// Characters in the code.
    pub length: u8,
    /// The pepper's kid, and the digest.
    pub sealed: ([u8; 4], [u8; 16]),
}

/// What was decided. Times in ms; limits that are off are `None`.
#[derive(Debug)]
pub struct Sent {
    /// [`Outcome::Issued`] or a refusal.
    pub outcome: Outcome,
    /// Redis's clock, ms since 1970.
    pub now: u64,
    /// When the code expires, ms since 1970.
    pub expires: u64,
    /// How long until the next send may pass.
    pub wait: u64,
    /// Sends of the subject left, and how long until more are.
    pub subject: (Option<u32>, u64),
    /// What is left of the pause.
    pub pause: u64,
    /// Sends of the network left, and how long until more are.
    pub network: (Option<u32>, u64),
    /// Wrong codes left before a lock.
    pub attempts_left: u32,
    /// Whether a pending code was replaced.
    pub resend: bool,
    /// When the running lock ends, ms since 1970, and which in a row it is.
    pub locked: (u64, u8),
    /// The bucket's epoch.
    pub epoch: u32,
}

impl Store {
    /// Decides a send and stores its digest, in one call.
    ///
    /// # Errors
    /// [`StoreError`]: nothing was issued that anyone could check.
    pub async fn send(&self, candidate: &Candidate<'_>, context: &[u8]) -> Result<Sent, StoreError> {
        let bucket = Bucket::of(&candidate.subject);
        let mut what = Vec::with_capacity(41);
        what.extend_from_slice(&candidate.generation.0);
        what.extend_from_slice(&candidate.spelling.0);
        what.extend_from_slice(&candidate.sealed.0);
        what.push(candidate.length);
        what.extend_from_slice(&candidate.sealed.1);
        let mut keys = vec![
            OfReference::Subject.key(&candidate.subject),
            OfBucket::Epoch.key(bucket).into(),
            OfBucket::Events.key(bucket).into(),
            OfReference::History.key(&candidate.subject),
        ];
        keys.extend(candidate.network.map(|network| OfReference::Network.key(&network)));
        let args: [&[u8]; 4] = [self.limits.of(candidate.purpose), &candidate.tag.0, &what, context];
        let mut reply = self.decide(&script::SEND, &keys, &args).await?;
        Ok(Sent {
            outcome: reply.outcome()?,
            now: reply.natural()?,
            expires: reply.natural()?,
            wait: reply.natural()?,
            subject: (reply.left()?, reply.natural()?),
            pause: reply.natural()?,
            network: (reply.left()?, reply.natural()?),
            attempts_left: reply.small(u32::MAX)?,
            resend: reply.int()? == 1,
            locked: (reply.natural()?, reply.small(u8::MAX)?),
            epoch: reply.small(u32::MAX)?,
        })
    }
}
