//! `stats`: sums over all sidecars.

use serde_json::{Map, Value, json};

use super::render::{Column, at, facts, instant_of, shown, table};

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
    Column::text("as of", |stats| instant_of(stats, "as_of")),
    Column::text("live codes", |stats| shown(stats, "live_codes")),
    Column::text("locked", |stats| shown(stats, "locked")),
    Column::text("disabled", |stats| shown(stats, "disabled")),
];

const KINDS: &[Column] = &[
    Column::text("TYPE", |row| shown(row, "type")),
    Column::text("OUTCOME", |row| shown(row, "outcome")),
    Column::number("LAST HOUR", |row| shown(row, "hour.events")),
    Column::number("A MINUTE", |row| shown(row, "hour.minute")),
    Column::number("LAST DAY", |row| shown(row, "day.events")),
    Column::number("A MINUTE", |row| shown(row, "day.minute")),
];
