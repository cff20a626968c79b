//! `lua/cancel.lua` from this side.

use super::{Store, StoreError, script, target::Target};
use crate::policy::Outcome;

impl Store {
    /// Cancels a verification; answers the state that holds then.
    ///
    /// # Errors
    /// [`StoreError`]: whether it was cancelled is unknown.
    pub async fn cancel(&self, target: &Target<'_>, context: &[u8]) -> Result<Outcome, StoreError> {
        let forgotten = target.forgotten();
        let args: [&[u8]; 4] = [self.limits.of(target.purpose), &target.packed(), context, forgotten.as_bytes()];
        self.decide(&script::CANCEL, target.bucket(), &target.keys(), &args).await?.outcome()
    }
}
