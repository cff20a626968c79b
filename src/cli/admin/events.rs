//! `events`: the newest events, and those that come.

use std::{
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::Value;

use super::{
    call::Command,
    client::Client,
    console::Console,
    exchange,
    failure::Failure,
    render::{Column, at, list, of_millis, shown, table, text_of},
};

/// How often it looks for more.
const EVERY: Duration = Duration::from_secs(1);
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
            let text = table(EVENTS, &events, "");
            let rows = if headed { text.split_once('\n').map_or("", |(_, rows)| rows) } else { &text };
            write!(console.out, "{rows}")?;
            headed = true;
        }
        console.out.flush()?;
        // Where a page was full there is more at once.
        if list(&page, "events").len() < PAGE {
            thread::sleep(EVERY);
        }
        page = ask(given, client, Some(text_of(&page, "next_cursor")))?;
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

/// By name where it is known, else by reference.
fn named(event: &Value, name: &str, reference: &str) -> String {
    match (text_of(event, name), text_of(event, reference)) {
        ("", "") => "-".to_owned(),
        ("", reference) => format!("({reference})"),
        (name, _) => name.to_owned(),
    }
}

/// Events, one a line.
pub const EVENTS: &[Column] = &[
    Column::text("TIME", |event| of_millis(event, "time_ms")),
    Column::text("TYPE", |event| shown(event, "type")),
    Column::text("OUTCOME", |event| shown(event, "outcome")),
    Column::number("COUNT", |event| at(event, "count").as_u64().unwrap_or(1).to_string()),
    Column::text("TENANT", |event| shown(event, "tenant")),
    Column::text("PURPOSE", |event| shown(event, "purpose")),
    Column::text("SUBJECT", |event| named(event, "who.subject", "subject_ref")),
    Column::text("IP", |event| named(event, "who.ip", "ip_ref")),
    Column::text("ACTOR", |event| shown(event, "actor")),
    Column::text("REASON", |event| shown(event, "who.reason")),
];
