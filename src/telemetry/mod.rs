//! The log: one line a request and a line for what happens to us, on standard error.

mod request;
mod sink;

use std::io::{self, IsTerminal};

pub use request::RequestLine;
pub use sink::{Guard, LONGEST_FLUSH};
use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// The format that holds: what was configured, else text on a terminal and JSON elsewhere.
pub fn format(configured: Option<LogFormat>) -> LogFormat {
    configured.unwrap_or(if io::stderr().is_terminal() { LogFormat::Text } else { LogFormat::Json })
}

/// Starts the log; lines are written until the guard is dropped.
///
/// `filter` is one that was checked by the configuration; one that cannot be read counts as `info`.
///
/// # Errors
/// If its thread cannot be started.
pub fn start(filter: &str, format: LogFormat) -> io::Result<Guard> {
    let (sink, guard) = sink::Sink::start(io::stderr())?;
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(sink.clone()).with_target(false);
    // A second start in one process (tests) keeps the first.
    let _ = match format {
        LogFormat::Json => {
            let _ = request::JSON.set(sink);
            log.json().flatten_event(true).try_init()
        }
        LogFormat::Text => log.with_ansi(io::stderr().is_terminal()).try_init(),
    };
    Ok(guard)
}
