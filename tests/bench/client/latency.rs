//! How long answers took.

use std::time::Duration;

/// Every single time, so that no percentile is an estimate.
#[derive(Debug, Default, Clone)]
pub struct Latency(Vec<Duration>);

impl Latency {
    /// Keeps one.
    pub fn note(&mut self, took: Duration) {
        self.0.push(took);
    }

    /// The times in order.
    pub fn sorted(mut self) -> Sorted {
        self.0.sort_unstable();
        Sorted(self.0)
    }
}

/// See [`Latency::sorted`].
#[derive(Debug)]
pub struct Sorted(Vec<Duration>);

impl Sorted {
    /// What so many per mille of the answers took at most, in milliseconds; 0 without any.
    pub fn ms(&self, per_mille: usize) -> f64 {
        let last = self.0.len().saturating_sub(1);
        self.0.get((self.0.len() * per_mille / 1000).min(last)).map_or(0.0, |took| took.as_secs_f64() * 1e3)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

/// What this file promises.
pub fn a_percentile_is_a_time_that_was_measured() {
    let mut latency = Latency::default();
    (1..=1000).rev().for_each(|ms| latency.note(Duration::from_millis(ms)));
    let sorted = latency.sorted();
    assert_eq!((sorted.ms(0), sorted.ms(500), sorted.ms(999), sorted.ms(1000)), (1.0, 501.0, 1000.0, 1000.0));
    assert_eq!(Latency::default().sorted().ms(500), 0.0);
}
