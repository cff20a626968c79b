//! The operator's commands: each speaks to the admin listener of a running sidecar, and shows what it says.

mod call;
mod calls;
mod client;
mod console;
mod events;
mod exchange;
mod failure;
mod inspect;
mod page;
mod render;
mod review;
mod stats;
mod text;

use std::{
    ffi::OsString,
    io::{self, BufRead, IsTerminal},
};

pub use self::{call::Command, console::Console};
use self::{client::Client, failure::Failure, text::inert};
use super::{check_config::checked, exit::Exit};
use crate::config::ClientConfig;

/// Runs a command over standard input and output; questions are asked only where that is a terminal.
pub fn run(command: &Command, environment: impl IntoIterator<Item = (OsString, OsString)>) -> Exit {
    let (stdin, mut out, mut err) = (io::stdin(), io::stdout(), io::stderr());
    let asks = stdin.is_terminal() && err.is_terminal();
    let mut input: Box<dyn BufRead> = Box::new(stdin.lock());
    let mut console = Console { input: &mut *input, out: &mut out, err: &mut err, asks };
    let environment: Vec<_> = environment.into_iter().collect();
    if let Some(done) = review::of_trails(command, &environment, &mut console) {
        return ended(done, &mut console);
    }
    let config = match checked(ClientConfig::from_env(environment), console.err) {
        Ok(config) => config,
        Err(exit) => return exit,
    };
    let done = Client::new(config).and_then(|client| (command.call.run)(command, &client, &mut console));
    ended(done, &mut console)
}

/// Says why it failed, if it did.
fn ended(done: Result<(), Failure>, console: &mut Console<'_>) -> Exit {
    let Err(failure) = done else {
        return Exit::Done;
    };
    if let Failure::Said { why, .. } = &failure {
        let _ = writeln!(console.err, "otp-sidecar: {}", inert(why));
    }
    failure.exit()
}
