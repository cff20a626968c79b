//! Ends a verification (`cancel` of `lua/verification.lua`).

use super::{Store, StoreError, delivery::Noted, functions, target::Target};
use crate::policy::Outcome;

impl Store {
    /// Ends a verification as [`Outcome::Canceled`] or [`Outcome::Used`]; answers the state that holds then, and where the message
    /// went whose code was used, sealed.
    ///
    /// # Errors
    /// [`StoreError`]: whether it was ended is unknown.
    pub async fn end(&self, target: &Target<'_>, how: Outcome, context: &[u8]) -> Result<(Noted, Vec<u8>), StoreError> {
        let (packed, how) = (target.packed(), (how as u8).to_string());
        let mut reply = self.about(&functions::CANCEL, &target.about(context), &[&packed, how.as_bytes()]).await?;
        Ok((Noted::read(&mut reply)?, reply.bytes()?))
    }
}
