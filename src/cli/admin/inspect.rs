//! `inspect`: all that is held of one user.

use std::net::IpAddr;

use clap::Args;
use serde_json::{Value, json};

use super::{
    Console, Failure,
    client::{ANSWERED_WITHIN, Client},
    events, json as print_json, list, shown,
    table::{Table, pairs},
    text_of,
    time::instant,
    whom::{Whom, address, name_of},
};

/// Show all that is held of a user, why they are blocked and what would end it.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Inspect {
    #[command(flatten)]
    whom: Whom,
    /// Whose pause and quota are told [default: login]
    #[arg(long)]
    purpose: Option<String>,
    /// Look at this address's network as well
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    ip: Option<IpAddr>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl Inspect {
    pub(super) fn run(&self, client: &Client, console: &mut Console<'_>) -> Result<(), Failure> {
        let mut body = self.whom.fields()?;
        body.extend(self.purpose.as_ref().map(|purpose| ("purpose".to_owned(), json!(purpose))));
        body.extend(self.ip.map(|ip| ("ip".to_owned(), json!(ip))));
        let answer = client.post("/admin/v1/subjects/inspect", &Value::Object(body), ANSWERED_WITHIN)?;
        if self.json {
            return print_json(console, &answer);
        }
        Ok(write!(console.out, "{}", text(&answer))?)
    }
}

fn text(answer: &Value) -> String {
    let status = answer.get("status").unwrap_or(&Value::Null);
    let lock = answer.get("lock").unwrap_or(&Value::Null);
    let time = |value: &Value, name: &str| instant(&shown(value, name));
    let mut facts = vec![
        ("subject", name_of(answer)),
        ("reference", shown(answer, "subject_ref")),
        ("tenant", shown(answer, "tenant")),
        ("last request", time(status, "last_request_at")),
        ("requests in the last hour", shown(status, "requests_last_hour")),
        ("sends left", shown(status, "sends_left")),
        ("last attempt", time(status, "last_attempt_at")),
        ("failures that count", shown(status, "failed_attempts")),
        ("attempts left", shown(status, "attempts_left")),
        ("last failure", time(answer, "last_failure_at")),
        ("wrong codes in a row", row(answer)),
        ("pending codes", shown(status, "pending")),
    ];
    if !lock.is_null() {
        let words = if lock.get("running") == Some(&Value::Bool(true)) { "running, until" } else { "over, since" };
        let reason = text_of(lock, "reason").replace('_', " ");
        facts.extend([
            ("lock", format!("{words} {}", time(lock, "locked_until"))),
            ("locked at", time(lock, "locked_at")),
            (
                "locked for",
                format!("{reason}, {} failures, level {}", shown(lock, "failures"), shown(lock, "lock_level")),
            ),
        ]);
    }
    if !text_of(answer, "disabled_since").is_empty() {
        facts.push(("disabled since", time(answer, "disabled_since")));
    }
    let network = answer.get("network").unwrap_or(&Value::Null);
    if !network.is_null() {
        facts.push(("network's sends left", shown(network, "sends_left")));
        facts.push(("network's failures left", shown(network, "failures_left")));
    }
    let parts = [pairs(facts), blocks(answer), purposes(answer), newest(answer)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

fn row(answer: &Value) -> String {
    let row = shown(answer, "wrong_codes_in_a_row");
    match answer.get("hard_stop_at").and_then(Value::as_u64) {
        Some(stop) => format!("{row} of {stop}"),
        None => row,
    }
}

fn blocks(answer: &Value) -> String {
    let blocks = list(answer, "blocked_by");
    if blocks.is_empty() {
        return "Nothing blocks this user.\n".to_owned();
    }
    let mut table = Table::new(&["BLOCKED BY", "STOPS", "UNTIL", "ENDED BY"]);
    for block in blocks {
        let until = instant(&shown(block, "until"));
        table.row([shown(block, "rule"), shown(block, "stops"), until, shown(block, "ended_by")]);
    }
    table.text()
}

fn purposes(answer: &Value) -> String {
    let purposes = list(answer, "purposes");
    if purposes.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&["PURPOSE", "CODE", "EXPIRES", "FAILURES", "BY THE GUARD", "IN A ROW", "DELIVERED"]);
    (3..6).for_each(|column| table.numbers(column));
    for purpose in purposes {
        let delivered = match purpose.get("delivered").and_then(Value::as_bool) {
            Some(true) => "yes",
            Some(false) => "no",
            None => "-",
        };
        table.row([
            shown(purpose, "purpose"),
            shown(purpose, "code"),
            instant(&shown(purpose, "expires_at")),
            shown(purpose, "failures"),
            shown(purpose, "guard_failures"),
            shown(purpose, "wrong_codes_in_a_row"),
            delivered.to_owned(),
        ]);
    }
    table.text()
}

fn newest(answer: &Value) -> String {
    let newest: Vec<&Value> = list(answer, "events").iter().collect();
    if newest.is_empty() { String::new() } else { events::table(&newest) }
}
