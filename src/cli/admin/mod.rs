//! The operator's commands: each speaks to the admin listener of a running sidecar, and shows what it says.

mod call;
mod calls;
mod client;
mod console;
mod events;
mod exchange;
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
use self::{client::Client, text::inert};
use super::exit::{Exit, Failure, ended};
use crate::config::ClientConfig;

/// Runs a command over standard input and output; questions are asked only where that is a terminal.
pub fn run(command: &Command, environment: impl IntoIterator<Item = (OsString, OsString)>) -> Exit {
    let (stdin, mut out, mut err) = (io::stdin(), io::stdout(), io::stderr());
    let asks = stdin.is_terminal() && err.is_terminal();
    let mut input: Box<dyn BufRead> = Box::new(stdin.lock());
    let mut console = Console { input: &mut *input, out: &mut out, err: &mut err, asks };
    let environment: Vec<_> = environment.into_iter().collect();
    let done = if let Some(done) = review::of_trails(command, &environment, &mut console) {
        done
    } else {
        match ClientConfig::from_env(environment) {
            Ok(config) => Client::new(config).and_then(|client| (command.call.run)(command, &client, &mut console)),
            Err(mistakes) => return ended(Err(mistakes.into()), console.err),
        }
    };
    let named = |Failure { exit, why }| match why.is_empty() {
        true => Failure::said(exit, why),
        false => Failure::said(exit, format!("otp-sidecar: {}", inert(&why))),
    };
    ended(done.map_err(named), console.err)
}
