//! `inspect`: all that is held of one user.

use serde_json::Value;

use super::{
    events::EVENTS,
    render::{Column, at, column, facts, instant_of, list, name_of, shown, table, words_of},
    text::inert,
};

/// What is known, what blocks the user, each purpose, and the newest events.
pub fn text(answer: &Value) -> String {
    let sentence = format!("{}\n", inert(&shown(answer, "sentence")));
    if at(answer, "seen") == false {
        // No reference is near another.
        if at(answer, "subject").is_null() {
            return sentence;
        }
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

/// A list in one line.
fn words(answer: &Value, path: &str) -> String {
    let words = list(answer, path).iter().map(|word| word.as_str().map_or_else(|| word.to_string(), str::to_owned));
    inert(&words.collect::<Vec<_>>().join(", "))
}

const FACTS: &[Column] = &[
    column("subject", "subject").by(name_of),
    column("reference", "subject_ref"),
    column("tenant", "tenant"),
    column("last request", "status.last_request_at").time(),
    column("requests in the last hour", "status.requests_last_hour"),
    column("sends left", "status.sends_left"),
    column("last attempt", "status.last_attempt_at").time(),
    column("failures that count", "status.failed_attempts"),
    column("attempts left", "status.attempts_left"),
    column("last failure", "last_failure_at").time(),
    column("wrong codes in a row", "wrong_codes_in_a_row").by(|answer, path| {
        let row = shown(answer, path);
        at(answer, "hard_stop_at").as_u64().map_or(row.clone(), |stop| format!("{row} of {stop}"))
    }),
    column("pending codes", "status.pending"),
    column("lock", "lock.locked_until").optional().by(|answer, path| {
        let words = if at(answer, "lock.running") == true { "running, until" } else { "over, since" };
        format!("{words} {}", instant_of(answer, path))
    }),
    column("locked at", "lock.locked_at").optional().time(),
    column("locked for", "lock.reason").optional().by(|answer, path| {
        let (failures, level) = (shown(answer, "lock.failures"), shown(answer, "lock.lock_level"));
        format!("{}, {failures} failures, level {level}", words_of(answer, path))
    }),
    column("disabled since", "disabled_since").optional().time(),
    column("sign-ins learned", "risk.sign_ins").optional(),
    column("known countries", "risk.countries").by(words),
    column("known operators", "risk.operators").by(words),
    column("known systems", "risk.systems").by(words),
    column("devices, networks", "risk")
        .optional()
        .by(|answer, _| format!("{}, {}", shown(answer, "risk.devices"), shown(answer, "risk.networks"))),
    column("last place", "risk.last_country").optional(),
    column("sign-in that waits", "risk.waiting_since").optional().time(),
    column("networks that failed", "risk.failing_networks").optional(),
    column("network's sends left", "network.sends_left").optional(),
    column("network's failures left", "network.failures_left").optional(),
];

const NEAR: &[Column] = &[column("WAS SEEN", "subject"), column("TENANT", "tenant")];

const BLOCKS: &[Column] = &[
    column("BLOCKED BY", "rule"),
    column("STOPS", "stops"),
    column("UNTIL", "until").time(),
    column("ENDED BY", "ended_by"),
];

const PURPOSES: &[Column] = &[
    column("PURPOSE", "purpose"),
    column("CODE", "code"),
    column("EXPIRES", "expires_at").time(),
    column("FAILURES", "failures").number(),
    column("BY THE GUARD", "guard_failures").number(),
    column("IN A ROW", "wrong_codes_in_a_row").number(),
    column("DELIVERED", "delivered").by(|purpose, path| match at(purpose, path).as_bool() {
        Some(true) => "yes".to_owned(),
        Some(false) => "no".to_owned(),
        None => "-".to_owned(),
    }),
];
