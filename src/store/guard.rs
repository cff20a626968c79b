//! `lua/guard.lua`, and `ip_failure` of `lua/network.lua`, from this side.

use std::sync::Arc;

use super::{
    Bucket, Store, StoreError,
    check::Checked,
    extra::Extra,
    function,
    key::{OfBucket, OfReference},
    network::{Charge, counts},
    send::Sent,
    target::of_subject,
};
use crate::{policy::Outcome, secret::Reference};

/// Whom a guard call is about.
#[derive(Debug)]
pub struct Guarded<'a> {
    /// Who.
    pub subject: Reference,
    /// What for.
    pub purpose: &'a str,
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
    pub async fn guard_request(self: &Arc<Self>, guarded: &Guarded<'_>, context: &[u8]) -> Result<Sent, StoreError> {
        let there = self.charge(&guarded.subject, guarded.network, Charge::Send).await?;
        let bucket = Bucket::of(&guarded.subject);
        let mut keys = of_subject(&guarded.subject);
        let flags = guarded.extra().keys(&guarded.subject, &there, &mut keys);
        let mut args: Vec<&[u8]> = vec![self.limits.of(guarded.purpose), guarded.purpose.as_bytes(), &flags, context];
        args.extend(there.state.as_deref());
        let answer = self.decide(&function::GUARD_REQUEST, bucket, &keys, &args).await;
        let mut reply = self.or_back(&there, answer)?;
        let sent = Sent::read(reply.packed()?)?;
        self.give_back(&there, sent.outcome == Outcome::Recorded);
        Ok(sent)
    }

    /// Records a failure of the app's own check.
    ///
    /// # Errors
    /// [`StoreError`]: whether it was recorded is unknown.
    pub async fn guard_failure(self: &Arc<Self>, guarded: &Guarded<'_>, context: &[u8]) -> Result<Checked, StoreError> {
        let there = self.charge(&guarded.subject, guarded.network, Charge::Failure).await?;
        let (bucket, mut keys) = (Bucket::of(&guarded.subject), of_subject(&guarded.subject));
        let flags = guarded.extra().keys(&guarded.subject, &there, &mut keys);
        let mut args: Vec<&[u8]> = vec![self.limits.of(guarded.purpose), guarded.purpose.as_bytes(), &flags, context];
        args.extend(there.state.as_deref());
        let answer = self.decide(&function::GUARD_FAILURE, bucket, &keys, &args).await;
        let mut reply = self.or_back(&there, answer)?;
        let checked = Checked::read(&mut reply.packed()?)?;
        self.give_back(&there, counts(checked.outcome));
        let source = reply.source()?;
        self.told(&guarded.subject, guarded.purpose, &checked, &source).await?;
        if checked.outcome == Outcome::WrongCodeLocks {
            self.confirmed(bucket, &source).await?;
        }
        Ok(checked)
    }

    /// Clears the failures of the app's own checks for one purpose.
    ///
    /// # Errors
    /// [`StoreError`]: whether they were cleared is unknown.
    pub async fn guard_success(&self, guarded: &Guarded<'_>, context: &[u8]) -> Result<Checked, StoreError> {
        let args: [&[u8]; 4] = [self.limits.of(guarded.purpose), guarded.purpose.as_bytes(), b"0", context];
        let (bucket, keys) = (Bucket::of(&guarded.subject), of_subject(&guarded.subject));
        let mut reply = self.decide(&function::GUARD_SUCCESS, bucket, &keys, &args).await?;
        let checked = Checked::read(&mut reply.packed()?)?;
        self.told(&guarded.subject, guarded.purpose, &checked, &reply.source()?).await?;
        Ok(checked)
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
        let mut reply = self.decide(&function::IP_FAILURE, bucket, &keys, &[self.limits.of(""), context]).await?;
        let (outcome, now, wait) = (reply.outcome()?, reply.natural()?, reply.natural()?);
        let network = (reply.left()?, reply.natural()?);
        let ends = if wait > 0 { now + wait } else { 0 };
        Ok(Checked { outcome, now, attempts_left: 0, locked: (0, 0), found: None, reset: 0, ends, network })
    }
}
