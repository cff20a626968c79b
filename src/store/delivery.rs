//! `delivery` and `report` of `lua/verification.lua` from this side.

use super::{Store, StoreError, function, reply::Reply, target::Target};
use crate::policy::Outcome;

/// What was noted about a verification.
#[derive(Debug)]
pub struct Noted {
    /// Its state.
    pub state: Outcome,
    /// Whether it was noted now, and not before.
    pub first: bool,
}

impl Noted {
    fn read(mut reply: Reply) -> Result<Self, StoreError> {
        Ok(Self { state: reply.outcome()?, first: reply.int()? == 1 })
    }
}

impl Store {
    /// Notes whether a code reached its user.
    ///
    /// # Errors
    /// [`StoreError`]: whether it was noted is unknown.
    pub async fn delivery(&self, target: &Target<'_>, delivered: bool, context: &[u8]) -> Result<Noted, StoreError> {
        let outcome: &[u8] = if delivered { b"1" } else { b"2" };
        let purpose = target.purpose;
        let args = [self.limits.of(purpose), purpose.as_bytes(), b"0", context, &target.packed(), outcome];
        Noted::read(self.decide(&function::DELIVERY, target.bucket(), &target.keys(), &args).await?)
    }

    /// Notes that a user did not ask for a code, and cancels it.
    ///
    /// # Errors
    /// [`StoreError`]: whether it was noted is unknown.
    pub async fn report(&self, target: &Target<'_>, context: &[u8]) -> Result<Noted, StoreError> {
        let args = [self.limits.of(target.purpose), target.purpose.as_bytes(), b"0", context, &target.packed()];
        Noted::read(self.decide(&function::REPORT, target.bucket(), &target.keys(), &args).await?)
    }
}
