//! Delivery and reports: what the app learns of a code after it was sent.

use super::{Caller, Service, ServiceError};
use crate::{policy::Outcome, secret::Id};

impl Service {
    /// Notes whether a code reached its user; `false` if no such verification is remembered.
    ///
    /// # Errors
    /// [`ServiceError`]: whether it was noted is unknown.
    pub async fn delivery(&self, caller: Caller<'_>, id: &Id, delivered: bool) -> Result<bool, ServiceError> {
        let context = self.context_of(caller, id);
        let noted = self.store.delivery(&self.target(id), delivered, &context).await?;
        if noted.first {
            self.metrics.deliveries.of(if delivered { "delivered" } else { "failed" }).inc();
        }
        Ok(noted.state != Outcome::NotFound)
    }

    /// Notes that a user did not ask for a code, and cancels it; `false` if no such verification is remembered.
    ///
    /// # Errors
    /// [`ServiceError`]: whether it was noted is unknown.
    pub async fn report(&self, caller: Caller<'_>, id: &Id) -> Result<bool, ServiceError> {
        let context = self.context_of(caller, id);
        let noted = self.store.report(&self.target(id), &context).await?;
        if noted.first {
            self.metrics.reports.inc();
        }
        Ok(noted.state != Outcome::NotFound)
    }
}
