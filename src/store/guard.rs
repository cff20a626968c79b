//! The guard (`lua/guard.lua`): requests, failures and successes of checks that an app makes itself; and failures of a
//! network alone (`ip_failure` of `lua/network.lua`).

use std::sync::Arc;

use super::{
    Store, StoreError,
    call_keys::{About, Answer, CallKeys, Decision},
    check::Checked,
    functions,
    key::OfReference,
    network::Charge,
    send::Sent,
};
use crate::{event::Bucket, secret::Reference};

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
    fn about<'a>(&'a self, context: &'a [u8]) -> About<'a> {
        let keys = CallKeys { network: self.network, ..CallKeys::default() };
        About { keys, ..About::new(&self.subject, self.purpose, context) }
    }
}

impl Store {
    /// Decides and records a request.
    ///
    /// # Errors
    /// [`StoreError`]: whether it was recorded is unknown.
    pub async fn guard_request(self: &Arc<Self>, guarded: &Guarded<'_>, context: &[u8]) -> Result<Sent, StoreError> {
        self.guarded(&functions::GUARD_REQUEST, &guarded.about(context), Charge::Send).await
    }

    /// Records a failure of the app's own check.
    ///
    /// # Errors
    /// [`StoreError`]: whether it was recorded is unknown.
    pub async fn guard_failure(self: &Arc<Self>, guarded: &Guarded<'_>, context: &[u8]) -> Result<Checked, StoreError> {
        self.guarded(&functions::GUARD_FAILURE, &guarded.about(context), Charge::Failure).await
    }

    /// Clears the failures of the app's own checks for one purpose.
    ///
    /// # Errors
    /// [`StoreError`]: whether they were cleared is unknown.
    pub async fn guard_success(self: &Arc<Self>, guarded: &Guarded<'_>, context: &[u8]) -> Result<Checked, StoreError> {
        let about = About::new(&guarded.subject, guarded.purpose, context);
        self.guarded(&functions::GUARD_SUCCESS, &about, Charge::None).await
    }

    async fn guarded<T: Decision>(
        self: &Arc<Self>,
        operation: &'static functions::Operation,
        about: &About<'_>,
        charge: Charge,
    ) -> Result<T, StoreError> {
        match self.decided(operation, about, charge, &[]).await?.0 {
            Answer::New(decision) => Ok(decision),
            _ => Err(StoreError::Unexpected(operation.name)),
        }
    }

    /// Counts a failure against a network alone; answers [`crate::policy::Outcome::NotFound`] or
    /// [`crate::policy::Outcome::IpBlocked`].
    pub async fn ip_failure(&self, network: &Reference, context: &[u8]) -> Result<Checked, StoreError> {
        let bucket = Bucket::of(network);
        let keys = [OfReference::Network.key(network)];
        let args = [self.limits.of(""), context];
        Checked::read(self.decide(&functions::IP_FAILURE, bucket, &keys, &args).await?.packed()?)
    }
}
