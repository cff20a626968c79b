//! Cancels a verification (`cancel` of `lua/verification.lua`).

use super::{Store, StoreError, functions, network::RemoteIpState, target::Target};
use crate::policy::Outcome;

impl Store {
    /// Cancels a verification; answers the state that holds then.
    ///
    /// # Errors
    /// [`StoreError`]: whether it was cancelled is unknown.
    pub async fn cancel(&self, target: &Target<'_>, context: &[u8]) -> Result<Outcome, StoreError> {
        let (about, remote) = (target.about(context), RemoteIpState::default());
        self.about(&functions::CANCEL, &about, &remote, &[&target.packed()]).await?.outcome()
    }
}
