//! `get` of `lua/verification.lua` from this side.

use super::{Store, StoreError, function, target::Target};
use crate::policy::Outcome;

/// A verification as it is now.
#[derive(Debug)]
pub struct Seen {
    /// Its state.
    pub state: Outcome,
    /// Redis's clock, ms since 1970.
    pub now: u64,
    /// Wrong codes left before a lock of its subject.
    pub attempts_left: u32,
}

impl Store {
    /// Looks at a verification; changes nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn get(&self, target: &Target<'_>) -> Result<Seen, StoreError> {
        let args = [self.limits.of(target.purpose), target.purpose.as_bytes(), b"0", b"", &target.packed()];
        let mut reply = self.decide(&function::GET, target.bucket(), &target.keys(), &args).await?;
        Ok(Seen { state: reply.outcome()?, now: reply.natural()?, attempts_left: reply.small(u32::MAX)? })
    }
}
