//! `lock`: an operator locks a user by hand.

use clap::Args;
use serde_json::{Value, json};

use super::{
    Console, Failure,
    client::{ANSWERED_WITHIN, Client},
    json as print_json,
    text::inert,
    text_of,
    time::instant,
    whom::Whom,
};

/// Lock a user by hand.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Lock {
    #[command(flatten)]
    whom: Whom,
    /// For how long, 1 to 57600 (40 days)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=57_600))]
    minutes: u32,
    /// Why, for the audit trail
    #[arg(long)]
    reason: Option<String>,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl Lock {
    pub(super) fn run(&self, client: &Client, console: &mut Console<'_>) -> Result<(), Failure> {
        let mut body = self.whom.fields()?;
        let reason = console.reason(self.reason.as_deref())?;
        let question =
            format!("Lock {} for {} minutes? Every code of theirs is burnt.", self.whom.words(), self.minutes);
        console.confirm(&question, self.yes)?;
        body.insert("minutes".into(), json!(self.minutes));
        body.insert("reason".into(), json!(reason));
        let answer = client.post("/admin/v1/lock", &Value::Object(body), ANSWERED_WITHIN)?;
        if self.json {
            return print_json(console, &answer);
        }
        let until = inert(&instant(text_of(&answer, "locked_until")));
        let words = match answer.get("changed").and_then(Value::as_bool) {
            Some(false) => format!("A longer lock runs already, until {until}: it stays as it is."),
            _ => format!("Locked until {until}."),
        };
        Ok(writeln!(console.out, "{words}")?)
    }
}
