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
const BASE_EVENT: u64 = 0;
const OTHER: u64 = 99;

/// Severities: nobody has to do anything.
const INFORMATIONAL: u64 = 1;
/// A refusal, a failure.
const LOW: u64 = 2;
/// Somebody is kept out.
const MEDIUM: u64 = 3;
/// Somebody should look.
const HIGH: u64 = 4;
/// Events were lost.
const CRITICAL: u64 = 5;

/// Class, activity and least severity of an event of this type, and with a subject or without.
fn class(kind: &str, has_subject: bool) -> (u64, u64, u64) {
    let family = kind.split('.').next().unwrap_or_default();
    match (kind, family) {
        ("send" | "request", _) => (AUTHENTICATION, 6, INFORMATIONAL),
        ("check" | "failure" | "success", _) => (AUTHENTICATION, 1, INFORMATIONAL),
        ("cancel" | "delivery", _) => (AUTHENTICATION, OTHER, INFORMATIONAL),
        ("lockout", _) => (ACCOUNT_CHANGE, 9, MEDIUM),
        ("admin.lock", _) => (ACCOUNT_CHANGE, 9, INFORMATIONAL),
        ("disable", _) => (ACCOUNT_CHANGE, 5, HIGH),
        ("admin.unlock", _) if has_subject => (ACCOUNT_CHANGE, 12, INFORMATIONAL),
        // Of a network.
        ("admin.unlock", _) => (ENTITY_MANAGEMENT, 3, INFORMATIONAL),
        ("admin.erase", _) => (ENTITY_MANAGEMENT, 4, LOW),
        (_, "admin") => (ENTITY_MANAGEMENT, 2, INFORMATIONAL),
        (_, "report" | "suspicious") => (DETECTION_FINDING, 1, MEDIUM),
        ("start", _) => (APPLICATION_LIFECYCLE, 3, INFORMATIONAL),
        ("stop", _) => (APPLICATION_LIFECYCLE, 4, INFORMATIONAL),
        ("audit.shed", _) => (APPLICATION_ERROR, 1, CRITICAL),
        ("audit.unreadable", _) => (APPLICATION_ERROR, 1, MEDIUM),
        ("store.rollback" | "store.replay", _) => (APPLICATION_ERROR, 1, HIGH),
        (_, "audit" | "store") => (APPLICATION_ERROR, 1, INFORMATIONAL),
        // Of a kind that a later version writes.
        _ => (BASE_EVENT, OTHER, INFORMATIONAL),
    }
}

/// Whether a call was turned away by a limit.
fn is_refused(outcome: &str) -> bool {
    let stops = ["subject_disabled", "subject_locked", "ip_blocked", "resend_cooldown", "destination_not_allowed"];
    stops.contains(&outcome) || outcome.starts_with("quota_")
}

fn severity(kind: &str, outcome: &str) -> u64 {
    let (.., least) = class(kind, true);
    least.max(match (kind, outcome) {
        ("check" | "failure" | "success", "subject_locked" | "subject_disabled" | "ip_blocked") => MEDIUM,
        ("check" | "failure", outcome) if outcome.starts_with("wrong_code") => LOW,
        (_, outcome) if outcome == "failed" || is_refused(outcome) => LOW,
        _ => INFORMATIONAL,
    })
}

/// The severity that syslog has for an event, 0 to 7: acts are notices.
pub(super) fn syslog_severity(kind: &str, outcome: &str) -> u8 {
    match severity(kind, outcome) {
        CRITICAL => 2,
        HIGH => 3,
        _ if kind == "report" || kind.starts_with("admin.") => 5,
        MEDIUM => 4,
        LOW if is_refused(outcome) => 4,
        _ => 6,
    }
}

/// `bucket-epoch-seq`: the event's identity.
pub(super) fn id(event: &Map<String, Value>) -> String {
    ["bucket", "epoch", "seq"].map(|name| event.get(name).map(Value::to_string).unwrap_or_default()).join("-")
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
    let (class_uid, activity_id, _) = class(&kind, subject.is_some());
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
        "type_uid": class_uid * 100 + activity_id, "severity_id": severity(&kind, &outcome),
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
