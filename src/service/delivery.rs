//! Delivery and reports: what the app learns of a code after it was sent.

use super::{Caller, Service, ServiceError, get::word};
use crate::policy::Outcome;

impl Service {
    /// Notes whether the code of this id reached its user.
    ///
    /// # Errors
    /// [`ServiceError`]: whether it was noted is unknown.
    pub async fn delivery(&self, caller: Caller<'_>, id: &str, delivered: bool) -> Result<(), ServiceError> {
        let verification = self.verification(caller, id)?;
        let context = self.context_of(caller, &verification);
        let noted = self.store.delivery(&self.target(&verification), delivered, &context).await?;
        if noted.first {
            let word = if delivered { Outcome::Delivered } else { Outcome::Failed }.label();
            self.metrics.deliveries.with_label_values(&["return", word]).inc();
        }
        word(noted.state).map(drop)
    }

    /// Notes that a user did not ask for the code of this id, and cancels it.
    ///
    /// # Errors
    /// [`ServiceError`]: whether it was noted is unknown.
    pub async fn report(&self, caller: Caller<'_>, id: &str) -> Result<(), ServiceError> {
        let verification = self.verification(caller, id)?;
        let context = self.context_of(caller, &verification);
        let noted = self.store.report(&self.target(&verification), &context).await?;
        if noted.first {
            self.metrics.reports.inc();
        }
        word(noted.state).map(drop)
    }
}
