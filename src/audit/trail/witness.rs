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

#[cfg(test)]
mod tests {
    use std::{
        fs,
        os::unix::fs::{PermissionsExt as _, symlink},
    };

    use super::*;

    #[test]
    fn what_is_written_follows_no_link_and_goes_where_not_everybody_may_write() {
        let home = tempfile::tempdir().unwrap();
        let place = |name: &str| home.path().join(name);
        let written = |to: &Path| append(to, "00000001", b"line".to_vec()).map_err(|error| error.to_string());
        let (good, linked, open) = (place("good"), place("linked"), place("open"));
        written(&good).unwrap();
        written(&good).unwrap();
        let name = "trail-00000001.checkpoints.jsonl";
        assert_eq!(fs::read_to_string(good.join(name)).unwrap(), "line\nline\n");
        fs::create_dir(&linked).unwrap();
        symlink(place("victim"), linked.join(name)).unwrap();
        assert!(written(&linked).unwrap_err().contains("symbolic link") && !place("victim").exists());
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o1777)).unwrap();
        assert!(written(&open).unwrap_err().contains("everybody may write"));
    }
}
