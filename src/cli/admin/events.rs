//! `events`: the newest events, and those that come.

use std::{
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};

use super::{
    call::Command,
    client::Client,
    console::Console,
    exchange,
    render::{Column, at, column, list, name_of, of_millis, shown, table, text_of},
};
use crate::cli::exit::{Exit, Failure};

/// How often it looks for more.
const EVERY: Duration = Duration::from_secs(1);
/// How long it waits at most before it asks again where nobody answered.
const BACK_OFF: Duration = Duration::from_secs(30);
/// Data that went back, of one bucket.
const ROLLBACK: &str = "store.rollback";
/// What is noticed in all buckets at once is noticed within so long.
const AT_ONCE_MS: u64 = 5000;
/// Most events that one call gives.
const PAGE: usize = 1000;

/// Shows a page of events, and with `--follow` those that come, until interrupted.
pub fn run(given: &Command, client: &Client, console: &mut Console<'_>) -> Result<(), Failure> {
    let mut page = ask(given, client, None)?;
    if let (Some(since), Some(events)) =
        (given.value("since").and_then(Value::as_u64), page.get_mut("events").and_then(Value::as_array_mut))
    {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let from = now.saturating_sub(Duration::from_millis(since)).as_millis();
        events.retain(|event| at(event, "time_ms").as_u64().is_some_and(|time| u128::from(time) >= from));
    }
    if !given.has("follow") {
        return exchange::show(given, &page, console);
    }
    let mut headed = false;
    loop {
        // Whoever follows would else see that they do.
        let is_shown = |event: &&Value| given.text("type").is_some() || text_of(event, "type") != "admin.events";
        let events: Vec<Value> = list(&page, "events").iter().filter(is_shown).cloned().collect();
        if given.has("json") {
            events.iter().try_for_each(|event| writeln!(console.out, "{event}"))?;
        } else if !events.is_empty() {
            let text = table(EVENTS, &together(&events), "");
            let rows = if headed { text.split_once('\n').map_or("", |(_, rows)| rows) } else { &text };
            write!(console.out, "{rows}")?;
            headed = true;
        }
        console.out.flush()?;
        // Where a page was full there is more at once.
        if list(&page, "events").len() < PAGE {
            thread::sleep(EVERY);
        }
        page = ask_until_answered(given, client, text_of(&page, "next_cursor"), console)?;
    }
}

/// Asks for what is behind `after` until it is told, later each time, and says once that nobody answers.
fn ask_until_answered(
    given: &Command,
    client: &Client,
    after: &str,
    console: &mut Console<'_>,
) -> Result<Value, Failure> {
    let mut wait = EVERY;
    loop {
        let failure = match ask(given, client, Some(after)) {
            Err(failure) if failure.exit == Exit::Unreachable => failure,
            answer => return answer,
        };
        if wait == EVERY {
            writeln!(console.err, "{} (asked again until there is an answer)", failure.why)?;
        }
        thread::sleep(wait);
        wait = BACK_OFF.min(wait * 2);
    }
}

fn ask(given: &Command, client: &Client, after: Option<&str>) -> Result<Value, Failure> {
    let limit =
        given.value("limit").and_then(Value::as_u64).filter(|_| after.is_none()).unwrap_or(PAGE as u64).to_string();
    let mut parameters = vec![("limit", limit.as_str())];
    parameters.extend(given.text("type").map(|kinds| ("type", kinds)));
    parameters.extend(after.map(|after| ("after", after)));
    client.get(given.call.path, &parameters)
}

/// Data of all buckets that went back by one cause, each with an event, are shown as one: `count` buckets, from the last that was
/// known to the last that was found.
pub fn together(events: &[Value]) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::with_capacity(events.len());
    for event in events {
        let ms = |event: &Value, name| at(event, name).as_u64().unwrap_or(0);
        let is_same = |other: &&mut Value| {
            text_of(other, "type") == ROLLBACK
                && ["cause", "actor"].iter().all(|name| at(other, name) == at(event, name))
                && ms(other, "time_ms").abs_diff(ms(event, "time_ms")) < AT_ONCE_MS
        };
        match all.iter_mut().filter(|_| text_of(event, "type") == ROLLBACK).find(is_same) {
            None => all.push(event.clone()),
            Some(other) => {
                let count = ms(other, "count").max(1) + 1;
                let [found, expected] = ["found_ms", "expected_ms"].map(|name| ms(other, name).max(ms(event, name)));
                if let Some(fields) = other.as_object_mut() {
                    let gathered = [("count", count), ("found_ms", found), ("expected_ms", expected)];
                    fields.extend(gathered.map(|(name, value)| (name.to_owned(), json!(value))));
                }
            }
        }
    }
    all
}

/// Why an operator acted, or why and how far data went back.
fn reason(event: &Value, path: &str) -> String {
    if text_of(event, "type") != ROLLBACK {
        return shown(event, path);
    }
    let time = |name| if at(event, name).as_u64() > Some(0) { of_millis(event, name) } else { "-".to_owned() };
    format!("{}: from {} to {}", text_of(event, "cause"), time("expected_ms"), time("found_ms"))
}

/// Events, one a line.
pub const EVENTS: &[Column] = &[
    column("TIME", "time_ms").by(of_millis),
    column("TYPE", "type"),
    column("OUTCOME", "outcome"),
    column("COUNT", "count").number().by(|event, path| at(event, path).as_u64().unwrap_or(1).to_string()),
    column("TENANT", "tenant"),
    column("PURPOSE", "purpose"),
    column("SUBJECT", "who.subject").by(name_of),
    column("IP", "who.ip").by(name_of),
    column("ACTOR", "actor"),
    column("REASON", "who.reason").by(reason),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_of_all_buckets_that_went_back_are_shown_as_one() {
        let rollback = |bucket: u64, cause, found: u64| {
            json!({"type": ROLLBACK, "time_ms": 60_000 + bucket, "bucket": bucket, "cause": cause, "actor": "a",
                "found_ms": found, "expected_ms": 30_000})
        };
        let other = json!({"type": "start", "time_ms": 60_000});
        let events = [rollback(0, "behind", 0), other.clone(), rollback(1, "behind", 1000), rollback(2, "gone", 0)];
        let shown = together(&events);
        assert_eq!(shown.len(), 3);
        assert_eq!((&shown[0]["count"], &shown[1], &shown[2]["bucket"]), (&json!(2), &other, &json!(2)));
        assert_eq!(reason(&shown[0], ""), "behind: from 1970-01-01 00:00:30Z to 1970-01-01 00:00:01Z");
        assert_eq!(reason(&shown[2], ""), "gone: from 1970-01-01 00:00:30Z to -");
        // Another time it is another.
        let later = [rollback(0, "behind", 0), rollback(5000, "behind", 0)];
        assert_eq!(together(&later).len(), 2);
    }
}
