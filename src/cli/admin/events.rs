//! `events`: the newest events, and those that come.

use std::{
    thread,
    time::{Duration, SystemTime},
};

use clap::Args;
use serde_json::Value;

use super::{
    Console, Failure, client::Client, json as print_json, list, shown, table::Table, text_of, time::of_millis,
};

/// How often it looks for more.
const EVERY: Duration = Duration::from_secs(1);
/// Most events that one call gives.
const PAGE: &str = "1000";

/// Show the newest events, over all sidecars.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Events {
    /// Only these types, separated by commas (lockout,admin.unlock)
    #[arg(long = "type", value_name = "TYPES")]
    kinds: Option<String>,
    /// How many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    /// Only those of the last so long (10m, 2h, 1d)
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    since: Option<Duration>,
    /// Go on showing those that come, until interrupted
    #[arg(long, short)]
    follow: bool,
    /// Print one JSON object; with --follow one for each event, line by line
    #[arg(long)]
    json: bool,
}

impl Events {
    pub(super) fn run(&self, client: &Client, console: &mut Console<'_>) -> Result<(), Failure> {
        let mut page = self.page(client, None)?;
        if let (Some(since), Some(events)) = (self.since, page.get_mut("events").and_then(Value::as_array_mut)) {
            let from =
                SystemTime::now().checked_sub(since).and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
            let from = from.map_or(0, |from| from.as_millis());
            events.retain(|event| u128::from(time(event)) >= from);
        }
        if self.json && !self.follow {
            return print_json(console, &page);
        }
        let mut headed = false;
        loop {
            let events: Vec<&Value> = list(&page, "events").iter().filter(|event| self.is_shown(event)).collect();
            self.show(&events, !headed, console)?;
            headed |= !events.is_empty();
            if !self.follow {
                return Ok(());
            }
            // Where a page was full there is more at once.
            if list(&page, "events").len() < 1000 {
                thread::sleep(EVERY);
            }
            page = self.page(client, Some(text_of(&page, "next_cursor")))?;
        }
    }

    fn page(&self, client: &Client, after: Option<&str>) -> Result<Value, Failure> {
        let limit = if after.is_some() { PAGE.to_owned() } else { self.limit.to_string() };
        let mut parameters = vec![("limit", limit.as_str())];
        parameters.extend(self.kinds.as_deref().map(|kinds| ("type", kinds)));
        parameters.extend(after.map(|after| ("after", after)));
        client.get("/admin/v1/events", &parameters)
    }

    /// Whoever follows would else see that they do.
    fn is_shown(&self, event: &Value) -> bool {
        !self.follow || self.kinds.is_some() || text_of(event, "type") != "admin.events"
    }

    fn show(&self, events: &[&Value], headed: bool, console: &mut Console<'_>) -> Result<(), Failure> {
        if self.json {
            for event in events {
                writeln!(console.out, "{event}")?;
            }
        } else if !events.is_empty() {
            let text = table(events);
            let rows = if headed { &*text } else { text.split_once('\n').map_or("", |(_, rows)| rows) };
            write!(console.out, "{rows}")?;
        } else if headed && !self.follow {
            writeln!(console.out, "There are no events.")?;
        }
        Ok(console.out.flush()?)
    }
}

/// Events as a table, the newest last.
pub(super) fn table(events: &[&Value]) -> String {
    let mut table =
        Table::new(&["TIME", "TYPE", "OUTCOME", "COUNT", "TENANT", "PURPOSE", "SUBJECT", "IP", "ACTOR", "REASON"]);
    table.numbers(3);
    for event in events {
        let known = event.get("who").unwrap_or(&Value::Null);
        let named = |name: &str, reference: &str| match (text_of(known, name), text_of(event, reference)) {
            ("", "") => "-".to_owned(),
            ("", reference) => format!("({reference})"),
            (name, _) => name.to_owned(),
        };
        let count = event.get("count").map_or_else(|| "1".to_owned(), Value::to_string);
        let (subject, ip) = (named("subject", "subject_ref"), named("ip", "ip_ref"));
        table.row([
            of_millis(time(event)),
            shown(event, "type"),
            shown(event, "outcome"),
            count,
            shown(event, "tenant"),
            shown(event, "purpose"),
            subject,
            ip,
            shown(event, "actor"),
            shown(known, "reason"),
        ]);
    }
    table.text()
}

fn time(event: &Value) -> u64 {
    event.get("time_ms").and_then(Value::as_u64).unwrap_or(0)
}
