//! `report`: the periodic review, in Markdown.

use clap::Args;

use super::{Console, Failure, client::Client, json as print_json, markdown};

/// Print a review in Markdown.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Report {
    /// Since when: 30d, 12h, or an instant such as 2026-01-31T00:00:00Z
    #[arg(long, value_name = "WHEN", default_value = "30d")]
    since: String,
    /// Print the figures as one JSON object
    #[arg(long)]
    json: bool,
}

impl Report {
    pub(super) fn run(&self, client: &Client, console: &mut Console<'_>) -> Result<(), Failure> {
        let report = client.get("/admin/v1/report", &[("since", &self.since)])?;
        if self.json {
            return print_json(console, &report);
        }
        Ok(write!(console.out, "{}", markdown::review(&report))?)
    }
}
