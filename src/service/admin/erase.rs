//! Erase: what is known of a person goes for good. The trail keeps its lines and still verifies; what is sealed in them can
//! be opened no more. A lock, a quota and a code that is out stay as they are, under the reference that names nobody.

use std::time::Duration;

use serde::Serialize;

use super::{Operator, Service, ServiceError, SubjectSelector};
use crate::secret::Who;

/// What happens in an erasure's own millisecond counts as before it, so that nothing of before is ever told; whoever has
/// the answer may send at once, and that is after it. Two, since clocks are cut to whole ones.
const ITS_OWN_MILLISECOND: Duration = Duration::from_millis(2);

/// The answer.
#[derive(Debug, Serialize)]
pub struct Erased {
    /// Whatever was known before.
    erased: bool,
}

impl Service {
    /// Destroys the key of a person's fields, and the name, of events on their way too.
    ///
    /// # Errors
    /// [`ServiceError`]: whether it was destroyed is unknown. To do it again does no harm.
    pub async fn erase(
        &self,
        operator: Operator<'_>,
        whom: &SubjectSelector,
        reason: Option<&str>,
    ) -> Result<Erased, ServiceError> {
        let reference = self.reference(whom);
        // Not whom it was done to: the event outlives the erasure.
        let context = self.act(operator, &reference, whom.tenant(), None, Who { reason, ..Who::default() });
        self.store.erase(&reference, self.retention_ms, &context).await?;
        tokio::time::sleep(ITS_OWN_MILLISECOND).await;
        self.reads.forget();
        Ok(Erased { erased: true })
    }
}
