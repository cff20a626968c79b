//! What one run of a measurement found, and what several found together.

use std::collections::BTreeMap;

/// Answers a second.
pub const RATE: &str = "per_second";
/// What half, 99 % and 99.9 % of the answers took at most, ms.
pub const P50: &str = "p50_ms";
pub const P99: &str = "p99_ms";
pub const P999: &str = "p999_ms";
/// Processor time for one answer, µs: of the client, the server, Redis.
pub const CLIENT: &str = "client_us";
pub const SERVER: &str = "server_us";
pub const REDIS: &str = "redis_us";
/// Memory when it was over, MB (10⁶ bytes) that are resident: of the server, of Redis.
pub const SERVER_MB: &str = "server_mb";
pub const REDIS_MB: &str = "redis_mb";

/// How many waited for one round of the barrier.
pub const WAITERS: &str = "waiters_a_round";
/// Processor time that all else on the machine took meanwhile, in hundredths of all that there was.
pub const OTHERS: &str = "others_percent";

/// Figures by their names.
#[derive(Debug, Clone, Default)]
pub struct Sample(pub BTreeMap<&'static str, f64>);

impl Sample {
    /// One figure.
    pub fn of(name: &'static str, figure: f64) -> Self {
        Self(BTreeMap::from([(name, figure)]))
    }

    /// With one more.
    #[must_use]
    pub fn and(mut self, name: &'static str, figure: f64) -> Self {
        self.0.insert(name, figure);
        self
    }

    /// One of them.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }
}

/// All samples of one measurement.
#[derive(Debug, Clone)]
pub struct Entry {
    pub name: String,
    /// The measurement that says what could be had.
    pub limit: Option<String>,
    pub samples: Vec<Sample>,
}

/// The middle of several figures, and how far they lie apart.
#[derive(Debug, Clone, Copy)]
pub struct Spread {
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

impl Entry {
    /// All samples' figures of this name.
    pub fn spread(&self, name: &str) -> Option<Spread> {
        spread(self.samples.iter().filter_map(|sample| sample.get(name)).collect())
    }

    /// The middle one.
    pub fn median(&self, name: &str) -> Option<f64> {
        self.spread(name).map(|spread| spread.median)
    }

    /// The middle of the ratios to the samples of the same rounds of `limit`.
    pub fn ratio(&self, limit: &Self, name: &str) -> Option<f64> {
        let pairs = self.samples.iter().zip(&limit.samples);
        let ratios = pairs.filter_map(|(ours, its)| Some(ours.get(name)? / its.get(name)?));
        spread(ratios.filter(|ratio| ratio.is_finite()).collect()).map(|spread| spread.median)
    }
}

/// Of these figures; none of none.
pub fn spread(mut figures: Vec<f64>) -> Option<Spread> {
    figures.sort_by(f64::total_cmp);
    let (min, max) = (*figures.first()?, *figures.last()?);
    let half = figures.len() / 2;
    let median = if figures.len() % 2 == 1 { figures[half] } else { f64::midpoint(figures[half - 1], figures[half]) };
    Some(Spread { median, min, max })
}

/// What this file promises.
pub fn the_median_is_the_middle_one_and_ratios_are_of_the_same_round() {
    let entry = |rates: &[f64]| Entry {
        name: String::new(),
        limit: None,
        samples: rates.iter().map(|rate| Sample::of(RATE, *rate)).collect(),
    };
    let (ours, limit) = (entry(&[10.0, 40.0, 30.0]), entry(&[20.0, 40.0, 90.0]));
    let spread = ours.spread(RATE).unwrap();
    assert_eq!((spread.min, spread.median, spread.max), (10.0, 30.0, 40.0));
    assert_eq!(entry(&[1.0, 2.0]).median(RATE), Some(1.5));
    assert_eq!(ours.ratio(&limit, RATE), Some(0.5), "of 0.5, 1 and 0.33");
    assert!(entry(&[]).spread(RATE).is_none() && ours.median(P50).is_none());
}
