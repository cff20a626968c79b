//! `cancel` of `lua/verification.lua` from this side.

use super::{Store, StoreError, function, target::Target};
use crate::policy::Outcome;

impl Store {
    /// Cancels a verification; answers the state that holds then.
    ///
    /// # Errors
    /// [`StoreError`]: whether it was cancelled is unknown.
    pub async fn cancel(&self, target: &Target<'_>, context: &[u8]) -> Result<Outcome, StoreError> {
        let args = [self.limits.of(target.purpose), target.purpose.as_bytes(), b"0", context, &target.packed()];
        self.decide(&function::CANCEL, target.bucket(), &target.keys(), &args).await?.outcome()
    }
}
