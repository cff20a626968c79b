//! Rates: whether there is far more of something than at this hour on other days, out of the hourly figures that are kept anyway.

/// Days that are looked back on, and so for how long nothing is said at first.
const DAYS: usize = 14;
const HOURS: usize = 24;
/// Hours of history that are needed.
pub const HISTORY: usize = DAYS * HOURS;
/// More than so many deviations, times the usual, and more than the usual are a burst.
const DEVIATIONS: f64 = 6.0;
const TIMES: f64 = 3.0;
const MORE: f64 = 20.0;

/// What is usual at an hour.
#[derive(Debug, Clone, Copy)]
pub struct Usual {
    /// In the whole hour.
    hour: f64,
    /// How much hours differ beyond chance (the square of their relative deviation).
    spread: f64,
}

impl Usual {
    /// What is usual in the hour behind `hours`, the newest last; `None` without fourteen days of them. The median of that hour
    /// of the days, times how the last day was beside them; days differ, so that differences between hours of one day count.
    pub fn of(hours: &[u64]) -> Option<Self> {
        let last: Vec<f64> =
            hours.get(hours.len().checked_sub(HISTORY)?..)?.iter().map(|count| *count as f64).collect();
        // Of the hours of a day, beginning with the one that is to come.
        let medians: Vec<f64> = (0..HOURS).map(|hour| median(last.iter().skip(hour).step_by(HOURS).copied())).collect();
        let day: f64 = last.iter().rev().take(HOURS).sum();
        let level = (day / medians.iter().sum::<f64>().max(1.0)).clamp(0.5, 2.0);
        let over = last.iter().zip(medians.iter().cycle()).map(|(count, median)| {
            let usual = median * level;
            ((count - usual).powi(2) - usual) / usual.max(1.0).powi(2)
        });
        Some(Self { hour: medians.first()? * level, spread: median(over).max(0.01) })
    }

    /// Whether `count` in so many minutes of that hour is a burst.
    pub fn is_burst(&self, count: u64, minutes: f64) -> bool {
        let (count, usual) = (count as f64, self.hour * minutes / 60.0);
        let deviation = (usual + self.spread * usual * usual).max(0.1).sqrt();
        count >= TIMES * usual && count - usual >= MORE && (count - usual) / deviation >= DEVIATIONS
    }
}

fn median(of: impl Iterator<Item = f64>) -> f64 {
    let mut of: Vec<f64> = of.collect();
    of.sort_by(f64::total_cmp);
    let (upper, lower) = (of.get(of.len() / 2), of.get(of.len().saturating_sub(1) / 2));
    upper.zip(lower).map_or(0.0, |(upper, lower)| (upper + lower) / 2.0)
}
