//! Status: how a subject stands.

use super::{Caller, Service, ServiceError};
use crate::{policy::Subject, store::status::Standing};

impl Service {
    /// Looks at a subject; changes nothing.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub async fn status(&self, caller: Caller<'_>, subject: &Subject, purpose: &str) -> Result<Standing, ServiceError> {
        let reference = self.index.subject(caller.tenant, subject);
        Ok(self.store.status(&reference, purpose).await?)
    }
}
