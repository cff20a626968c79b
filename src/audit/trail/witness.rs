//! A second place for the marks (`OTP_AUDIT_CHECKPOINT_DIR`): whoever changes a trail and all that is beside it does not
//! change what is there.
//!
//! Each is written by a thread of its own, so that a file system that hangs does not keep events from being written. Only
//! ever added to; each mark covers all lines before it, so that the next one makes good for those that an outage cost.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{fs::OpenOptions, sync::Arc};

use crate::{files, metrics::Metrics};

/// How long the last one may take when we stop; it is part of the exporter's share of the end.
const LAST: Duration = Duration::from_millis(500);

/// Writes marks to the second place.
#[derive(Debug)]
pub struct Witness {
    /// Where that is.
    pub to: PathBuf,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// The last that was begun.
    pub writing: Option<JoinHandle<()>>,
}

impl Witness {
    /// Writes a mark of this trail, unless the one before still hangs: then the next one says all that this one does.
    pub fn tell(&mut self, trail: &str, statement: Vec<u8>) {
        if self.is_writing() {
            return;
        }
        let (to, metrics, trail) = (self.to.clone(), Arc::clone(&self.metrics), trail.to_owned());
        let write = move || {
            if let Err(error) = append(&to, &trail, statement) {
                metrics.audit_errors.of("checkpoint_copy").inc();
                tracing::error!(%error, to = %to.display(), "checkpoints cannot be copied (OTP_AUDIT_CHECKPOINT_DIR)");
            }
        };
        // Where there can be no thread, the next mark has one.
        self.writing = thread::Builder::new().name("checkpoints".into()).spawn(write).ok();
    }

    /// Waits for the one that is being written, but not long.
    pub fn finish(&self) {
        let begun = Instant::now();
        while self.is_writing() && begun.elapsed() < LAST {
            thread::sleep(Duration::from_millis(2));
        }
    }

    fn is_writing(&self) -> bool {
        self.writing.as_ref().is_some_and(|writing| !writing.is_finished())
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
