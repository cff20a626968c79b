//! The log: one line a request and a line for what happens to us, on standard error.

mod json;
mod request;

use std::{
    io::{self, BufWriter, IsTerminal as _, Write},
    thread,
    time::Duration,
};

use prometheus::IntCounter;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

pub use request::RequestLine;

use crate::config::LogFormat;

/// Lines that may wait for whoever reads our standard error, some 2 MB. Those beyond are dropped and counted: a reader
/// that stopped must not stop the sidecar.
const WAITING: usize = 8_192;
/// How long lines are gathered: waking a thread and writing to a descriptor for each costs more than deciding what it
/// tells of, and nobody reads a log faster than this.
const GATHERED: Duration = Duration::from_millis(2);
/// Bytes that are written at once.
const TOGETHER: usize = 64 * 1024;
/// How long the end of the log may take where its reader stopped: the library's 100 ms to say so and 1 s to wait.
pub const LONGEST_FLUSH: Duration = Duration::from_millis(1_100);

/// The format that holds: what was configured, else text on a terminal and JSON elsewhere.
pub fn format(configured: Option<LogFormat>) -> LogFormat {
    configured.unwrap_or(if io::stderr().is_terminal() { LogFormat::Text } else { LogFormat::Json })
}

/// The log while it runs. Writes what is left when dropped, within [`LONGEST_FLUSH`].
#[derive(Debug)]
pub struct Log {
    lines: NonBlocking,
    worker: Option<WorkerGuard>,
}

impl Log {
    /// Starts the log; `filter` is one that was checked by the configuration, one that cannot be read counts as `info`.
    pub fn start(filter: &str, format: LogFormat) -> Self {
        let log = Self::over(io::stderr());
        let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
        let lines = log.lines.clone();
        let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(lines).with_target(false);
        // A second start in one process (tests) keeps the first.
        let _ = match format {
            LogFormat::Json => subscriber.event_format(json::Json).try_init(),
            LogFormat::Text => subscriber.with_ansi(io::stderr().is_terminal()).try_init(),
        };
        log
    }

    fn over(out: impl Write + Send + 'static) -> Self {
        let out = Gathering { out: BufWriter::with_capacity(TOGETHER, out) };
        let builder = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(WAITING).thread_name("log");
        let (lines, worker) = builder.finish(out);
        Self { lines, worker: Some(worker) }
    }

    /// What tells of lines that were dropped.
    pub fn lost(&self) -> LostLines {
        LostLines { counter: self.lines.error_counter(), counted: 0 }
    }
}

/// Lines that were dropped, as far as they were not counted yet.
#[derive(Debug)]
pub struct LostLines {
    counter: ErrorCounter,
    counted: usize,
}

impl LostLines {
    /// Adds those that are new to `metric`, and says so in the log.
    pub fn count(&mut self, metric: &IntCounter) {
        let lost = self.counter.dropped_lines();
        let lines = lost.saturating_sub(std::mem::replace(&mut self.counted, lost));
        if lines > 0 {
            metric.inc_by(lines as u64);
            tracing::warn!(lines, "log lines were dropped");
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let lost = self.lines.error_counter();
        let before = lost.dropped_lines();
        let _ = self.lines.write(b"");
        if lost.dropped_lines() > before {
            // No room for the word to stop, of which the library would complain on standard output: the audit trail's.
            std::mem::forget(self.worker.take());
        }
    }
}

/// Rests when all was written, so that the lines that come meanwhile wake nobody and are written together.
struct Gathering<W: Write> {
    out: BufWriter<W>,
}

impl<W: Write> Write for Gathering<W> {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.out.write(lines)
    }

    fn flush(&mut self) -> io::Result<()> {
        // Whoever closed standard error does not want to read it.
        let flushed = self.out.flush();
        thread::sleep(GATHERED);
        flushed
    }
}
