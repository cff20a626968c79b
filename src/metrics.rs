//! What Prometheus sees: one struct, closed label sets, every child made at start so that a rate begins at zero.
//!
//! A field's doc comment is its help text.

mod family;
mod labels;
mod process;

use prometheus::{GaugeVec, Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, Registry};

use family::{Family, Maker, Result, Table};
use labels::{
    AUDIT_ERRORS, BACKLOG_LIMITS, DELIVERY_BUCKETS, DELIVERY_OUTCOMES, HASH_BUCKETS, JUDGED, LISTENERS, LOOKUPS,
    PATTERNS, REPLAYED, REPORTED, RISK_BUCKETS, ROLLBACKS, STORE_ERRORS, SUCCESS_BUCKETS, TRY_RESULTS, UNSCORED, timed,
    timed_scripts,
};
pub use labels::{REFUSALS, REQUESTS, Row};

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// What `make build`, `make run` and the image's build say; else nobody knows.
const REVISION: &str = match option_env!("BUILD_REVISION") {
    Some(revision) => revision,
    None => "unknown",
};

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
                let metrics = Self { registry, $($field),* };
                begin(&metrics.deliveries, "return", REPORTED);
                Ok(metrics)
            }
        }
    };
}

metrics! {
    /// Requests answered, by operation and outcome.
    requests: Table = table("otp_requests_total", ["operation", "outcome"], REQUESTS);
    /// Requests refused by a limit, by operation and rule.
    refusals: Table = table("otp_refusals_total", ["operation", "rule"], REFUSALS);
    /// Time from a request's head to its answer in seconds, by operation of the app (other = probes and operators).
    response_seconds: Family<Histogram> = histograms("otp_response_seconds", "operation", timed());
    /// Scripts sent to the store, by script.
    store_calls: IntCounterVec = vector("otp_store_calls_total", &["script"]);
    /// Calls to the store without a usable answer, by script that an app waits for (other = all the rest) and kind.
    store_errors: Table = table("otp_store_errors_total", ["script", "kind"], STORE_ERRORS);
    /// Time of a call to the store in seconds, by script that an app waits for (other = all the rest).
    store_seconds: Family<Histogram> = histograms("otp_store_seconds", "script", timed_scripts());
    /// 1 if the store answers and may be used.
    store_up: IntGauge = gauge("otp_store_up");
    /// Times that Redis's clock was found put by more than 2 s.
    clock_jumps: IntCounter = counter("otp_store_clock_jumps_total");
    /// How far Redis's clock is ahead of this machine's, in seconds; below 0 behind it.
    clock_offset: prometheus::Gauge = seconds("otp_store_clock_offset_seconds");
    /// Primaries that passed the last look at them.
    primaries_up: IntGauge = gauge("otp_store_primaries_up");
    /// Primaries that did not.
    primaries_down: IntGauge = gauge("otp_store_primaries_down");
    /// Buckets whose codes were made void, because their data went back to something earlier or may have, by cause.
    rollbacks: Family<IntCounter> = counters("otp_store_rollbacks_total", "cause", ROLLBACKS);
    /// Calls and looks that met a value in Redis that cannot be read.
    unreadable: IntCounter = counter("otp_store_unreadable_total");
    /// Active peppers of other sidecars that are not in the ring here, once a minute.
    pepper_unknown: IntCounter = counter("otp_pepper_unknown_total");
    /// Rounds in which replicas were waited for.
    barrier_rounds: IntCounter = counter("otp_store_barrier_rounds_total");
    /// Answers that waited in these rounds.
    barrier_waiters: IntCounter = counter("otp_store_barrier_waiters_total");
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
    /// Messages with a code by how they ended, by channel and outcome (return = as the app reported).
    deliveries: IntCounterVec = vector("otp_deliveries_total", &["channel", "outcome"]);
    /// Tries to hand a message to a provider, by channel and result.
    delivery_tries: IntCounterVec = vector("otp_delivery_tries_total", &["channel", "result"]);
    /// Time from the issue of a code until a provider took its message in seconds, by channel.
    delivery_seconds: HistogramVec = histogram_vector("otp_delivery_seconds", "channel", DELIVERY_BUCKETS);
    /// Codes refused because of the number they were to go to, by its prefix (as configured, else other) and what refused them.
    destination_refusals: IntCounterVec = vector("otp_destination_refusals_total", &["prefix", "action"]);
    /// Codes sent to numbers, and those of them that were proven, by prefix (as configured, else other).
    phone_codes: IntCounterVec = vector("otp_phone_codes_total", &["prefix", "event"]);
    /// Messages to test recipients, which nobody sent.
    test_sends: IntCounter = counter("otp_test_sends_total");
    /// Messages under way in this sidecar.
    delivery_queue: IntGauge = gauge("otp_delivery_queue");
    /// For how long the message that waits longest could have been tried by some sidecar, in seconds.
    delivery_oldest: prometheus::Gauge = seconds("otp_delivery_oldest_seconds");
    /// Codes that their users did not ask for.
    reports: IntCounter = counter("otp_not_me_reports_total");
    /// Codes issued to subjects that the app does not know.
    decoys: IntCounter = counter("otp_decoys_total");
    /// Answers given again under the same Idempotency-Key, by operation.
    replays: Family<IntCounter> = counters("otp_idempotent_replays_total", "operation", REPLAYED);
    /// Failures counted against a client's network that brought it to its limit.
    ip_blocks: IntCounter = counter("otp_ip_blocks_total");
    /// Refusals given again from memory, without asking the store.
    refused_again: IntCounter = counter("otp_refusals_from_memory_total");
    /// Events written out and deleted from the outbox.
    events_exported: IntCounter = counter("otp_events_exported_total");
    /// Events that wait in the store to be written out, by all sidecars.
    audit_backlog: IntGauge = gauge("otp_audit_backlog_events");
    /// Events that may wait before it is an alarm (soft), and before calls are refused or events given up (hard), by limit.
    audit_limits: Family<IntGauge> = gauges("otp_audit_backlog_limit_events", "limit", BACKLOG_LIMITS);
    /// Events given up because the backlog was beyond its hard limit.
    audit_shed: IntCounter = counter("otp_audit_events_shed_total");
    /// Age of the oldest event when it was written out, or tried to be, in the last round, in seconds; 0 = there was none.
    audit_lag: prometheus::Gauge = seconds("otp_audit_lag_seconds");
    /// When all that was written was last covered by a checkpoint, seconds since 1970; 0 = not yet.
    audit_checkpoint: prometheus::Gauge = seconds("otp_audit_last_checkpoint_timestamp_seconds");
    /// Failures to write the trail, by what failed.
    audit_errors: Family<IntCounter> = counters("otp_audit_write_errors_total", "what", AUDIT_ERRORS);
    /// Events by sink: sent, to be sent again, or given up with what went by retention before it was sent.
    sink_events: IntCounterVec = vector("otp_sink_events_total", &["sink", "result"]);
    /// Age of the oldest event that is not known to be there, by sink, in seconds; 0 = there is none.
    sink_lag: GaugeVec = gauge_vector("otp_sink_lag_seconds", "sink");
    /// 1 if the last hand-over worked, by sink.
    sink_up: GaugeVec = gauge_vector("otp_sink_up", "sink");
    /// Connections open, by listener.
    connections: Family<IntGauge> = gauges("otp_connections", "listener", LISTENERS);
    /// 1 if the TLS files cannot be used, or their certificate has expired; the last good ones stay in use.
    tls_certificate_bad: IntGauge = gauge("otp_tls_certificate_bad");
    /// When the certificate in use ends, seconds since 1970; 0 = no TLS.
    tls_certificate_expires: prometheus::Gauge = seconds("otp_tls_certificate_expires_timestamp_seconds");
    /// TLS handshakes that failed because one side did not take what the other said, by listener.
    tls_handshakes_failed: Family<IntCounter> = counters("otp_tls_handshakes_failed_total", "listener", LISTENERS);
    /// Points of sends and of right codes, by operation.
    risk_score: HistogramVec = histogram_vector("otp_risk_score", "operation", RISK_BUCKETS);
    /// Right codes by what OTP_RISK=step_up says or would say of them, and by what it is.
    risk_actions: IntCounterVec = vector("otp_risk_actions_total", &["action", "mode"]);
    /// Sends and right codes without a score, by why.
    risk_unscored: Family<IntCounter> = counters("otp_risk_unscored_total", "why", UNSCORED);
    /// Right codes that a profile learned from.
    risk_learned: IntCounter = counter("otp_risk_sign_ins_learned_total");
    /// Age of the oldest copy here of what a tenant's users share, in seconds.
    risk_table_age: prometheus::Gauge = seconds("otp_risk_table_age_seconds");
    /// Networks and subjects that are flagged.
    risk_flagged: IntGauge = gauge("otp_risk_flagged");
    /// Events that are suspicious, by pattern.
    suspicious: Family<IntCounter> = counters("otp_suspicious_total", "pattern", PATTERNS);
    /// Addresses looked up in the location files, by whether one knew it.
    geo_lookups: Family<IntCounter> = counters("otp_geo_lookups_total", "result", LOOKUPS);
    /// 1 if a location file cannot be used; the last good ones stay in use.
    geo_bad: IntGauge = gauge("otp_geo_database_bad");
    /// When the oldest location file in use was built, seconds since 1970; 0 = there is none.
    geo_built: prometheus::Gauge = seconds("otp_geo_database_build_timestamp_seconds");
    /// Lines of the log that were dropped because nobody read it.
    log_lines_lost: IntCounter = counter("otp_log_lines_lost_total");
    /// Total user and system CPU time spent in seconds.
    cpu_seconds: prometheus::Counter = cpu("process_cpu_seconds_total");
    /// 1; which program runs: its version, and the revision that it was built of.
    build_info: IntGauge = constant("otp_build_info", &[("version", VERSION), ("revision", REVISION)]);
}

impl Metrics {
    /// Makes the series of the store's functions, so that a rate begins at zero.
    pub fn begin_scripts(&self, names: impl IntoIterator<Item = &'static str>) {
        names.into_iter().for_each(|name| drop(self.store_calls.with_label_values(&[name])));
    }

    /// Makes the series of a channel, so that a rate begins at zero.
    pub fn begin_channel(&self, channel: &str) {
        begin(&self.deliveries, channel, DELIVERY_OUTCOMES);
        begin(&self.delivery_tries, channel, TRY_RESULTS);
        let _ = self.delivery_seconds.with_label_values(&[channel]);
    }

    /// Makes the series of what is said of right codes in this mode.
    pub fn begin_risk(&self, mode: &str) {
        ["none", "step_up"].iter().for_each(|action| drop(self.risk_actions.with_label_values(&[*action, mode])));
        JUDGED.iter().for_each(|operation| drop(self.risk_score.with_label_values(&[*operation])));
    }

    /// Makes the series of a sink.
    pub fn begin_sink(&self, sink: &str) {
        begin(&self.sink_events, sink, &["sent", "again", "given_up"]);
        [&self.sink_lag, &self.sink_up].iter().for_each(|gauges| drop(gauges.with_label_values(&[sink])));
    }

    /// Makes the series of a prefix of numbers.
    pub fn begin_prefix(&self, prefix: &str) {
        begin(&self.destination_refusals, prefix, &["denied", "budget"]);
        begin(&self.phone_codes, prefix, &["sent", "proven"]);
    }

    /// The text that Prometheus reads, with the process's own figures.
    ///
    /// # Errors
    /// If it cannot be encoded.
    pub fn text(&self) -> Result<String> {
        if let Some(seconds) = process::cpu_seconds() {
            self.cpu_seconds.inc_by((seconds - self.cpu_seconds.get()).max(0.0));
        }
        let mut families = self.registry.gather();
        families.extend(process::families());
        prometheus::TextEncoder::new().encode_to_string(&families)
    }
}

/// Makes the series of one value of the first label with these of the second.
fn begin(all: &IntCounterVec, first: &str, second: &[&str]) {
    second.iter().for_each(|second| drop(all.with_label_values(&[first, *second])));
}
