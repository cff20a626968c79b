//! Erase: what is known of a person goes for good. The trail keeps its lines and still verifies; what is sealed in them can
//! be opened no more. A lock, a quota and a code that is out stay as they are, under the reference that names nobody.

use std::time::Duration;

use serde::Serialize;

use super::{Operator, Service, ServiceError, SubjectSelector, near::Near};
use crate::{event::NOBODY, secret::Who};

/// What happens in an erasure's own millisecond counts as before it, so that nothing of before is ever told; whoever has
/// the answer may send at once, and that is after it. Two, since clocks are cut to whole ones.
const ITS_OWN_MILLISECOND: Duration = Duration::from_millis(2);

/// The answer.
#[derive(Debug, Serialize)]
pub struct Erased {
    /// `false` where nobody was ever seen there.
    erased: bool,
    /// Then spellings near it that were.
    near: Vec<Near>,
}

impl Service {
    /// Destroys the key of a person's fields, and the name, of events on their way too. Of somebody who was never seen there is
    /// none, and only what was refused to them is hidden from then on; `tenants` are those they may be with instead.
    ///
    /// # Errors
    /// [`ServiceError`]: whether it was destroyed is unknown. To do it again does no harm.
    pub async fn erase(
        &self,
        operator: Operator<'_>,
        whom: &SubjectSelector,
        tenants: &[String],
        reason: &str,
    ) -> Result<Erased, ServiceError> {
        let reference = self.reference(whom);
        // All events about nobody share it, and their reasons must stay.
        if reference == NOBODY {
            return Ok(Erased { erased: false, near: Vec::new() });
        }
        let mut erased = self.was_seen(&reference).await?;
        loop {
            // An event of theirs would be all that is remembered of them.
            let about = if erased { &reference } else { &NOBODY };
            // Not whom it was done to: the event outlives the erasure.
            let context =
                self.act(operator, about, whom.tenant(), None, Who { reason: Some(reason), ..Who::default() });
            if self.store.erase(&reference, erased, self.retention_ms, &context).await? {
                break;
            }
            // They came meanwhile.
            erased = true;
        }
        tokio::time::sleep(ITS_OWN_MILLISECOND).await;
        self.reads.forget();
        let near = if erased { Vec::new() } else { self.near(whom, tenants).await? };
        Ok(Erased { erased, near })
    }
}
