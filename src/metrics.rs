//! What Prometheus sees: one struct, closed label sets, every child made at start so that a rate begins at zero.
//!
//! A field's doc comment is its help text.

use prometheus::{Histogram, HistogramOpts, IntCounter, IntGauge, Opts, Registry, core::Collector};

/// Operations of the app's and the operator's interface; `other` is whatever has no route.
pub const OPERATIONS: &[&str] = &[
    "send",
    "check",
    "get",
    "cancel",
    "delivery",
    "report",
    "status",
    "guard_request",
    "guard_failure",
    "guard_success",
    "livez",
    "readyz",
    "metrics",
    "other",
];

/// How requests end: outcomes of decisions, `ok` for plain answers, and every code of a problem.
pub const OUTCOMES: &[&str] = &[
    "ok",
    "issued",
    "approved",
    "wrong_code",
    "wrong_code_locks",
    "wrong_code_disables",
    "pending",
    "used",
    "superseded",
    "canceled",
    "burnt",
    "expired",
    "not_found",
    "recorded",
    "delivered",
    "failed",
    "reported",
    "replayed",
    "malformed",
    "unauthenticated",
    "forbidden",
    "method_not_allowed",
    "request_in_progress",
    "too_large",
    "unsupported_media_type",
    "headers_too_large",
    "invalid_field",
    "invalid_code",
    "idempotency_key_reused",
    "resend_cooldown",
    "quota_subject",
    "quota_ip",
    "subject_locked",
    "ip_blocked",
    "subject_disabled",
    "store_unavailable",
    "overloaded",
    "audit_backlog",
    "internal",
];

/// The rules that refuse (429).
pub const RULES: &[&str] =
    &["resend_cooldown", "quota_subject", "quota_ip", "subject_locked", "ip_blocked", "subject_disabled"];

/// Scripts, as in [`crate::store::script`].
pub const SCRIPTS: &[&str] = &[
    "send",
    "reserve",
    "store",
    "check",
    "claim",
    "settle",
    "cancel",
    "delivery",
    "report",
    "get",
    "status",
    "guard_request",
    "guard_failure",
    "guard_success",
    "ip_failure",
    "start",
    "export",
    "acknowledge",
];

const STORE_ERRORS: &[&str] = &["timeout", "connection", "refused", "overloaded", "unfit", "unexpected"];
const DELIVERIES: &[&str] = &["delivered", "failed"];
const REPLAYED: &[&str] = &["send", "check"];
/// From a cheap hash on a fast core to a dear one on a slow machine under load, seconds.
const HASH_BUCKETS: &[f64] = &[0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1.0];
const LOOKUPS: &[&str] = &["hit", "miss"];
const LISTENERS: &[&str] = &["app", "admin"];

/// From a refusal out of memory to a store that is given up on, seconds.
const RESPONSE_BUCKETS: &[f64] =
    &[0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0];
/// From a code that is filled in by itself to the longest lifetime that makes sense, seconds.
const SUCCESS_BUCKETS: &[f64] = &[1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0];

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

type Result<T> = std::result::Result<T, prometheus::Error>;

/// How the macro makes each kind of field.
struct Maker<'a>(&'a Registry);

impl Maker<'_> {
    fn register<M: Collector + Clone + 'static>(&self, metric: M) -> Result<M> {
        self.0.register(Box::new(metric.clone()))?;
        Ok(metric)
    }

    fn counter(&self, name: &str, help: &str) -> Result<IntCounter> {
        self.register(IntCounter::new(name, help)?)
    }

    fn gauge(&self, name: &str, help: &str) -> Result<IntGauge> {
        self.register(IntGauge::new(name, help)?)
    }

    fn histogram(&self, name: &str, help: &str, buckets: &[f64]) -> Result<Histogram> {
        self.register(Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec()))?)
    }

    fn counters(
        &self,
        name: &str,
        help: &str,
        label: &str,
        labels: &'static [&'static str],
    ) -> Result<Family<IntCounter>> {
        let make = |l: &&str| self.register(IntCounter::with_opts(Opts::new(name, help).const_label(label, *l))?);
        Ok(Family { labels, children: labels.iter().map(make).collect::<Result<_>>()? })
    }

    fn gauges(&self, name: &str, help: &str, label: &str, labels: &'static [&'static str]) -> Result<Family<IntGauge>> {
        let make = |l: &&str| self.register(IntGauge::with_opts(Opts::new(name, help).const_label(label, *l))?);
        Ok(Family { labels, children: labels.iter().map(make).collect::<Result<_>>()? })
    }

    fn histograms(
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

    fn table(
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
}

macro_rules! metrics {
    ($(#[doc = $help:literal] $field:ident: $type:ty = $make:ident($name:literal $(, $argument:expr)*);)*) => {
        /// Everything that is counted or timed.
        #[derive(Debug)]
        pub struct Metrics {
            registry: Registry,
            $(#[doc = $help] pub $field: $type,)*
        }

        impl Metrics {
            /// Makes and registers all of them.
            ///
            /// # Errors
            /// If a name or label is invalid or taken: a mistake in this file, found by its test.
            pub fn new() -> Result<Self> {
                let registry = Registry::new();
                let maker = Maker(&registry);
                $(let $field = maker.$make($name, $help.trim() $(, $argument)*)?;)*
                Ok(Self { registry, $($field),* })
            }
        }
    };
}

metrics! {
    /// Requests answered, by operation and outcome.
    requests: Table<IntCounter> = table("otp_requests_total", ("operation", OPERATIONS), ("outcome", OUTCOMES));
    /// Requests refused by a limit, by operation and rule.
    refusals: Table<IntCounter> = table("otp_refusals_total", ("operation", OPERATIONS), ("rule", RULES));
    /// Time from a request's head to its answer in seconds, by operation.
    response_seconds: Family<Histogram> = histograms("otp_response_seconds", RESPONSE_BUCKETS, "operation", OPERATIONS);
    /// Scripts sent to the store, by script.
    store_calls: Family<IntCounter> = counters("otp_store_calls_total", "script", SCRIPTS);
    /// Calls to the store without a usable answer, by script and kind.
    store_errors: Table<IntCounter> = table("otp_store_errors_total", ("script", SCRIPTS), ("kind", STORE_ERRORS));
    /// Time of a call to the store in seconds, by script.
    store_seconds: Family<Histogram> = histograms("otp_store_seconds", RESPONSE_BUCKETS, "script", SCRIPTS);
    /// 1 if the store answers and may be used.
    store_up: IntGauge = gauge("otp_store_up");
    /// Times that Redis's clock was found put by more than 2 s.
    clock_jumps: IntCounter = counter("otp_store_clock_jumps_total");
    /// Lockouts begun by wrong codes.
    lockouts: IntCounter = counter("otp_lockouts_total");
    /// Subjects disabled by the hard stop.
    disabled: IntCounter = counter("otp_subjects_disabled_total");
    /// Checks that found the verification they meant (hit) or did not (miss).
    lookups: Family<IntCounter> = counters("otp_code_lookups_total", "result", LOOKUPS);
    /// Codes compared and found wrong.
    failed_checks: IntCounter = counter("otp_failed_verifications_total");
    /// Time from the issue of a code to its success in seconds.
    success_seconds: Histogram = histogram("otp_send_to_success_seconds", SUCCESS_BUCKETS);
    /// Codes issued in place of one that was still pending.
    resends: IntCounter = counter("otp_resends_total");
    /// Time of one Argon2 hash in seconds.
    hash_seconds: Histogram = histogram("otp_hash_seconds", HASH_BUCKETS);
    /// Calls that wait for a hash or have one computed.
    hash_queue: IntGauge = gauge("otp_hash_queue");
    /// Deliveries that the app reported, by outcome.
    deliveries: Family<IntCounter> = counters("otp_deliveries_total", "outcome", DELIVERIES);
    /// Codes that their users did not ask for.
    reports: IntCounter = counter("otp_not_me_reports_total");
    /// Codes issued to subjects that the app does not know.
    decoys: IntCounter = counter("otp_decoys_total");
    /// Answers given again under the same Idempotency-Key, by operation.
    replays: Family<IntCounter> = counters("otp_idempotent_replays_total", "operation", REPLAYED);
    /// Failures counted against a client's network that brought it to its limit.
    ip_blocks: IntCounter = counter("otp_ip_blocks_total");
    /// Events written out and deleted from the outbox.
    events_exported: IntCounter = counter("otp_events_exported_total");
    /// Connections open, by listener.
    connections: Family<IntGauge> = gauges("otp_connections", "listener", LISTENERS);
    /// Processor time used in seconds.
    cpu_seconds: prometheus::Counter = cpu("otp_cpu_seconds_total");
}

impl Maker<'_> {
    fn cpu(&self, name: &str, help: &str) -> Result<prometheus::Counter> {
        self.register(prometheus::Counter::new(name, help)?)
    }
}

impl Metrics {
    /// The text that Prometheus reads, with the process's own figures.
    ///
    /// # Errors
    /// If it cannot be encoded.
    pub fn text(&self) -> Result<String> {
        if let Some(seconds) = cpu_seconds() {
            self.cpu_seconds.inc_by((seconds - self.cpu_seconds.get()).max(0.0));
        }
        let mut families = self.registry.gather();
        families.extend(process());
        prometheus::TextEncoder::new().encode_to_string(&families)
    }
}

/// The library's figures about this process, but for its processor time, which it cuts to whole seconds.
fn process() -> Vec<prometheus::proto::MetricFamily> {
    let mut families = prometheus::process_collector::ProcessCollector::for_self().collect();
    families.retain(|family| family.name() != "process_cpu_seconds_total");
    families
}

/// User and system time in hundredths of a second (proc(5): `utime` and `stime` in clock ticks of `USER_HZ` = 100).
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let ticks = fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?;
    Some(ticks / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_register_and_help_stands_beside_each() {
        let metrics = Metrics::new().unwrap();
        metrics.requests.of("send", "issued").inc();
        let text = metrics.text().unwrap();
        assert!(text.contains("otp_requests_total{operation=\"send\",outcome=\"issued\"} 1"));
        assert!(text.contains("# HELP otp_resends_total Codes issued in place of one that was still pending."));
        assert!(text.contains("process_resident_memory_bytes"));
    }

    #[test]
    fn every_script_rule_and_outcome_has_its_label() {
        use crate::policy::Outcome;
        assert!(crate::store::script::all().iter().all(|script| SCRIPTS.contains(&script.name)));
        assert!(RULES.iter().all(|rule| Outcome::ALL.iter().any(|o| o.label() == *rule)));
        // These three are steps on the way to an answer, and in events.
        let inner = [Outcome::Reserved, Outcome::Claimed, Outcome::Unsettled];
        assert!(Outcome::ALL.iter().all(|o| inner.contains(o) || OUTCOMES.contains(&o.label())));
    }
}
