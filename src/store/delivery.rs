//! Notes what became of a code: whether it was delivered (`delivery` of `lua/verification.lua`), or not asked for (`report`).

use super::{Store, StoreError, functions, reply::Reply, target::Target};
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
    pub(super) fn read(reply: &mut Reply) -> Result<Self, StoreError> {
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
        Noted::read(&mut self.about(&functions::DELIVERY, &target.about(context), &[&target.packed(), outcome]).await?)
    }

    /// Notes that a user did not ask for a code, and cancels it.
    ///
    /// # Errors
    /// [`StoreError`]: whether it was noted is unknown.
    pub async fn report(&self, target: &Target<'_>, context: &[u8]) -> Result<Noted, StoreError> {
        Noted::read(&mut self.about(&functions::REPORT, &target.about(context), &[&target.packed()]).await?)
    }
}
