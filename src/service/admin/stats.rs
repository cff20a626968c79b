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
        let now = self.store.now().await?;
        let (minute, first) = (now / 60_000, now.saturating_sub(HOUR) / TWELFTH);
        let hours_of_life = minute / 60..=minute / 60 + HOURS_OF_LIFE;
        let day = Stretch::new(now.saturating_sub(DAY), now);
        let live = hours_of_life.clone().map(|hour| (OfTime::Live, hour));
        let hours = (first / 12..=now / HOUR).map(|hour| (OfTime::Hour, hour));
        let asked: Vec<_> = live.chain(hours).chain(day.days()).collect();
        let figures = self.store.figures(now, &asked).await?;
        let (mut live_codes, mut last_hour, mut last_day) = (0, Counts::new(), Counts::new());
        for ((kind, n), counted) in asked.into_iter().zip(figures.counters) {
            match kind {
                OfTime::Live => {
                    let lives = |field: &[u8]| matches!(field, [part] if n * 60 + u64::from(*part) > minute);
                    live_codes += counted.iter().filter(|(field, _)| lives(field)).map(|(_, count)| count).sum::<i64>();
                }
                OfTime::Hour => add(&mut last_hour, counted, |part| n * 12 + u64::from(part) >= first),
                _ => add(&mut last_day, counted, |part| day.has(n, part)),
            }
        }
        Ok(Stats {
            now,
            live_codes: u64::try_from(live_codes).unwrap_or(0),
            locked: figures.locked,
            disabled: figures.disabled,
            last_hour: Period { from: first * TWELFTH, until: now, counts: last_hour },
            last_day: Period { from: day.first * HOUR, until: now, counts: last_day },
        })
    }

    /// What happened from the beginning of the hour of `from`, and before `until` or the end of the hour before it where
    /// that is not now; ms since 1970.
    pub(super) async fn period(&self, from: u64, until: u64) -> Result<Period, ServiceError> {
        let (stretch, mut counts) = (Stretch::new(from, until), Counts::new());
        let days: Vec<_> = stretch.days().collect();
        let figures = self.store.figures(until, &days).await?;
        for ((_, day), counted) in days.into_iter().zip(figures.counters) {
            add(&mut counts, counted, |part| stretch.has(day, part));
        }
        Ok(Period { from: stretch.first * HOUR, until, counts })
    }
}

/// Hours since 1970 from one to another, the last not included.
struct Stretch {
    first: u64,
    last: u64,
}

impl Stretch {
    fn new(from: u64, until: u64) -> Self {
        Self { first: from / HOUR, last: until.div_ceil(HOUR) }
    }

    /// The counters of its days.
    fn days(&self) -> impl Iterator<Item = (OfTime, u64)> + use<> {
        (self.first / 24..=self.last.saturating_sub(1) / 24).map(|day| (OfTime::Day, day))
    }

    fn has(&self, day: u64, hour: u8) -> bool {
        (self.first..self.last).contains(&(day * 24 + u64::from(hour)))
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
        let counted = [field(3, 1, 10, 2), field(4, 1, 10, 6), field(4, 99, 10, 7), (vec![1], 9)].into();
        add(&mut counts, counted, |part| part > 3);
        assert_eq!(counts.into_iter().collect::<Vec<_>>(), [((Kind::Send, Outcome::Issued), 6)]);
    }
}
