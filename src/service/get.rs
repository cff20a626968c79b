//! Getting: a verification as it is now.

use super::{Service, ServiceError};
use crate::{policy::Outcome, secret::Id, store::get::Seen};

impl Service {
    /// Looks at a verification; `None` if it is not remembered.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub async fn get(&self, id: &Id) -> Result<Option<Seen>, ServiceError> {
        let seen = self.store.get(&self.target(id)).await?;
        Ok((seen.state != Outcome::NotFound).then_some(seen))
    }
}
