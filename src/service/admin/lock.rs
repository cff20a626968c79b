//! Lock: an operator locks a subject by hand.

use std::time::Duration;

use super::{Operator, Service, ServiceError, Whom};
use crate::store::lock::Locked;

impl Service {
    /// Locks `whom` for `length`, at most 40 days, for this `reason`.
    ///
    /// # Errors
    /// [`ServiceError`]: whether it is locked is unknown. To do it again does no harm.
    pub async fn lock(
        &self,
        operator: Operator<'_>,
        whom: &Whom,
        length: Duration,
        reason: &str,
    ) -> Result<Locked, ServiceError> {
        let reference = self.reference(whom);
        let told = (whom.spelling(), None, Some(reason));
        let context = self.act(operator, (&reference, whom.tenant()), None, told);
        Ok(self.store.lock(&reference, length, &context).await?)
    }
}
