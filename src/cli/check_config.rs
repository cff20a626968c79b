//! `check-config`: what is in force, or what is wrong.

use std::{
    ffi::OsString,
    io::{self, Write},
};

use serde_json::{Map, Value};

use super::{
    exit::{Exit, written},
    probe,
};
use crate::{
    config::{Config, Diagnostic, StoreTarget},
    store::embedded,
};

/// Checks `environment`. Prints what is in force to `out`, as aligned lines or as one JSON object; warnings and
/// mistakes go to `err`, one a line. With a `path`, on which the embedded default's server is looked for, the store is asked
/// too, and nothing is changed there.
///
/// [`Exit::Config`] if there is any mistake; nothing is then written to `out`. What the store says is another line of `err`
/// and an exit code of its own.
pub fn run(
    environment: impl IntoIterator<Item = (OsString, OsString)>,
    json: bool,
    path: Option<&str>,
    out: &mut impl Write,
    err: &mut impl Write,
) -> Exit {
    let (config, warnings) = match checked(Config::from_env(environment), err) {
        Ok(checked) => checked,
        Err(exit) => return exit,
    };
    let _ = warnings.iter().try_for_each(|warning| writeln!(err, "warning: {warning}"));
    let shown = config.in_force.clone();
    let result = if json { object(shown, out) } else { lines(&shown, out) };
    match path.map(|path| connect(&config, path)) {
        None => written(result, Exit::Done),
        Some(Ok(said)) => {
            let _ = writeln!(err, "{said}");
            written(result, Exit::Done)
        }
        Some(Err((exit, why))) => {
            let _ = writeln!(err, "{why}");
            exit
        }
    }
}

/// What was read of an environment; its mistakes are written to `err`, one a line.
///
/// # Errors
/// [`Exit::Config`], which tells that there were some as well.
pub fn checked<T>(read: Result<T, Vec<Diagnostic>>, err: &mut (impl Write + ?Sized)) -> Result<T, Exit> {
    read.map_err(|mistakes| {
        let _ = complain(&mistakes, err);
        Exit::Config
    })
}

/// Writes every mistake on a line of its own.
///
/// # Errors
/// Those of `err`.
pub fn complain(mistakes: &[Diagnostic], err: &mut (impl Write + ?Sized)) -> io::Result<()> {
    mistakes.iter().try_for_each(|mistake| writeln!(err, "{mistake}"))
}

/// Asks the store; of the embedded default, only whether there is a server on `path` and whether its directory can be used.
/// Answers a line that says that all is well.
fn connect(config: &Config, path: &str) -> Result<String, (Exit, String)> {
    let StoreTarget::Embedded { binary } = &config.store else {
        let asked = probe::ask(config, "check-config", async |_| Ok(()));
        return asked.map(|()| "store: it answers, and may be used".into());
    };
    let found = embedded::look(&config.data_dir, binary.clone(), path);
    let program = found.map_err(|error| (Exit::from(&error), error.to_string()))?;
    Ok(format!("store: {} is there to be started over {}", program.display(), config.data_dir.display()))
}

fn object(shown: Vec<(String, Value)>, out: &mut impl Write) -> io::Result<()> {
    let object: Map<String, Value> = shown.into_iter().collect();
    writeln!(out, "{:#}", Value::Object(object))
}

fn lines(shown: &[(String, Value)], out: &mut impl Write) -> io::Result<()> {
    let width = shown.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    shown.iter().try_for_each(|(name, value)| match value {
        Value::String(text) => writeln!(out, "{name:width$}  {text}"),
        other => writeln!(out, "{name:width$}  {other}"),
    })
}
