//! The words that labels may have, and the buckets of histograms: closed sets, so that no caller can make a new series.

use crate::event::Cause;

/// A value of one label, and the values of the other that occur beside it.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The first label's.
    pub name: &'static str,
    /// The second's, in groups.
    pub groups: &'static [&'static [&'static str]],
}

impl Row {
    /// All values of the second label.
    pub fn values(&self) -> impl Iterator<Item = &'static str> {
        self.groups.iter().copied().flatten().copied()
    }
}

/// Whatever has a path: it is asked for by another method, for another site, or fails.
const EVERY: &[&str] = &["method_not_allowed", "forbidden", "internal"];
/// What needs a key.
const KEYED: &[&str] = &["method_not_allowed", "forbidden", "internal", "unauthenticated"];
const BODY: &[&str] = &["malformed", "too_large", "unsupported_media_type", "invalid_field"];
const STORE: &[&str] = &["store_unavailable", "overloaded"];
/// Not where only old state is told or ended: then no event waits for room.
const BACKLOG: &[&str] = &["audit_backlog"];
const IDEMPOTENT: &[&str] = &["request_in_progress", "idempotency_key_reused"];
/// A verification that is not pending.
const ENDED: &[&str] = &["used", "superseded", "canceled", "burnt", "expired"];
const COMPARED: &[&str] = &["approved", "wrong_code", "wrong_code_locks", "wrong_code_disables"];
/// The rules that refuse (429) a subject, whatever it asks for.
const STOPPED: &[&str] = &["subject_locked", "subject_disabled"];
const BLOCKED: &[&str] = &["ip_blocked"];
const DESTINATIONS: &[&str] = &["destination_not_allowed", "quota_recipient", "quota_destination"];
const QUOTAS: &[&str] = &["resend_cooldown", "quota_subject", "quota_ip"];

const fn row(name: &'static str, groups: &'static [&'static [&'static str]]) -> Row {
    Row { name, groups }
}

/// Operations of the app's and the operator's interface, and how their requests end: `ok` for plain answers, outcomes of
/// decisions, and codes of problems. `other` is whatever has no route, and what is no request.
pub const REQUESTS: &[Row] = &[
    row(
        "send",
        &[KEYED, BODY, STORE, BACKLOG, IDEMPOTENT, STOPPED, BLOCKED, QUOTAS, DESTINATIONS, &["issued", "invalid_code"]],
    ),
    row(
        "check",
        &[KEYED, BODY, STORE, BACKLOG, IDEMPOTENT, STOPPED, BLOCKED, COMPARED, ENDED, &["invalid_code", "not_found"]],
    ),
    row("get", &[KEYED, STORE, ENDED, &["pending", "not_found"]]),
    row("cancel", &[KEYED, BODY, STORE, ENDED, &["not_found"]]),
    row("delivery", &[KEYED, BODY, STORE, &["delivered", "failed", "not_found"]]),
    row("report", &[KEYED, BODY, STORE, &["reported", "confirmed", "not_found"]]),
    row("status", &[KEYED, BODY, STORE, &["ok"]]),
    row("guard_request", &[KEYED, BODY, STORE, BACKLOG, STOPPED, BLOCKED, QUOTAS, &["recorded"]]),
    row("guard_failure", &[KEYED, BODY, STORE, BACKLOG, STOPPED, BLOCKED, &["recorded"]]),
    row("guard_success", &[KEYED, BODY, STORE, BACKLOG, STOPPED, &["recorded"]]),
    row("livez", &[EVERY, &["ok"]]),
    row("readyz", &[EVERY, &["ok", "store_unavailable"]]),
    row("metrics", &[EVERY, &["ok"]]),
    row("openapi", &[EVERY, &["ok"]]),
    row("console", &[EVERY, &["ok", "not_found"]]),
    row("runbooks", &[EVERY, &["ok", "not_found"]]),
    row("admin_locks", &[KEYED, STORE, &["ok", "invalid_field"]]),
    row("admin_unlock", &[KEYED, BODY, STORE, &["ok"]]),
    row("admin_lock", &[KEYED, BODY, STORE, &["ok"]]),
    row("admin_inspect", &[KEYED, BODY, STORE, &["ok"]]),
    row("admin_export", &[KEYED, BODY, STORE, &["ok"]]),
    row("admin_erase", &[KEYED, BODY, STORE, &["ok"]]),
    row("admin_stats", &[KEYED, STORE, &["ok", "invalid_field"]]),
    row("admin_events", &[KEYED, STORE, &["ok", "invalid_field"]]),
    row("admin_report", &[KEYED, STORE, &["ok", "invalid_field"]]),
    row("admin_me", &[KEYED, &["ok", "invalid_field"]]),
    row("admin_config", &[KEYED, &["ok", "invalid_field"]]),
    row("other", &[&["not_found", "forbidden", "internal", "malformed", "headers_too_large"]]),
];

/// The same for requests that a rule refuses (429).
pub const REFUSALS: &[Row] = &[
    row("send", &[STOPPED, BLOCKED, QUOTAS, DESTINATIONS]),
    row("check", &[STOPPED, BLOCKED]),
    row("guard_request", &[STOPPED, BLOCKED, QUOTAS]),
    row("guard_failure", &[STOPPED, BLOCKED]),
    row("guard_success", &[STOPPED]),
];

/// Operations whose time is told one by one: those that an app waits for.
pub(super) const TIMED: &[&str] = &[
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
    "other",
];

/// Functions whose time is told one by one: those that an app waits for.
pub(super) const TIMED_SCRIPTS: &[&str] = &[
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
    "other",
];

/// Functions, as in [`crate::store::functions`].
pub const SCRIPTS: &[&str] = &[
    "erase",
    "shed",
    "person",
    "note",
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
    "due",
    "message_claim",
    "message_settle",
    "status",
    "guard_request",
    "guard_failure",
    "guard_success",
    "ip_failure",
    "network",
    "network_back",
    "budget",
    "fence",
    "positions",
    "typed",
    "barrier",
    "backlog",
    "start",
    "fingerprints",
    "export",
    "acknowledge",
    "figures",
    "unlock",
    "unblock",
    "lock",
    "locks",
    "sizes",
    "inspect",
    "look",
    "risk",
    "risk_profile",
    "risk_table",
    "risk_pattern",
    "counters",
    "lines",
];

const ASKED: &[&str] = &["timeout", "connection", "refused", "unfit", "elsewhere", "unexpected"];
/// The second half of a call is never turned away.
const ADMITTED: &[&str] = &["overloaded"];
/// Replicas are waited for by one function for all.
const CONFIRMED: &[&str] = &["unconfirmed"];
pub(super) const STORE_ERRORS: &[Row] = &[
    row("send", &[ASKED, ADMITTED]),
    row("reserve", &[ASKED, ADMITTED]),
    row("store", &[ASKED]),
    row("check", &[ASKED, ADMITTED]),
    row("claim", &[ASKED, ADMITTED]),
    row("settle", &[ASKED]),
    row("cancel", &[ASKED, ADMITTED]),
    row("delivery", &[ASKED, ADMITTED]),
    row("report", &[ASKED, ADMITTED]),
    row("get", &[ASKED, ADMITTED]),
    row("status", &[ASKED, ADMITTED]),
    row("guard_request", &[ASKED, ADMITTED]),
    row("guard_failure", &[ASKED, ADMITTED]),
    row("guard_success", &[ASKED, ADMITTED]),
    row("other", &[ASKED, ADMITTED, CONFIRMED]),
];
/// The trail itself, its checkpoints, segments and retention, and the copy of its checkpoints.
pub(super) const AUDIT_ERRORS: &[&str] = &["trail", "upkeep", "checkpoint_copy"];
/// Where an alarm begins, and where sends and checks or the oldest events end.
pub(super) const BACKLOG_LIMITS: &[&str] = &["soft", "hard"];
pub(super) const DELIVERIES: &[Row] = &[row("return", &[&["delivered", "failed"]])];
/// How a message of ours ends.
pub(super) const DELIVERY_OUTCOMES: &[&str] = &["accepted", "failed", "dropped", "test"];
/// How a try ends.
pub(super) const TRY_RESULTS: &[&str] = &["accepted", "transient", "permanent", "unknown", "broken"];
/// From a relay next door to the last try of a slow one, seconds.
pub(super) const DELIVERY_BUCKETS: &[f64] = &[0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0];
pub(super) const ROLLBACKS: &[&str] = &[
    Cause::Failover.label(),
    Cause::Restart.label(),
    Cause::Behind.label(),
    Cause::Gone.label(),
    Cause::Moved.label(),
];
pub(super) const REPLAYED: &[&str] = &["send", "check"];
/// From a cheap hash on a fast core to a dear one on a slow machine under load, seconds.
pub(super) const HASH_BUCKETS: &[f64] = &[0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1.0];
pub(super) const LOOKUPS: &[&str] = &["hit", "miss"];
pub(super) const LISTENERS: &[&str] = &["app", "admin"];

/// From a refusal out of memory to a store that is given up on, seconds.
pub(super) const RESPONSE_BUCKETS: &[f64] =
    &[0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0];
/// From a code that is filled in by itself to the longest lifetime that makes sense, seconds.
pub(super) const SUCCESS_BUCKETS: &[f64] = &[1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0];

/// What is scored.
pub(super) const JUDGED: &[&str] = &["send", "check"];
/// Scores are 0 to 100.
pub(super) const RISK_BUCKETS: &[f64] = &[0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 100.0];
/// Why there is no score: nothing is known of the user, the profile cannot be read, or the store did not answer.
pub(super) const UNSCORED: &[&str] = &["no_history", "profile", "store"];
/// As events call them.
pub(super) const PATTERNS: &[&str] = &["sign_in", "travel", "spraying", "guessing", "bombing", "burst"];
