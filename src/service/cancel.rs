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
        self.end(caller, id, Outcome::Canceled).await
    }

    /// Ends the verification of this id as cancelled, or as used: the app compared the code itself. That proves where it went, and
    /// lets nobody in here.
    ///
    /// # Errors
    /// [`ServiceError`]: whether it was ended is unknown.
    pub async fn end(&self, caller: Caller<'_>, id: &str, how: Outcome) -> Result<Canceled, ServiceError> {
        let verification = self.verification(caller, id)?;
        let context = self.context_of(caller, &verification);
        let (outcome, proven) = self.store.cancel(&self.target(&verification), how, &context).await?;
        self.proven(&verification.reference, verification.generation, &proven, false);
        Ok(Canceled { outcome, id: id.to_owned(), status: word(outcome)?, purpose: verification.purpose })
    }
}
