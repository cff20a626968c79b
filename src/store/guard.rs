//! `lua/guard_*.lua` and `lua/ip_failure.lua` from this side.

use super::{
    Bucket, Store, StoreError,
    check::Checked,
    extra::Extra,
    key::{OfBucket, OfReference},
    script,
    send::Sent,
    target::of_subject,
};
use crate::secret::{PurposeTag, Reference};

/// Whom a guard call is about.
#[derive(Debug)]
pub struct Guarded<'a> {
    /// Who.
    pub subject: Reference,
    /// The purpose, for its limits.
    pub purpose: &'a str,
    /// The purpose's tag.
    pub tag: PurposeTag,
    /// The client's network, where it is limited.
    pub network: Option<Reference>,
}

impl Guarded<'_> {
    fn extra(&self) -> Extra {
        Extra { network: self.network, answer: None }
    }
}

impl Store {
    /// Decides and records a request.
    ///
    /// # Errors
    /// [`StoreError`]: whether it was recorded is unknown.
    pub async fn guard_request(&self, guarded: &Guarded<'_>, context: &[u8]) -> Result<Sent, StoreError> {
        let bucket = Bucket::of(&guarded.subject);
        let mut keys = vec![
            OfReference::Subject.key(&guarded.subject),
            OfBucket::Epoch.key(bucket).into(),
            OfBucket::Events.key(bucket).into(),
            OfReference::History.key(&guarded.subject),
        ];
        let flags = guarded.extra().keys(&guarded.subject, &mut keys);
        let args: [&[u8]; 4] = [self.limits.of(guarded.purpose), &guarded.tag.0, context, &flags];
        let mut reply = self.decide(&script::GUARD_REQUEST, &keys, &args).await?;
        Sent::read(reply.packed()?)
    }

    /// Records a failure of the app's own check.
    ///
    /// # Errors
    /// [`StoreError`]: whether it was recorded is unknown.
    pub async fn guard_failure(&self, guarded: &Guarded<'_>, context: &[u8]) -> Result<Checked, StoreError> {
        let mut keys = of_subject(&guarded.subject);
        let flags = guarded.extra().keys(&guarded.subject, &mut keys);
        let args: [&[u8]; 4] = [self.limits.of(guarded.purpose), &guarded.tag.0, context, &flags];
        let mut reply = self.decide(&script::GUARD_FAILURE, &keys, &args).await?;
        Checked::read(&mut reply.packed()?)
    }

    /// Clears the failures of the app's own checks for one purpose.
    ///
    /// # Errors
    /// [`StoreError`]: whether they were cleared is unknown.
    pub async fn guard_success(&self, guarded: &Guarded<'_>, context: &[u8]) -> Result<Checked, StoreError> {
        let args: [&[u8]; 3] = [self.limits.of(guarded.purpose), &guarded.tag.0, context];
        let mut reply = self.decide(&script::GUARD_SUCCESS, &of_subject(&guarded.subject), &args).await?;
        Checked::read(&mut reply.packed()?)
    }

    /// Counts a failure against a network alone; answers [`crate::policy::Outcome::NotFound`] or
    /// [`crate::policy::Outcome::IpBlocked`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn ip_failure(&self, network: &Reference, context: &[u8]) -> Result<Checked, StoreError> {
        let bucket = Bucket::of(network);
        let keys = [
            OfReference::Network.key(network),
            OfBucket::Epoch.key(bucket).into(),
            OfBucket::Events.key(bucket).into(),
        ];
        let mut reply = self.decide(&script::IP_FAILURE, &keys, &[self.limits.of(""), context]).await?;
        let (outcome, now, wait) = (reply.outcome()?, reply.natural()?, reply.natural()?);
        let network = (reply.left()?, reply.natural()?);
        let ends = if wait > 0 { now + wait } else { 0 };
        Ok(Checked { outcome, now, attempts_left: 0, locked: (0, 0), found: None, reset: 0, ends, network })
    }
}
