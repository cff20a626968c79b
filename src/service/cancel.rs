//! Cancelling: the app calls a verification off.

use serde::Serialize;

use super::{Caller, Service, ServiceError, get::word};
use crate::policy::Outcome;

/// The answer: the status that holds then.
#[derive(Debug, Serialize)]
pub struct Canceled {
    /// The same for counters.
    #[serde(skip)]
    pub outcome: Outcome,
    id: String,
    status: &'static str,
    purpose: String,
}

impl Service {
    /// Cancels the verification of this id.
    ///
    /// # Errors
    /// [`ServiceError`]: whether it was cancelled is unknown.
    pub async fn cancel(&self, caller: Caller<'_>, id: &str) -> Result<Canceled, ServiceError> {
        let verification = self.verification(caller, id)?;
        let context = self.context_of(caller, &verification);
        let outcome = self.store.cancel(&self.target(&verification), &context).await?;
        Ok(Canceled { outcome, id: id.to_owned(), status: word(outcome)?, purpose: verification.purpose })
    }
}
