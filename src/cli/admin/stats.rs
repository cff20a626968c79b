//! `stats`: sums over all sidecars.

use serde_json::{Map, Value, json};

use super::render::{Column, at, column, facts, shown, table};

/// What is live, and what happened in the last hour and day, by type and outcome.
pub fn text(stats: &Value) -> String {
    let kinds = at(stats, "last_day.events").as_object().into_iter().flatten();
    let hour = at(stats, "last_hour.events").as_object().into_iter().flatten();
    // Of an hour that began before the day's figures there may be more.
    let mut rows: Vec<Value> = kinds.chain(hour).flat_map(|(kind, outcomes)| of_kind(stats, kind, outcomes)).collect();
    rows.sort_by_key(|row| (shown(row, "type"), shown(row, "outcome")));
    rows.dedup();
    format!("{}\n{}", facts(NOW, stats), table(KINDS, &rows, "Nothing happened in the last day.\n"))
}

/// A row for each outcome of a type of event.
fn of_kind(stats: &Value, kind: &str, outcomes: &Value) -> Vec<Value> {
    let outcomes = outcomes.as_object().map(Map::keys).into_iter().flatten();
    let row = |outcome: &String| {
        let figure =
            |period: &str, what: &str| match at(stats, period).get(what).and_then(|of| of.get(kind)?.get(outcome)) {
                Some(figure) => figure.clone(),
                None => json!(0),
            };
        let of = |period: &str| json!({"events": figure(period, "events"), "minute": figure(period, "per_minute")});
        json!({"type": kind, "outcome": outcome, "hour": of("last_hour"), "day": of("last_day")})
    };
    outcomes.map(row).collect()
}

const NOW: &[Column] = &[
    column("as of", "as_of").time(),
    column("live codes", "live_codes"),
    column("locked", "locked"),
    column("disabled", "disabled"),
];

const KINDS: &[Column] = &[
    column("TYPE", "type"),
    column("OUTCOME", "outcome"),
    column("LAST HOUR", "hour.events").number(),
    column("A MINUTE", "hour.minute").number(),
    column("LAST DAY", "day.events").number(),
    column("A MINUTE", "day.minute").number(),
];
