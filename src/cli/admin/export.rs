//! `export`: all that is held of one user, for them.

use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::{Console, Failure, client::Client, text::inert_json, whom::Whom};

/// The sidecar reads all of its trails before it says the first word.
const ANSWERED_WITHIN: Duration = Duration::from_secs(600);

/// Print all that is held of a user, and nothing of anybody else, as one JSON object with an event a line.
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
        let mut unfinished = Vec::new();
        let print = |piece: &[u8]| -> Result<(), Failure> {
            unfinished.extend_from_slice(piece);
            // Whole lines, so that no character is cut.
            if let Some(end) = unfinished.iter().rposition(|byte| *byte == b'\n') {
                let lines: Vec<u8> = unfinished.drain(..=end).collect();
                write!(console.out, "{}", inert_json(&String::from_utf8_lossy(&lines)))?;
            }
            Ok(())
        };
        client.post_streamed("/admin/v1/subjects/export", &Value::Object(body), ANSWERED_WITHIN, print)?;
        Ok(console.out.flush()?)
    }
}
