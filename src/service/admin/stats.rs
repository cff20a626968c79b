//! Stats: how many codes are live, who is stopped, and what happened in the last hour and day, over all sidecars; and the
//! figures of a periodic review, beside those of as long a time before.

use std::{collections::BTreeMap, ops::RangeInclusive, sync::Arc};

use serde::Serialize;

use super::{
    Operator, Service, ServiceError,
    figures::{APPROVED, ByType, Counts, ISSUED, Period, REFUSED, Review, WRONG, Wanted, When, by_type, instant, sum},
};
use crate::{
    event::Kind,
    policy::Outcome,
    store::{
        counters::{Counted, Memory},
        key::OfTime,
        tally::{DAY, HOUR, TWELFTH},
    },
};

/// A code lives for a day at most; one more hour for the rest of the first.
const HOURS_OF_LIFE: u64 = 25;
/// Shortest and longest period of a review, ms: what counters tell apart, and what is kept together with as long a time
/// before it ([`crate::store::key::KEPT`]).
const LENGTHS: RangeInclusive<u64> = HOUR..=31 * DAY;

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
    /// The same two, `hour` and `day`, part by part.
    pub series: BTreeMap<&'static str, Series>,
}

/// What a curve of a period is drawn of: its sums part by part.
#[derive(Debug, Serialize)]
pub struct Series {
    /// How long each part is, seconds.
    step: u64,
    /// When the first begins.
    #[serde(serialize_with = "instant")]
    from: u64,
    /// The last one is not over yet.
    parts: Vec<BTreeMap<&'static str, u64>>,
}

impl Series {
    fn of(period: &Period) -> Self {
        let wanted: [(&str, Wanted); 5] = [
            ("issued", ISSUED),
            ("approved", APPROVED),
            ("wrong", WRONG),
            ("refused", REFUSED),
            // Hard stops are some.
            ("lockouts", |kind, _| matches!(kind, Kind::Lockout | Kind::Disable)),
        ];
        let part = |counts: &Counts| wanted.iter().map(|(name, wanted)| (*name, sum(counts, wanted))).collect();
        Self { step: period.step / 1000, from: period.from, parts: period.parts.iter().map(part).collect() }
    }
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

impl Period {
    /// One of parts of `step` ms, the first of which is the `first` since 1970.
    fn new(step: u64, first: u64, until: u64) -> Self {
        let parts = vec![Counts::new(); usize::try_from(until.div_ceil(step).saturating_sub(first)).unwrap_or(0)];
        Self { from: first * step, until, counts: Counts::new(), step, parts }
    }

    /// Adds fields of `u8 part, u8 kind, u8 outcome` of an hour or a day whose first part is the `first` since 1970. What a
    /// newer version counted and this one does not know is left out, and so is what lies outside.
    fn add(&mut self, first: u64, counted: Counted) {
        for (field, count) in counted {
            let &[part, kind, outcome] = field.as_slice() else { continue };
            let index = (first + u64::from(part)).checked_sub(self.from / self.step);
            let within = index.and_then(|index| self.parts.get_mut(usize::try_from(index).ok()?));
            if let (Some(kind), Some(outcome), Some(within)) =
                (Kind::from_number(kind), Outcome::from_number(outcome), within)
            {
                for counts in [within, &mut self.counts] {
                    *counts.entry((kind, outcome)).or_default() += u64::try_from(count).unwrap_or(0);
                }
            }
        }
    }

    /// The counters that hold it, of so many parts each: their numbers since 1970.
    fn counters(&self, parts: u64) -> RangeInclusive<u64> {
        let first = self.from / self.step;
        let last = (first + self.parts.len() as u64).saturating_sub(1);
        first / parts..=last / parts
    }
}

impl Service {
    /// Reads the counters, as they were within the last seconds. Sums name nobody, so that no event is written for it.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub async fn stats(&self) -> Result<Arc<Stats>, ServiceError> {
        self.reads.stats.get((), self.read_stats()).await
    }

    async fn read_stats(&self) -> Result<Stats, ServiceError> {
        let now = self.store.now().await?;
        let minute = now / 60_000;
        let mut last_hour = Period::new(TWELFTH, now.saturating_sub(HOUR) / TWELFTH, now);
        let mut last_day = Period::new(HOUR, now.saturating_sub(DAY) / HOUR, now);
        let live = (minute / 60..=minute / 60 + HOURS_OF_LIFE).map(|hour| (OfTime::Live, hour));
        let hours = last_hour.counters(12).map(|hour| (OfTime::Hour, hour));
        let days = last_day.counters(24).map(|day| (OfTime::Day, day));
        // The last hour and day first, and of the codes those that end soon: what is likely to be there.
        let asked: Vec<_> = hours.rev().chain(days.rev()).chain(live).collect();
        let figures = self.store.figures(now, &asked, &self.reads.figures).await?;
        let mut live_codes = 0;
        for ((kind, n), counted) in figures.counters {
            match kind {
                OfTime::Live => {
                    let lives = |field: &[u8]| matches!(field, [part] if n * 60 + u64::from(*part) > minute);
                    live_codes += counted.iter().filter(|(field, _)| lives(field)).map(|(_, count)| count).sum::<i64>();
                }
                OfTime::Hour => last_hour.add(n * 12, counted),
                OfTime::Day => last_day.add(n * 24, counted),
            }
        }
        Ok(Stats {
            as_of: now,
            live_codes: u64::try_from(live_codes).unwrap_or(0),
            locked: figures.locked,
            disabled: figures.disabled,
            series: [("hour", Series::of(&last_hour)), ("day", Series::of(&last_day))].into(),
            last_hour: last_hour.into(),
            last_day: last_day.into(),
        })
    }

    /// Draws the figures of a review up; `None` unless the period began between an hour and 31 days ago.
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

    /// What happened from the beginning of the hour of `from`, and before `until` or the end of the hour before it where
    /// that is not now; ms since 1970.
    async fn period(&self, from: u64, until: u64) -> Result<Period, ServiceError> {
        let mut period = Period::new(HOUR, from / HOUR, until);
        let days: Vec<_> = period.counters(24).map(|day| (OfTime::Day, day)).collect();
        let figures = self.store.figures(until, &days, &Memory::default()).await?;
        for ((_, day), counted) in figures.counters {
            period.add(day * 24, counted);
        }
        Ok(period)
    }
}
