//! Report: the figures of a periodic review, beside those of as long a time before.

use std::ops::RangeInclusive;

use super::{
    Operator, Service, ServiceError,
    figures::{Review, When},
};
use crate::{
    audit::tally::{DAY, HOUR},
    event::Kind,
};

/// Shortest and longest period, ms: what counters tell apart, and what is kept together with as long a time before it
/// ([`crate::store::key::KEPT`]).
const LENGTHS: RangeInclusive<u64> = HOUR..=31 * DAY;

impl Service {
    /// Draws it up; `None` unless the period began between an hour and 31 days ago.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub async fn review(&self, operator: Operator<'_>, since: When) -> Result<Option<Review>, ServiceError> {
        let now = self.store.now().await?;
        let length = now.saturating_sub(since.at(now));
        if !LENGTHS.contains(&length) {
            return Ok(None);
        }
        self.look(operator, Kind::AdminReport).await?;
        let period = self.period(now - length, now).await?;
        let from = period.from;
        let before = self.period(from.saturating_sub(length) / HOUR * HOUR, from).await?;
        Ok(Some(Review::of(period, before)))
    }
}
