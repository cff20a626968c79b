//! `stats`: sums over all sidecars.

use std::collections::BTreeSet;

use clap::Args;
use serde_json::Value;

use super::{
    Console, Failure,
    client::Client,
    json as print_json, shown,
    table::{Table, pairs},
    text_of,
    time::instant,
};

/// Show live codes, locks and what happened in the last hour and day, over all sidecars.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Stats {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl Stats {
    pub(super) fn run(&self, client: &Client, console: &mut Console<'_>) -> Result<(), Failure> {
        let stats = client.get("/admin/v1/stats", &[])?;
        if self.json {
            return print_json(console, &stats);
        }
        let now = [
            ("as of", instant(text_of(&stats, "as_of"))),
            ("live codes", shown(&stats, "live_codes")),
            ("locked", shown(&stats, "locked")),
            ("disabled", shown(&stats, "disabled")),
        ];
        Ok(write!(console.out, "{}\n{}", pairs(now), table(&stats))?)
    }
}

fn table(stats: &Value) -> String {
    let headings = ["TYPE", "OUTCOME", "LAST HOUR", "A MINUTE", "LAST DAY", "A MINUTE"];
    let mut table = Table::new(&headings);
    (2..headings.len()).for_each(|column| table.numbers(column));
    let rows: BTreeSet<(&str, &str)> =
        ["last_hour", "last_day"].iter().flat_map(|period| kinds(stats, period)).collect();
    if rows.is_empty() {
        return "Nothing happened in the last day.\n".to_owned();
    }
    for (kind, outcome) in rows {
        let figure = |period: &str, what: &str| {
            let figure = stats.get(period).and_then(|of| of.get(what)?.get(kind)?.get(outcome));
            figure.map_or_else(|| "0".to_owned(), Value::to_string)
        };
        let of = |period| [figure(period, "events"), figure(period, "per_minute")];
        let cells = [[kind.to_owned(), outcome.to_owned()], of("last_hour"), of("last_day")];
        table.row(cells.into_iter().flatten());
    }
    table.text()
}

/// Types and outcomes that happened in a period.
fn kinds<'a>(stats: &'a Value, period: &str) -> Vec<(&'a str, &'a str)> {
    let events = stats.get(period).and_then(|of| of.get("events")?.as_object());
    let of_kind = |(kind, of): (&'a String, &'a Value)| {
        of.as_object().into_iter().flatten().map(move |(outcome, _)| (kind.as_str(), outcome.as_str()))
    };
    events.into_iter().flatten().flat_map(of_kind).collect()
}
