//! Cancels a verification (`cancel` of `lua/verification.lua`).

use super::{Store, StoreError, functions, target::Target};
use crate::policy::Outcome;

impl Store {
    /// Ends a verification as [`Outcome::Canceled`] or [`Outcome::Used`]; answers the state that holds then, and where the message
    /// went whose code was used, sealed.
    ///
    /// # Errors
    /// [`StoreError`]: whether it was cancelled is unknown.
    pub async fn cancel(
        &self,
        target: &Target<'_>,
        how: Outcome,
        context: &[u8],
    ) -> Result<(Outcome, Vec<u8>), StoreError> {
        let (packed, how) = (target.packed(), (how as u8).to_string());
        let mut reply = self.about(&functions::CANCEL, &target.about(context), &[&packed, how.as_bytes()]).await?;
        Ok((reply.outcome()?, reply.bytes()?))
    }
}
