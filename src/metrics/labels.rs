//! The words that labels may have, and the buckets of histograms: closed sets, so that no caller can make a new series.

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
    "openapi",
    "admin_locks",
    "admin_unlock",
    "admin_lock",
    "admin_inspect",
    "admin_export",
    "admin_erase",
    "admin_stats",
    "admin_events",
    "admin_report",
    "admin_config",
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

/// Functions, as in [`crate::store::function`].
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
    "status",
    "guard_request",
    "guard_failure",
    "guard_success",
    "ip_failure",
    "network",
    "network_back",
    "home",
    "barrier",
    "backlog",
    "start",
    "export",
    "acknowledge",
    "figures",
    "unlock",
    "unblock",
    "lock",
    "locks",
    "inspect",
    "look",
    "counters",
    "lines",
];

pub(super) const STORE_ERRORS: &[&str] =
    &["timeout", "connection", "refused", "overloaded", "unfit", "unconfirmed", "elsewhere", "unexpected"];
/// The trail itself, its checkpoints, segments and retention, and the copy of its checkpoints.
pub(super) const AUDIT_ERRORS: &[&str] = &["trail", "upkeep", "checkpoint_copy"];
/// Where an alarm begins, and where sends and checks or the oldest events end.
pub(super) const BACKLOG_LIMITS: &[&str] = &["soft", "hard"];
pub(super) const DELIVERIES: &[&str] = &["delivered", "failed"];
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
