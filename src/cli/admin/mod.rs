//! The operator's commands: each speaks to the admin listener of a running sidecar, and shows what it says.

mod client;
mod console;
mod erase;
mod events;
mod export;
mod healthcheck;
mod inspect;
mod lock;
mod locks;
mod markdown;
mod report;
mod stats;
mod table;
mod text;
mod time;
mod unlock;
mod whom;

use std::{
    ffi::OsString,
    io::{self, BufRead, IsTerminal},
};

use clap::Subcommand;
use serde_json::Value;

pub use console::Console;

use self::{client::Client, text::inert};
use super::{Exit, check_config};
use crate::config::ClientConfig;

/// What operators can do.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// List who is locked or disabled
    Locks(locks::Locks),
    /// End a lock, a hard stop or a network's block
    Unlock(unlock::Unlock),
    /// Lock a user by hand
    Lock(lock::Lock),
    /// Show all that is held of a user, why they are blocked and what would end it
    Inspect(inspect::Inspect),
    /// Print all that is held of a user, and nothing of anybody else
    Export(export::Export),
    /// Destroy what is known of a user; locks and quotas stay
    Erase(erase::Erase),
    /// Show live codes, locks and what happened in the last hour and day, over all sidecars
    Stats(stats::Stats),
    /// Show the newest events, over all sidecars
    Events(events::Events),
    /// Print a review in Markdown
    Report(report::Report),
    /// Ask the admin listener whether calls can be decided: 0 yes, 1 no, 69 no answer
    Healthcheck,
}

/// Why a command failed.
#[derive(Debug)]
pub enum Failure {
    /// The exit code, and a line for whoever called it.
    Said(Exit, String),
    /// An output that takes nothing more.
    Output(io::Error),
}

impl Failure {
    fn said(exit: Exit, why: impl Into<String>) -> Self {
        Self::Said(exit, why.into())
    }

    /// The exit code. A reader that has gone (`| head`) had enough.
    fn exit(&self) -> Exit {
        match self {
            Self::Said(exit, _) => *exit,
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Self::Output(_) => Exit::Fault,
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Runs a command over standard input and output; questions are asked only where that is a terminal.
pub fn run(command: &Command, environment: impl IntoIterator<Item = (OsString, OsString)>) -> Exit {
    let (stdin, mut out, mut err) = (io::stdin(), io::stdout(), io::stderr());
    let asks = stdin.is_terminal() && err.is_terminal();
    let mut input: Box<dyn BufRead> = Box::new(stdin.lock());
    run_on(command, environment, Console { input: &mut *input, out: &mut out, err: &mut err, asks })
}

/// The same over whatever is given.
pub fn run_on(
    command: &Command,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
    mut console: Console<'_>,
) -> Exit {
    let config = match ClientConfig::from_env(environment) {
        Ok(config) => config,
        Err(mistakes) => {
            // The exit code tells it as well.
            let _ = check_config::complain(&mistakes, &mut console.err);
            return Exit::Config;
        }
    };
    let done = Client::new(config).and_then(|client| match command {
        Command::Locks(locks) => locks.run(&client, &mut console),
        Command::Unlock(unlock) => unlock.run(&client, &mut console),
        Command::Lock(lock) => lock.run(&client, &mut console),
        Command::Inspect(inspect) => inspect.run(&client, &mut console),
        Command::Export(export) => export.run(&client, &mut console),
        Command::Erase(erase) => erase.run(&client, &mut console),
        Command::Stats(stats) => stats.run(&client, &mut console),
        Command::Events(events) => events.run(&client, &mut console),
        Command::Report(report) => report.run(&client, &mut console),
        Command::Healthcheck => healthcheck::run(&client, &mut console),
    });
    match done {
        Ok(()) => Exit::Done,
        Err(failure) => {
            if let Failure::Said(_, why) = &failure {
                let _ = writeln!(console.err, "otp-sidecar: {}", inert(why));
            }
            failure.exit()
        }
    }
}

/// Writes an answer as it came, for programs.
fn json(console: &mut Console<'_>, value: &Value) -> Result<(), Failure> {
    Ok(writeln!(console.out, "{}", text::inert_json(&format!("{value:#}")))?)
}

/// A field of an answer that is text; empty for anything else.
fn text_of<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A field as a cell shows it: text as it is, `-` for null or nothing.
fn shown(value: &Value, name: &str) -> String {
    match value.get(name) {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) if text.is_empty() => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// The members of a field that is a list.
fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
