//! Stats: how many codes are live, who is stopped, and what happened in the last hour and day, over all sidecars.

use std::collections::BTreeMap;

use super::{Service, ServiceError};
use crate::{
    audit::tally::{DAY, HOUR, TWELFTH},
    event::Kind,
    policy::Outcome,
    store::{counters::Counted, key::OfTime},
};

/// A code lives for a day at most; one more hour for the rest of the first.
const HOURS_OF_LIFE: u64 = 25;

/// Events by what they were about and how that ended.
pub type Counts = BTreeMap<(Kind, Outcome), u64>;

/// What happened in a stretch of time.
#[derive(Debug)]
pub struct Period {
    /// When it begins, ms since 1970: counters have a grain.
    pub from: u64,
    /// When it ends.
    pub until: u64,
    /// Exact sums of all events in it that were written out by now, which they are within a second or so.
    pub counts: Counts,
}

/// See the module.
#[derive(Debug)]
pub struct Stats {
    /// Redis's clock, ms since 1970.
    pub now: u64,
    /// Codes that could be checked now, give or take those that expire within half a minute.
    pub live_codes: u64,
    /// Subjects that are locked.
    pub locked: u64,
    /// Subjects that only an operator can let in again.
    pub disabled: u64,
    /// The last 60 to 65 minutes.
    pub last_hour: Period,
    /// The last 24 to 25 hours.
    pub last_day: Period,
}

impl Service {
    /// Reads the counters. Sums name nobody, so that no event is written for it.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub async fn stats(&self) -> Result<Stats, ServiceError> {
        self.store.settle_counters().await?;
        let now = self.store.now().await?;
        let (locked, disabled) = self.store.stopped(now).await?;
        Ok(Stats {
            now,
            live_codes: self.live_codes(now).await?,
            locked,
            disabled,
            last_hour: self.last_hour(now).await?,
            last_day: self.period(now.saturating_sub(DAY), now).await?,
        })
    }

    async fn live_codes(&self, now: u64) -> Result<u64, ServiceError> {
        let (minute, mut live) = (now / 60_000, 0);
        for hour in minute / 60..=minute / 60 + HOURS_OF_LIFE {
            for (field, count) in self.store.counted(OfTime::Live, hour).await? {
                let &[part] = field.as_slice() else { continue };
                live += if hour * 60 + u64::from(part) > minute { count } else { 0 };
            }
        }
        Ok(u64::try_from(live).unwrap_or(0))
    }

    async fn last_hour(&self, now: u64) -> Result<Period, ServiceError> {
        let first = now.saturating_sub(HOUR) / TWELFTH;
        let mut counts = Counts::new();
        for hour in first / 12..=now / HOUR {
            let counted = self.store.counted(OfTime::Hour, hour).await?;
            add(&mut counts, counted, |part| hour * 12 + u64::from(part) >= first);
        }
        Ok(Period { from: first * TWELFTH, until: now, counts })
    }

    /// What happened from the beginning of the hour of `from`, and before `until` or the end of the hour before it where
    /// that is not now; ms since 1970.
    pub(super) async fn period(&self, from: u64, until: u64) -> Result<Period, ServiceError> {
        let (first, last) = (from / HOUR, until.div_ceil(HOUR));
        let mut counts = Counts::new();
        for day in first / 24..=last.saturating_sub(1) / 24 {
            let counted = self.store.counted(OfTime::Day, day).await?;
            add(&mut counts, counted, |part| (first..last).contains(&(day * 24 + u64::from(part))));
        }
        Ok(Period { from: first * HOUR, until, counts })
    }
}

/// Adds up fields of `u8 part, u8 kind, u8 outcome`. What a newer version counted and this one does not know is left out.
fn add(counts: &mut Counts, counted: Counted, within: impl Fn(u8) -> bool) {
    for (field, count) in counted {
        let &[part, kind, outcome] = field.as_slice() else { continue };
        let (Some(kind), Some(outcome)) = (Kind::from_number(kind), Outcome::from_number(i64::from(outcome))) else {
            continue;
        };
        if within(part) {
            *counts.entry((kind, outcome)).or_default() += u64::try_from(count).unwrap_or(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_the_period_are_summed_and_others_left_out() {
        let mut counts = Counts::new();
        let field = |part, kind, outcome, count| (vec![part, kind, outcome], count);
        let counted =
            vec![field(3, 1, 10, 2), field(4, 1, 10, 5), field(4, 1, 10, 1), field(4, 99, 10, 7), (vec![1], 9)];
        add(&mut counts, counted, |part| part > 3);
        assert_eq!(counts.into_iter().collect::<Vec<_>>(), [((Kind::Send, Outcome::Issued), 6)]);
    }
}
