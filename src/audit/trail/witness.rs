//! A second place for the marks (`OTP_AUDIT_CHECKPOINT_DIR`): whoever changes a trail and all that is beside it does not
//! change what is there.
//!
//! On a thread of its own, so that a file system that hangs does not keep events from being written. Only ever added to; each
//! mark covers all lines before it, so that the next one makes good for those that an outage cost.

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{self, Receiver, SyncSender},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{files, metrics::Metrics};

/// Between two complaints about the same.
const COMPLAIN: Duration = Duration::from_secs(10);
/// How long the last one may take when we stop; it is part of the exporter's share of the end.
const LAST: Duration = Duration::from_millis(500);

/// See the module.
#[derive(Debug)]
pub struct Witness {
    /// One line at a time, and one that waits.
    lines: Option<SyncSender<(String, Vec<u8>)>>,
    done: Receiver<()>,
}

impl Witness {
    /// Starts the thread, which writes into `to`.
    ///
    /// # Errors
    /// If there can be no thread.
    pub fn start(to: PathBuf, metrics: Arc<Metrics>) -> io::Result<Self> {
        let (lines, waiting) = mpsc::sync_channel::<(String, Vec<u8>)>(1);
        let (finish, done) = mpsc::sync_channel::<()>(1);
        thread::Builder::new().name("checkpoints".into()).spawn(move || {
            let mut complained: Option<Instant> = None;
            while let Ok((trail, line)) = waiting.recv() {
                let Err(error) = append(&to, &trail, line) else { continue };
                metrics.audit_errors.of("checkpoint_copy").inc();
                if complained.is_none_or(|at| at.elapsed() > COMPLAIN) {
                    tracing::error!(%error, to = %to.display(), "checkpoints cannot be copied (OTP_AUDIT_CHECKPOINT_DIR)");
                    complained = Some(Instant::now());
                }
            }
            // Nobody may be waiting any more.
            let _ = finish.try_send(());
        })?;
        Ok(Self { lines: Some(lines), done })
    }

    /// Hands it a mark of this trail.
    pub fn tell(&self, trail: &str, statement: Vec<u8>) {
        // Where one waits already, the next one says all that this one does.
        let _ = self.lines.as_ref().map(|lines| lines.try_send((trail.to_owned(), statement)));
    }

    /// Waits for the last one, but not long.
    pub fn finish(&mut self) {
        self.lines = None;
        let _ = self.done.recv_timeout(LAST);
    }
}

fn append(to: &Path, trail: &str, mut line: Vec<u8>) -> io::Result<()> {
    files::directory(to)?;
    line.push(b'\n');
    let path = to.join(format!("trail-{trail}.checkpoints.jsonl"));
    let mut file = files::open(&path, OpenOptions::new().create(true).append(true))?;
    file.write_all(&line)?;
    file.sync_all()
}
