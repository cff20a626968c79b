//! `unlock`: an operator ends what stops a user, a network, or everybody.

use std::{net::IpAddr, time::Duration};

use clap::Args;
use serde_json::{Value, json};

use super::{
    Console, Failure,
    client::{ANSWERED_WITHIN, Client},
    json as print_json,
    whom::{Whom, address},
};
use crate::cli::Exit;

/// A million subjects take minutes.
const ALL_WITHIN: Duration = Duration::from_secs(3600);

/// End a lock, a hard stop or a network's block.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Unlock {
    #[command(flatten)]
    whom: Whom,
    /// Forget the failures of this address's network
    #[arg(long, value_name = "ADDRESS", value_parser = address, conflicts_with_all = ["subject", "reference"])]
    ip: Option<IpAddr>,
    /// Unlock whoever is locked or disabled now
    #[arg(long, conflicts_with_all = ["subject", "reference", "tenant", "ip"])]
    all: bool,
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

impl Unlock {
    pub(super) fn run(&self, client: &Client, console: &mut Console<'_>) -> Result<(), Failure> {
        let mut body = self.whom.given();
        let (question, time) = match (self.whom.is_named(), self.ip, self.all) {
            (true, None, false) => (format!("Unlock {}?", self.whom.words()), ANSWERED_WITHIN),
            (false, Some(ip), false) => {
                body.insert("ip".into(), json!(ip));
                (format!("Forget the failures of the network of {ip}?"), ANSWERED_WITHIN)
            }
            (false, None, true) => {
                body.insert("all".into(), json!(true));
                ("Unlock EVERYBODY who is locked or disabled?".to_owned(), ALL_WITHIN)
            }
            _ => return Err(Failure::said(Exit::Usage, "say whom: SUBJECT, --ref, --ip or --all")),
        };
        let reason = console.reason(self.reason.as_deref())?;
        console.confirm(&question, self.yes)?;
        body.insert("reason".into(), json!(reason));
        let answer = client.post("/admin/v1/unlock", &Value::Object(body), time)?;
        if self.json {
            return print_json(console, &answer);
        }
        let words = match answer.get("unlocked").and_then(Value::as_u64) {
            Some(0) => "There was nothing to unlock.".to_owned(),
            Some(1) if !self.all => "Unlocked.".to_owned(),
            Some(n) => format!("{n} unlocked."),
            None => return Err(Failure::said(Exit::Fault, "the answer makes no sense")),
        };
        Ok(writeln!(console.out, "{words}")?)
    }
}
