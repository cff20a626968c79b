//! Metrics with labels, every child made at start, and the maker that registers them.

use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
    core::Collector,
};

use super::labels::{RESPONSE_BUCKETS, Row};

/// One child per value of one label.
#[derive(Debug)]
pub struct Family<M> {
    labels: Vec<&'static str>,
    children: Vec<M>,
}

impl<M> Family<M> {
    /// The child for `label`; a label outside the set counts as its last.
    pub fn of(&self, label: &str) -> &M {
        // Made together below, with at least one child.
        self.known(label).or(self.children.last()).unwrap_or_else(|| unreachable!("a child per label"))
    }

    fn known(&self, label: &str) -> Option<&M> {
        self.children.get(self.labels.iter().position(|&l| l == label)?)
    }
}

/// One child per pair of labels that occurs.
#[derive(Debug)]
pub struct Table {
    all: IntCounterVec,
    rows: Vec<Family<IntCounter>>,
    names: Vec<&'static str>,
}

impl Table {
    /// The child for a pair of labels. A first one outside its set counts as the last; a second that was not expected
    /// beside it gets its series now.
    pub fn of(&self, row: &'static str, column: &'static str) -> IntCounter {
        let at = self.names.iter().position(|name| *name == row).unwrap_or(self.names.len() - 1);
        let child = self.rows.get(at).and_then(|family| family.known(column));
        let row = self.names.get(at).copied().unwrap_or(row);
        child.cloned().unwrap_or_else(|| self.all.with_label_values(&[row, column]))
    }
}

pub(super) type Result<T> = std::result::Result<T, prometheus::Error>;

/// How the macro makes each kind of field.
pub(super) struct Maker<'a>(pub(super) &'a Registry);

impl Maker<'_> {
    fn register<M: Collector + Clone + 'static>(&self, metric: M) -> Result<M> {
        self.0.register(Box::new(metric.clone()))?;
        Ok(metric)
    }

    pub(super) fn counter(&self, name: &str, help: &str) -> Result<IntCounter> {
        self.register(IntCounter::new(name, help)?)
    }

    pub(super) fn gauge(&self, name: &str, help: &str) -> Result<IntGauge> {
        self.register(IntGauge::new(name, help)?)
    }

    pub(super) fn seconds(&self, name: &str, help: &str) -> Result<Gauge> {
        self.register(Gauge::new(name, help)?)
    }

    pub(super) fn histogram(&self, name: &str, help: &str, buckets: &[f64]) -> Result<Histogram> {
        self.register(Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec()))?)
    }

    fn family<M: Collector + Clone + 'static>(
        &self,
        labels: impl IntoIterator<Item = &'static str>,
        make: impl Fn(&'static str) -> Result<M>,
    ) -> Result<Family<M>> {
        let labels: Vec<_> = labels.into_iter().collect();
        let children = labels.iter().map(|label| self.register(make(label)?)).collect::<Result<_>>()?;
        Ok(Family { labels, children })
    }

    pub(super) fn counters(
        &self,
        name: &str,
        help: &str,
        label: &str,
        labels: &'static [&'static str],
    ) -> Result<Family<IntCounter>> {
        let make = |value| IntCounter::with_opts(Opts::new(name, help).const_label(label, value));
        self.family(labels.iter().copied(), make)
    }

    pub(super) fn gauges(
        &self,
        name: &str,
        help: &str,
        label: &str,
        labels: &'static [&'static str],
    ) -> Result<Family<IntGauge>> {
        let make = |value| IntGauge::with_opts(Opts::new(name, help).const_label(label, value));
        self.family(labels.iter().copied(), make)
    }

    pub(super) fn histograms(
        &self,
        name: &str,
        help: &str,
        label: &str,
        labels: impl IntoIterator<Item = &'static str>,
    ) -> Result<Family<Histogram>> {
        let opts = HistogramOpts::new(name, help).buckets(RESPONSE_BUCKETS.to_vec());
        self.family(labels, |value| Histogram::with_opts(opts.clone().const_label(label, value)))
    }

    pub(super) fn table(&self, name: &str, help: &str, labels: [&str; 2], rows: &[Row]) -> Result<Table> {
        let all = self.register(IntCounterVec::new(Opts::new(name, help), &labels)?)?;
        let family = |row: &Row| {
            let labels: Vec<_> = row.values().collect();
            let make = |column: &&str| all.get_metric_with_label_values(&[row.name, column]);
            Ok(Family { children: labels.iter().map(make).collect::<Result<_>>()?, labels })
        };
        let families = rows.iter().map(family).collect::<Result<_>>()?;
        Ok(Table { rows: families, names: rows.iter().map(|row| row.name).collect(), all })
    }

    pub(super) fn vector(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec> {
        self.register(IntCounterVec::new(Opts::new(name, help), labels)?)
    }

    pub(super) fn histogram_vector(
        &self,
        name: &str,
        help: &str,
        label: &str,
        buckets: &[f64],
    ) -> Result<HistogramVec> {
        self.register(HistogramVec::new(HistogramOpts::new(name, help).buckets(buckets.to_vec()), &[label])?)
    }

    pub(super) fn gauge_vector(&self, name: &str, help: &str, label: &str) -> Result<GaugeVec> {
        self.register(GaugeVec::new(Opts::new(name, help), &[label])?)
    }

    /// A gauge that is 1 for as long as the process runs, and tells by its labels.
    pub(super) fn constant(&self, name: &str, help: &str, labels: &[(&str, &str)]) -> Result<IntGauge> {
        let told = |opts: Opts, (label, value): &(&str, &str)| opts.const_label(*label, *value);
        let gauge = IntGauge::with_opts(labels.iter().fold(Opts::new(name, help), told))?;
        gauge.set(1);
        self.register(gauge)
    }

    pub(super) fn cpu(&self, name: &str, help: &str) -> Result<prometheus::Counter> {
        self.register(prometheus::Counter::new(name, help)?)
    }
}
