//! Cancelling: the app calls a verification off.

use super::{Caller, Service, ServiceError};
use crate::{policy::Outcome, secret::Id};

impl Service {
    /// Cancels; answers the state that holds then, [`Outcome::NotFound`] if it is not remembered.
    ///
    /// # Errors
    /// [`ServiceError`]: whether it was cancelled is unknown.
    pub async fn cancel(&self, caller: Caller<'_>, id: &Id) -> Result<Outcome, ServiceError> {
        let context = self.context_of(caller, id);
        Ok(self.store.cancel(&self.target(id), &context).await?)
    }
}
