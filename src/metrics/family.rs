//! Metrics with labels, every child made at start, and the maker that registers them.

use prometheus::{Gauge, Histogram, HistogramOpts, IntCounter, IntGauge, Opts, Registry, core::Collector};

/// One child per value of one label.
#[derive(Debug)]
pub struct Family<M> {
    labels: &'static [&'static str],
    children: Vec<M>,
}

impl<M> Family<M> {
    /// The child for `label`; a label outside the set counts as its last.
    pub fn of(&self, label: &str) -> &M {
        let at = self.labels.iter().position(|&l| l == label).unwrap_or(self.labels.len() - 1);
        // Both lists have the same length, at least 1: made together below.
        self.children.get(at).unwrap_or_else(|| unreachable!("a child per label"))
    }
}

/// One child per pair of labels.
#[derive(Debug)]
pub struct Table<M> {
    rows: &'static [&'static str],
    families: Vec<Family<M>>,
}

impl<M> Table<M> {
    /// The child for a pair of labels; a label outside its set counts as its last.
    pub fn of(&self, row: &str, column: &str) -> &M {
        let at = self.rows.iter().position(|&r| r == row).unwrap_or(self.rows.len() - 1);
        self.families.get(at).unwrap_or_else(|| unreachable!("a family per row")).of(column)
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

    pub(super) fn counters(
        &self,
        name: &str,
        help: &str,
        label: &str,
        labels: &'static [&'static str],
    ) -> Result<Family<IntCounter>> {
        let make = |l: &&str| self.register(IntCounter::with_opts(Opts::new(name, help).const_label(label, *l))?);
        Ok(Family { labels, children: labels.iter().map(make).collect::<Result<_>>()? })
    }

    pub(super) fn gauges(
        &self,
        name: &str,
        help: &str,
        label: &str,
        labels: &'static [&'static str],
    ) -> Result<Family<IntGauge>> {
        let make = |l: &&str| self.register(IntGauge::with_opts(Opts::new(name, help).const_label(label, *l))?);
        Ok(Family { labels, children: labels.iter().map(make).collect::<Result<_>>()? })
    }

    pub(super) fn histograms(
        &self,
        name: &str,
        help: &str,
        buckets: &[f64],
        label: &str,
        labels: &'static [&'static str],
    ) -> Result<Family<Histogram>> {
        let make = |l: &&str| {
            let opts = HistogramOpts::new(name, help).const_label(label, *l).buckets(buckets.to_vec());
            self.register(Histogram::with_opts(opts)?)
        };
        Ok(Family { labels, children: labels.iter().map(make).collect::<Result<_>>()? })
    }

    pub(super) fn table(
        &self,
        name: &str,
        help: &str,
        (row, rows): (&str, &'static [&'static str]),
        (column, columns): (&str, &'static [&'static str]),
    ) -> Result<Table<IntCounter>> {
        let family = |r: &&str| {
            let make = |c: &&str| {
                let opts = Opts::new(name, help).const_label(row, *r).const_label(column, *c);
                self.register(IntCounter::with_opts(opts)?)
            };
            Ok(Family { labels: columns, children: columns.iter().map(make).collect::<Result<_>>()? })
        };
        Ok(Table { rows, families: rows.iter().map(family).collect::<Result<_>>()? })
    }

    pub(super) fn cpu(&self, name: &str, help: &str) -> Result<prometheus::Counter> {
        self.register(prometheus::Counter::new(name, help)?)
    }
}
