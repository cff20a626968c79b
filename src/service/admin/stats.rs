//! Stats: how many codes are live, who is stopped, and what happened in the last hour and day, over all sidecars.

use serde::Serialize;

use super::{
    Service, ServiceError,
    figures::{ByType, Counts, Period, by_type, instant},
};
use crate::{
    audit::tally::{DAY, HOUR, TWELFTH},
    event::Kind,
    policy::Outcome,
    store::{counters::Counted, key::OfTime},
};

/// A code lives for a day at most; one more hour for the rest of the first.
const HOURS_OF_LIFE: u64 = 25;

/// See the module.
#[derive(Debug, Serialize)]
pub struct Stats {
    /// Redis's clock, ms since 1970.
    #[serde(serialize_with = "instant")]
    pub as_of: u64,
    /// Codes that could be checked now, give or take those that expire within half a minute.
    pub live_codes: u64,
    /// Subjects that are locked.
    pub locked: u64,
    /// Subjects that only an operator can let in again.
    pub disabled: u64,
    /// The last 60 to 65 minutes.
    pub last_hour: Rated,
    /// The last 24 to 25 hours.
    pub last_day: Rated,
}

/// A period with the same a minute, to a thousandth.
#[derive(Debug, Serialize)]
pub struct Rated {
    #[serde(flatten)]
    period: Period,
    per_minute: ByType<f64>,
}

impl From<Period> for Rated {
    fn from(period: Period) -> Self {
        let minutes = period.until.saturating_sub(period.from).max(1) as f64 / 60_000.0;
        let per_minute = by_type(&period.counts, |count| (count as f64 / minutes * 1000.0).round() / 1000.0);
        Self { period, per_minute }
    }
}

impl Service {
    /// Reads the counters. Sums name nobody, so that no event is written for it.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub async fn stats(&self) -> Result<Stats, ServiceError> {
        let now = self.store.now().await?;
        let (minute, first) = (now / 60_000, now.saturating_sub(HOUR) / TWELFTH);
        let live = (minute / 60..=minute / 60 + HOURS_OF_LIFE).map(|hour| (OfTime::Live, hour));
        let hours = (first / 12..=now / HOUR).map(|hour| (OfTime::Hour, hour));
        let day = Stretch::new(now.saturating_sub(DAY), now);
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
                OfTime::Day => add(&mut last_day, counted, |part| day.has(n, part)),
            }
        }
        Ok(Stats {
            as_of: now,
            live_codes: u64::try_from(live_codes).unwrap_or(0),
            locked: figures.locked,
            disabled: figures.disabled,
            last_hour: Period { from: first * TWELFTH, until: now, counts: last_hour }.into(),
            last_day: Period { from: day.first * HOUR, until: now, counts: last_day }.into(),
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
        if let &[part, kind, outcome] = field.as_slice()
            && let (Some(kind), Some(outcome)) = (Kind::from_number(kind), Outcome::from_number(i64::from(outcome)))
            && within(part)
        {
            *counts.entry((kind, outcome)).or_default() += u64::try_from(count).unwrap_or(0);
        }
    }
}
