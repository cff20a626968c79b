//! The log: one line a request and a line for what happens to us, on standard error.

use std::{
    io::{self, IsTerminal},
    time::Duration,
};

use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// Lines that may wait for whoever reads our standard error. Beyond that they are dropped: a reader that stopped must
/// not stop the sidecar.
const WAITING_LINES: usize = 16 * 1024;

/// How long the end of the log may take where its reader stopped: `tracing-appender` tries for 100 ms to say that this is
/// the end, and waits 1 s for what is left to be written.
pub const LONGEST_FLUSH: Duration = Duration::from_millis(1100);

/// The format that holds: what was configured, else text on a terminal and JSON elsewhere.
pub fn format(configured: Option<LogFormat>) -> LogFormat {
    configured.unwrap_or(if io::stderr().is_terminal() { LogFormat::Text } else { LogFormat::Json })
}

/// Starts the log; lines are written until the guard is dropped.
///
/// `filter` is one that was checked by the configuration; one that cannot be read counts as `info`.
pub fn start(filter: &str, format: LogFormat) -> WorkerGuard {
    let (writer, guard) = NonBlockingBuilder::default().buffered_lines_limit(WAITING_LINES).finish(io::stderr());
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_target(false);
    // A second start in one process (tests) keeps the first.
    let _ = match format {
        LogFormat::Json => log.json().flatten_event(true).try_init(),
        LogFormat::Text => log.with_ansi(io::stderr().is_terminal()).try_init(),
    };
    guard
}
