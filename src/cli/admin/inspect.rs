//! `inspect`: all that is held of one user.

use serde_json::Value;

use super::{
    events::EVENTS,
    render::{Column, at, facts, instant_of, list, name_of, shown, table, words_of},
    text::inert,
};

/// What is known, what blocks the user, each purpose, and the newest events.
pub fn text(answer: &Value) -> String {
    let sentence = format!("{}\n", inert(&shown(answer, "sentence")));
    if at(answer, "seen") == false {
        let near = table(NEAR, list(answer, "near"), "Nor was anybody under a spelling near it.\n");
        return format!("{sentence}\n{near}");
    }
    let blocks = table(BLOCKS, list(answer, "blocked_by"), "");
    let parts = [
        sentence,
        facts(FACTS, answer),
        list(answer, "risk.odds").iter().filter_map(Value::as_str).map(|odds| format!("{}.\n", inert(odds))).collect(),
        blocks,
        table(PURPOSES, list(answer, "purposes"), ""),
        table(EVENTS, list(answer, "events"), ""),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

/// `text` where the answer has this field.
fn having(answer: &Value, path: &str, text: impl FnOnce() -> String) -> String {
    if at(answer, path).is_null() { String::new() } else { text() }
}

/// A list in one line.
fn words(answer: &Value, path: &str) -> String {
    let words = list(answer, path).iter().map(|word| word.as_str().map_or_else(|| word.to_string(), str::to_owned));
    inert(&words.collect::<Vec<_>>().join(", "))
}

const FACTS: &[Column] = &[
    Column::text("subject", name_of),
    Column::text("reference", |answer| shown(answer, "subject_ref")),
    Column::text("tenant", |answer| shown(answer, "tenant")),
    Column::text("last request", |answer| instant_of(answer, "status.last_request_at")),
    Column::text("requests in the last hour", |answer| shown(answer, "status.requests_last_hour")),
    Column::text("sends left", |answer| shown(answer, "status.sends_left")),
    Column::text("last attempt", |answer| instant_of(answer, "status.last_attempt_at")),
    Column::text("failures that count", |answer| shown(answer, "status.failed_attempts")),
    Column::text("attempts left", |answer| shown(answer, "status.attempts_left")),
    Column::text("last failure", |answer| instant_of(answer, "last_failure_at")),
    Column::text("wrong codes in a row", |answer| {
        let row = shown(answer, "wrong_codes_in_a_row");
        at(answer, "hard_stop_at").as_u64().map_or(row.clone(), |stop| format!("{row} of {stop}"))
    }),
    Column::text("pending codes", |answer| shown(answer, "status.pending")),
    Column::text("lock", |answer| {
        let words = if at(answer, "lock.running") == true { "running, until" } else { "over, since" };
        having(answer, "lock", || format!("{words} {}", instant_of(answer, "lock.locked_until")))
    }),
    Column::text("locked at", |answer| having(answer, "lock", || instant_of(answer, "lock.locked_at"))),
    Column::text("locked for", |answer| {
        let (failures, level) = (shown(answer, "lock.failures"), shown(answer, "lock.lock_level"));
        having(answer, "lock", || format!("{}, {failures} failures, level {level}", words_of(answer, "lock.reason")))
    }),
    Column::text("disabled since", |answer| having(answer, "disabled_since", || instant_of(answer, "disabled_since"))),
    Column::text("sign-ins learned", |answer| having(answer, "risk", || shown(answer, "risk.sign_ins"))),
    Column::text("known countries", |answer| having(answer, "risk", || words(answer, "risk.countries"))),
    Column::text("known operators", |answer| having(answer, "risk", || words(answer, "risk.operators"))),
    Column::text("known systems", |answer| having(answer, "risk", || words(answer, "risk.systems"))),
    Column::text("devices, networks", |answer| {
        having(answer, "risk", || format!("{}, {}", shown(answer, "risk.devices"), shown(answer, "risk.networks")))
    }),
    Column::text("last place", |answer| having(answer, "risk.last_country", || shown(answer, "risk.last_country"))),
    Column::text("sign-in that waits", |answer| {
        having(answer, "risk.waiting_since", || instant_of(answer, "risk.waiting_since"))
    }),
    Column::text("networks that failed", |answer| having(answer, "risk", || shown(answer, "risk.failing_networks"))),
    Column::text("network's sends left", |answer| having(answer, "network", || shown(answer, "network.sends_left"))),
    Column::text("network's failures left", |answer| {
        having(answer, "network", || shown(answer, "network.failures_left"))
    }),
];

const NEAR: &[Column] =
    &[Column::text("WAS SEEN", |near| shown(near, "subject")), Column::text("TENANT", |near| shown(near, "tenant"))];

const BLOCKS: &[Column] = &[
    Column::text("BLOCKED BY", |block| shown(block, "rule")),
    Column::text("STOPS", |block| shown(block, "stops")),
    Column::text("UNTIL", |block| instant_of(block, "until")),
    Column::text("ENDED BY", |block| shown(block, "ended_by")),
];

const PURPOSES: &[Column] = &[
    Column::text("PURPOSE", |purpose| shown(purpose, "purpose")),
    Column::text("CODE", |purpose| shown(purpose, "code")),
    Column::text("EXPIRES", |purpose| instant_of(purpose, "expires_at")),
    Column::number("FAILURES", |purpose| shown(purpose, "failures")),
    Column::number("BY THE GUARD", |purpose| shown(purpose, "guard_failures")),
    Column::number("IN A ROW", |purpose| shown(purpose, "wrong_codes_in_a_row")),
    Column::text("DELIVERED", |purpose| match at(purpose, "delivered").as_bool() {
        Some(true) => "yes".to_owned(),
        Some(false) => "no".to_owned(),
        None => "-".to_owned(),
    }),
];
