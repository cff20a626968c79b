//! Cancelling: the app calls a verification off.

use serde::Serialize;

use super::{Caller, Service, ServiceError, get::word};
use crate::{policy::Outcome, store::delivery::Noted};

/// The answer: the status that holds then.
#[derive(Debug, Serialize)]
pub struct Canceled {
    /// The same for counters, and whether this call ended it.
    #[serde(skip)]
    pub noted: Noted,
    id: String,
    status: &'static str,
    purpose: String,
}

impl Service {
    /// Ends the verification of this id as [`Outcome::Canceled`], or as [`Outcome::Used`]: the app compared the code itself. That
    /// proves where it went, and lets nobody in here.
    ///
    /// # Errors
    /// [`ServiceError`]: whether it was ended is unknown.
    pub async fn end(&self, caller: Caller<'_>, id: &str, how: Outcome) -> Result<Canceled, ServiceError> {
        let verification = self.verification(caller, id)?;
        let context = self.context_of(caller, &verification);
        let (noted, proven) = self.store.end(&self.target(&verification), how, &context).await?;
        self.proven(&verification.reference, verification.generation, &proven, false);
        let status = word(noted.state)?;
        Ok(Canceled { noted, id: id.to_owned(), status, purpose: verification.purpose })
    }
}
