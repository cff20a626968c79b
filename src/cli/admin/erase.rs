//! `erase`: what is known of a user goes for good.

use clap::Args;
use serde_json::{Value, json};

use super::{
    Console, Failure,
    client::{ANSWERED_WITHIN, Client},
    json as print_json,
    whom::Whom,
};

/// Destroy what is known of a user.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Erase {
    #[command(flatten)]
    whom: Whom,
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

impl Erase {
    pub(super) fn run(&self, client: &Client, console: &mut Console<'_>) -> Result<(), Failure> {
        let mut body = self.whom.fields()?;
        let reason = console.reason(self.reason.as_deref())?;
        let words = self.whom.words();
        let question = format!("Erase what is known of {words}? It cannot be undone. Locks and quotas stay.");
        console.confirm(&question, self.yes)?;
        body.insert("reason".into(), json!(reason));
        let answer = client.post("/admin/v1/subjects/erase", &Value::Object(body), ANSWERED_WITHIN)?;
        if self.json {
            return print_json(console, &answer);
        }
        Ok(writeln!(console.out, "Erased: nothing in the trail can be opened for this user any more.")?)
    }
}
