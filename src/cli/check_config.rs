//! `check-config`: what is in force, or what is wrong.

use std::{
    ffi::OsString,
    io::{self, Write},
};

use serde_json::{Map, Value};

use super::{
    exit::{Exit, Failure, ended},
    probe,
};
use crate::{
    config::{Config, StoreTarget},
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
    let check = || {
        let (config, warnings) = Config::from_env(environment)?;
        let _ = warnings.iter().try_for_each(|warning| writeln!(err, "warning: {warning}"));
        let printed = if json { object(&config.in_force, out) } else { lines(&config.in_force, out) };
        if let Some(path) = path {
            let _ = writeln!(err, "{}", connect(&config, path)?);
        }
        Ok(printed?)
    };
    let done = check();
    ended(done, err)
}

/// Asks the store; of the embedded default, only whether there is a server on `path` and whether its directory can be used.
/// Answers a line that says that all is well.
fn connect(config: &Config, path: &str) -> Result<String, Failure> {
    let StoreTarget::Embedded { binary } = &config.store else {
        let asked = probe::ask(config, "check-config", async |_| Ok(()));
        return asked.map(|()| "store: it answers, and may be used".into());
    };
    let program = embedded::look(&config.data_dir, binary.clone(), path)?;
    Ok(format!("store: {} is there to be started over {}", program.display(), config.data_dir.display()))
}

fn object(shown: &[(String, Value)], out: &mut impl Write) -> io::Result<()> {
    let object: Map<String, Value> = shown.iter().cloned().collect();
    writeln!(out, "{:#}", Value::Object(object))
}

fn lines(shown: &[(String, Value)], out: &mut impl Write) -> io::Result<()> {
    let width = shown.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    shown.iter().try_for_each(|(name, value)| match value {
        Value::String(text) => writeln!(out, "{name:width$}  {text}"),
        other => writeln!(out, "{name:width$}  {other}"),
    })
}
