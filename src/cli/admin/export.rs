//! `export`: all that is held of one user, for them.

use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::{Console, Failure, client::Client, json as print_json, whom::Whom};

/// The sidecar reads all of its trails for it.
const ANSWERED_WITHIN: Duration = Duration::from_secs(600);

/// Print all that is held of a user, and nothing of anybody else, as one JSON object.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Export {
    #[command(flatten)]
    whom: Whom,
    /// Why, for the audit trail
    #[arg(long)]
    reason: Option<String>,
    /// As ever: it is always one JSON object
    #[arg(long, hide = true)]
    json: bool,
}

impl Export {
    pub(super) fn run(&self, client: &Client, console: &mut Console<'_>) -> Result<(), Failure> {
        let mut body = self.whom.fields()?;
        body.extend(self.reason.as_ref().map(|reason| ("reason".to_owned(), json!(reason))));
        let answer = client.post("/admin/v1/subjects/export", &Value::Object(body), ANSWERED_WITHIN)?;
        print_json(console, &answer)
    }
}
