//! Locks a subject by an operator's hand (`lua/lock.lua`).

use std::time::Duration;

use super::{Store, StoreError, call_keys::About, functions, limits::millis};
use crate::secret::Reference;

/// A subject that an operator locked.
#[derive(Debug, Clone, Copy)]
pub struct Locked {
    /// When its lock ends, ms since 1970.
    pub until: u64,
    /// Which lock in a row it is; one by hand does not count.
    pub level: u8,
    /// Whether it is this lock that runs: `false` where a longer one was left as it is.
    pub changed: bool,
}

impl Store {
    /// Locks a subject for `length`, at most 40 days.
    ///
    /// # Errors
    /// [`StoreError`]: whether it was done is unknown. To do it again does no harm.
    pub async fn lock(&self, subject: &Reference, length: Duration, context: &[u8]) -> Result<Locked, StoreError> {
        let about = About::by_hand(subject, context);
        let mut reply = self.about(&functions::LOCK, &about, &[millis(length).to_string().as_bytes()]).await?;
        let locked = Locked { until: reply.natural()?, level: reply.small(u8::MAX)?, changed: reply.int()? == 1 };
        self.confirmed(about.bucket(), &reply.source()?).await?;
        Ok(locked)
    }
}
