//! Events as the Open Cybersecurity Schema Framework has them, 1.5.0: 1.4 wants a mail or phone in each factor, and what is
//! valid by 1.5 is by 1.8. What the schema has no place for is kept in `unmapped`.

use serde_json::{Map, Value, json};

const SCHEMA: &str = "1.5.0";
const PRODUCT: &str = "otp-sidecar";

/// The category of a class is its number in thousands.
const AUTHENTICATION: u64 = 3002;
const ACCOUNT_CHANGE: u64 = 3001;
const ENTITY_MANAGEMENT: u64 = 3004;
const DETECTION_FINDING: u64 = 2004;
const APPLICATION_LIFECYCLE: u64 = 6002;
const APPLICATION_ERROR: u64 = 6008;
/// Of a kind that a later version writes.
const BASE_EVENT: u64 = 0;
const OTHER: u64 = 99;

/// How much an event matters, as `severity_id` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rank {
    /// Nobody has to do anything.
    Informational = 1,
    /// A refusal, a failure.
    Low = 2,
    /// Somebody is kept out.
    Medium = 3,
    /// Somebody should look.
    High = 4,
    /// Events were lost.
    Critical = 5,
}

/// Whether a call was turned away by a limit.
fn is_refused(outcome: &str) -> bool {
    let stops = ["subject_disabled", "subject_locked", "ip_blocked", "resend_cooldown", "destination_not_allowed"];
    stops.contains(&outcome) || outcome.starts_with("quota_")
}

impl Rank {
    /// That of an event of this type and outcome.
    pub fn of(kind: &str, outcome: &str) -> Self {
        match (kind, outcome) {
            ("audit.shed", _) => Self::Critical,
            ("disable" | "store.rollback" | "store.replay", _) => Self::High,
            ("lockout" | "report" | "audit.unreadable", _) => Self::Medium,
            ("check" | "failure" | "success", "subject_locked" | "subject_disabled" | "ip_blocked") => Self::Medium,
            ("check" | "failure", outcome) if outcome.starts_with("wrong_code") => Self::Low,
            ("admin.erase", _) | (_, "failed") => Self::Low,
            (kind, _) if kind.starts_with("suspicious") => Self::Medium,
            (_, outcome) if is_refused(outcome) => Self::Low,
            _ => Self::Informational,
        }
    }

    /// The severity that syslog has for it, given what it is about: acts are notices.
    pub(super) fn syslog(self, kind: &str, outcome: &str) -> u8 {
        match self {
            Self::Critical => 2,
            Self::High => 3,
            _ if kind == "report" || kind.starts_with("admin.") => 5,
            Self::Medium => 4,
            Self::Low if is_refused(outcome) => 4,
            Self::Low | Self::Informational => 6,
        }
    }
}

/// `bucket-epoch-seq`: the event's identity.
pub(super) fn id(event: &Map<String, Value>) -> String {
    ["bucket", "epoch", "seq"].map(|name| event.get(name).map(Value::to_string).unwrap_or_default()).join("-")
}

/// What a class wants of an event of this type, and which of its activities it is.
fn class(kind: &str, has_subject: bool) -> (u64, u64) {
    match kind {
        "send" | "request" => (AUTHENTICATION, 6),
        "check" | "failure" | "success" => (AUTHENTICATION, 1),
        "cancel" | "delivery" => (AUTHENTICATION, OTHER),
        "lockout" | "admin.lock" => (ACCOUNT_CHANGE, 9),
        "disable" => (ACCOUNT_CHANGE, 5),
        "admin.unlock" if has_subject => (ACCOUNT_CHANGE, 12),
        // Of a network.
        "admin.unlock" => (ENTITY_MANAGEMENT, 3),
        "admin.erase" => (ENTITY_MANAGEMENT, 4),
        kind if kind.starts_with("admin.") => (ENTITY_MANAGEMENT, 2),
        kind if kind == "report" || kind.starts_with("suspicious") => (DETECTION_FINDING, 1),
        "start" => (APPLICATION_LIFECYCLE, 3),
        "stop" => (APPLICATION_LIFECYCLE, 4),
        kind if kind.starts_with("audit.") || kind.starts_with("store.") => (APPLICATION_ERROR, 1),
        _ => (BASE_EVENT, OTHER),
    }
}

fn status(kind: &str, outcome: &str) -> u64 {
    let well = ["issued", "recorded", "approved", "delivered", "accepted", "queued", "canceled", "reported", "test"];
    let open = ["reserved", "unsettled", "claimed", "pending", "in_progress"];
    // A verification that the app ended as used has served its user, whom a check of a used code does not let in.
    if kind == "cancel" || well.contains(&outcome) { 1 } else { 2 * u64::from(!open.contains(&outcome)) }
}

/// Maps an event as the trail has it, with `trail`, `n` and `who` where they are known.
pub fn event(mut event: Map<String, Value>) -> Value {
    let id = id(&event);
    let mut take = |name: &str| event.remove(name);
    let text = |value: Option<Value>| value.and_then(|value| Some(value.as_str()?.to_owned())).unwrap_or_default();
    let (kind, outcome) = (text(take("type")), text(take("outcome")));
    let (subject, who) = (take("subject_ref"), take("who").unwrap_or_default());
    let (class_uid, activity_id) = class(&kind, subject.is_some());
    // A finding, an error and a start have neither user nor actor of their own.
    let has_user = (ACCOUNT_CHANGE..=ENTITY_MANAGEMENT).contains(&class_uid);
    let is_refused = class_uid == AUTHENTICATION && is_refused(&outcome);
    let actor = if has_user { take("actor") } else { None };
    let mut out = json!({
        "metadata": {
            "version": SCHEMA, "uid": id, "event_code": kind, "log_name": "audit", "profiles": ["security_control"],
            "product": {"name": PRODUCT, "vendor_name": PRODUCT, "version": env!("CARGO_PKG_VERSION")},
            "log_provider": take("trail"), "sequence": take("n"), "tenant_uid": take("tenant"),
            "correlation_uid": take("request_id"),
        },
        "time": take("time_ms"), "count": take("count"), "message": format!("{kind}: {outcome}"),
        "category_uid": class_uid / 1000, "class_uid": class_uid, "activity_id": activity_id,
        "type_uid": class_uid * 100 + activity_id, "severity_id": Rank::of(&kind, &outcome) as u64,
        // A lock that began is no failure, though its outcome is what the user was told.
        "status_id": if class_uid == ACCOUNT_CHANGE { 1 } else { status(&kind, &outcome) }, "status_code": outcome,
        "status_detail": match outcome.as_str() {
            "subject_locked" => Some("ACCOUNT_LOCKED_OUT"),
            "subject_disabled" => Some("ACCOUNT_DISABLED"),
            wrong if wrong.starts_with("wrong_code") => Some("INVALID_CREDENTIALS"),
            _ => None,
        },
        "activity_name": (activity_id == OTHER).then_some(&kind),
        "action_id": is_refused.then_some(2), "disposition_id": is_refused.then_some(2),
        "actor": actor.map(|name| json!({"user": {"name": name, "type_id": 2}})),
    });
    let name = who.get("subject").cloned();
    let user = match &subject {
        Some(uid) => json!({"uid": uid, "name": name, "type_id": 1}),
        None => json!({"uid": "unknown", "type_id": 0}),
    };
    let about = match class_uid {
        AUTHENTICATION => json!({
            "user": user, "service": {"name": PRODUCT},
            "auth_factors": (activity_id == 1).then(|| json!([{"factor_type_id": 7}])),
        }),
        ACCOUNT_CHANGE if out.get("actor").is_none_or(Value::is_null) => {
            json!({"user": user, "actor": {"app_name": PRODUCT}})
        }
        ACCOUNT_CHANGE => json!({"user": user}),
        ENTITY_MANAGEMENT => json!({
            "comment": who.get("reason"),
            "entity": match (&subject, event.get("ip_ref")) {
                (Some(uid), _) => json!({"type": "user", "uid": uid, "name": name}),
                (None, Some(network)) => json!({"type": "network", "uid": network}),
                (None, None) => json!({"type": "list", "name": kind}),
            },
        }),
        DETECTION_FINDING => json!({
            "is_alert": true, "risk_score": event.get("score"),
            "finding_info": {"uid": id, "title": kind, "analytic": {"name": kind, "type_id": 1}},
            "observables": subject.is_some().then(|| json!([{"name": "user.uid", "type_id": 31, "value": subject}])),
        }),
        APPLICATION_LIFECYCLE => json!({"app": {"name": PRODUCT, "vendor_name": PRODUCT}}),
        _ => json!({}),
    };
    if !who.is_null() {
        event.insert("who".into(), who);
    }
    if let Some(subject) = subject.filter(|_| !has_user) {
        event.insert("subject_ref".into(), subject);
    }
    if let (Value::Object(out), Value::Object(about)) = (&mut out, about) {
        out.extend(about);
        out.insert("unmapped".into(), event.into());
    }
    without_nulls(&mut out);
    out
}

fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(without_nulls);
        }
        Value::Array(values) => values.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

/// Maps lines of events, one JSON object each; others are left out.
pub fn lines(plain: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in plain.split(|byte| *byte == b'\n') {
        let read = serde_json::from_slice::<Map<String, Value>>(line).ok();
        if let Some(mut read) = read.filter(|read| read.contains_key("bucket")) {
            read.remove("sealed");
            out.extend_from_slice(event(read).to_string().as_bytes());
            out.push(b'\n');
        }
    }
    out
}
