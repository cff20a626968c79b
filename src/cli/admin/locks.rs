//! `locks`: who is locked or disabled.

use clap::Args;
use serde_json::{Value, json};

use super::{
    Console, Failure, client::Client, json as print_json, list, shown, table::Table, text_of, time::instant,
    whom::name_of,
};

/// Most entries that one call gives.
const PAGE: usize = 1000;

/// List who is locked or disabled.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Locks {
    /// How many to list
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub limit: usize,
    /// List all of them
    #[arg(long, conflicts_with = "limit")]
    pub all: bool,
    /// Go on where an earlier list ended
    #[arg(long)]
    pub cursor: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

impl Locks {
    pub(super) fn run(&self, client: &Client, console: &mut Console<'_>) -> Result<(), Failure> {
        let (mut locks, mut cursor) = (Vec::new(), self.cursor.clone());
        loop {
            let left = if self.all { PAGE } else { self.limit.saturating_sub(locks.len()).min(PAGE) };
            if left == 0 {
                break;
            }
            let limit = left.to_string();
            let mut parameters = vec![("limit", limit.as_str())];
            parameters.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let page = client.get("/admin/v1/locks", &parameters)?;
            locks.extend_from_slice(list(&page, "locks"));
            cursor = Some(text_of(&page, "next_cursor").to_owned()).filter(|cursor| !cursor.is_empty());
            if cursor.is_none() {
                break;
            }
        }
        if self.json {
            return print_json(console, &json!({"locks": locks, "next_cursor": cursor}));
        }
        write!(console.out, "{}", table(&locks))?;
        if let Some(cursor) = cursor {
            writeln!(console.err, "There are more: --cursor {cursor}")?;
        }
        Ok(())
    }
}

fn table(locks: &[Value]) -> String {
    if locks.is_empty() {
        return "Nobody is locked.\n".to_owned();
    }
    let headings = ["SUBJECT", "TENANT", "SINCE", "UNTIL", "LEVEL", "FAILURES", "REASON", "REFERENCE"];
    let mut table = Table::new(&headings);
    table.numbers(4);
    table.numbers(5);
    for lock in locks {
        let until = match text_of(lock, "locked_until") {
            "" => "an unlock".to_owned(),
            until => instant(until),
        };
        let since = instant(text_of(lock, "locked_at"));
        let reason = text_of(lock, "reason").replace('_', " ");
        let (level, failures) = (shown(lock, "lock_level"), shown(lock, "failures"));
        let (name, reference) = (name_of(lock), shown(lock, "subject_ref"));
        table.row([name, shown(lock, "tenant"), since, until, level, failures, reason, reference]);
    }
    table.text()
}
