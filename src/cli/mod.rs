//! The command line. Every command takes its environment and its outputs as parameters and answers with an [`Exit`].

pub mod admin;
pub mod audit;
pub mod check_config;
pub mod deliver;
pub mod exit;
pub mod help;
pub mod keygen;
mod probe;
pub mod serve;

use std::{ffi::OsString, io::Write};

use clap::{Error, Parser, Subcommand, error::ErrorKind};
use tokio::runtime::{Builder, Runtime};

use exit::ended;
pub use exit::{Exit, Failure};

/// One-time codes beside your app: issued, counted, locked out and checked in Redis, atomically.
#[derive(Debug, Parser)]
#[command(name = "otp-sidecar", version, after_long_help = help::variables())]
pub struct Cli {
    /// What to do; nothing means `serve`.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The words of the command line.
#[derive(Debug, Default, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Serve both listeners until told to stop
    #[default]
    Serve,
    /// Check the environment and print what is in force, secrets redacted
    CheckConfig {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
        /// Also ask the store, where nothing is changed: exit 64 if it must not be used, 69 if it cannot be reached
        #[arg(long)]
        connect: bool,
    },
    /// Send a sample code by a channel, with the environment of `serve`, and print what the provider says
    Deliver(deliver::Deliver),
    /// Print fresh secrets as lines for the environment
    Keygen,
    /// What operators do.
    #[command(flatten)]
    Admin(admin::Command),
    /// Check audit trails, or print the key to check them with
    Audit {
        /// What to do
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Stand between us and the private server, so that neither outlives the other
    #[command(hide = true)]
    GuardRedis {
        /// The server and its arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
}

/// What can be done with audit trails.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum AuditCommand {
    /// Check whether trails are as they were written: exit 0, or 10 to 18 for what is wrong
    #[command(after_long_help = audit::VERIFY_HELP)]
    Verify(audit::Verify),
    /// Print the public key that checks the signatures of trails (PEM)
    Key,
}

/// Reads the command line, whose first word is the program's own name.
///
/// # Errors
/// The exit code, once help or version has been written to `out` ([`Exit::Done`]) or a complaint to `err`
/// ([`Exit::Usage`]).
pub fn parse(
    args: impl IntoIterator<Item = OsString>,
    out: &mut impl Write,
    err: &mut impl Write,
) -> Result<Command, Exit> {
    let args: Vec<OsString> = args.into_iter().collect();
    match Cli::try_parse_from(&args).map_err(|said| with_tip(said, &args)) {
        Ok(cli) => Ok(cli.command.unwrap_or_default()),
        Err(said) if said.use_stderr() => {
            // Whoever closed stderr still gets the exit code.
            let _ = write!(err, "{}", said.render());
            Err(Exit::Usage)
        }
        Err(said) => Err(ended(write!(out, "{}", said.render()).map_err(Failure::from), err)),
    }
}

/// A runtime on this thread, for a command that asks somebody.
///
/// # Errors
/// [`Exit::Fault`]: the operating system refuses it.
fn runtime() -> Result<Runtime, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Failure::said(Exit::Fault, format!("the operating system refuses: {error}")))
}

/// What is said of a word that is none; behind `help` the library knows no near ones, which it does where the word stands alone.
fn with_tip(said: Error, args: &[OsString]) -> Error {
    match args {
        [program, help, words @ ..] if help == "help" && said.kind() == ErrorKind::InvalidSubcommand => {
            Cli::try_parse_from(std::iter::once(program).chain(words)).err().unwrap_or(said)
        }
        _ => said,
    }
}
