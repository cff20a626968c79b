//! A second place for the checkpoints: whoever changes a trail and all that is beside it does not change what is there.
//!
//! On a thread of its own, so that a file system that hangs does not keep events from being written. Copied byte by byte
//! behind what is there already, so that an outage is made up for, and only ever added to.

use std::{
    fs::{DirBuilder, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::DirBuilderExt as _,
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
/// How long the last copy may take when we stop; it is part of the exporter's share of the end.
const LAST_COPY: Duration = Duration::from_millis(500);

/// See the module.
#[derive(Debug)]
pub struct Copier {
    /// One job at a time, and one that waits.
    jobs: Option<SyncSender<PathBuf>>,
    done: Receiver<()>,
}

impl Copier {
    /// Starts the thread, which copies into `to`.
    ///
    /// # Errors
    /// If there can be no thread.
    pub fn start(to: PathBuf, metrics: Arc<Metrics>) -> io::Result<Self> {
        let (jobs, waiting) = mpsc::sync_channel::<PathBuf>(1);
        let (finish, done) = mpsc::sync_channel::<()>(1);
        thread::Builder::new().name("checkpoints".into()).spawn(move || {
            let mut told: Option<Instant> = None;
            while let Ok(trail) = waiting.recv() {
                let Err(error) = copy_all(&trail, &to) else { continue };
                metrics.audit_errors.of("checkpoint_copy").inc();
                if told.is_none_or(|at| at.elapsed() > COMPLAIN) {
                    tracing::error!(%error, to = %to.display(), "checkpoints cannot be copied (OTP_AUDIT_CHECKPOINT_DIR)");
                    told = Some(Instant::now());
                }
            }
            // Nobody may be waiting any more.
            let _ = finish.try_send(());
        })?;
        Ok(Self { jobs: Some(jobs), done })
    }

    /// Has the checkpoints of the trail in this directory copied, now or with the next.
    pub fn copy(&self, trail: &Path) {
        // Where one waits already, it will find the newest too.
        let _ = self.jobs.as_ref().map(|jobs| jobs.try_send(trail.to_owned()));
    }

    /// Waits for the last copy, but not long.
    pub fn finish(&mut self) {
        self.jobs = None;
        let _ = self.done.recv_timeout(LAST_COPY);
    }
}

/// Copies what is new of every file of checkpoints.
fn copy_all(trail: &Path, to: &Path) -> io::Result<()> {
    let name = trail.file_name().ok_or_else(|| io::Error::other("a trail without a name"))?;
    files::directory(to)?;
    let to = to.join(name);
    if let Err(error) = DirBuilder::new().mode(0o700).create(&to)
        && error.kind() != io::ErrorKind::AlreadyExists
    {
        return Err(error);
    }
    files::real_directory(&to)?;
    let mut names = Vec::new();
    for entry in trail.read_dir()? {
        let name = entry?.file_name();
        if name.to_str().is_some_and(|name| name.ends_with(".checkpoints.jsonl")) {
            names.push(name);
        }
    }
    names.sort();
    names.iter().try_for_each(|name| copy(&trail.join(name), &to.join(name)))
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut from = match File::open(from) {
        // Gone by retention meanwhile.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    let mut to = files::open(to, OpenOptions::new().create(true).append(true))?;
    let (there, all) = (to.metadata()?.len(), from.metadata()?.len());
    if there > all {
        return Err(io::Error::other("the copy has more than the trail"));
    }
    if there < all {
        from.seek(SeekFrom::Start(there))?;
        io::copy(&mut from.take(all - there), &mut to)?;
        to.flush()?;
        to.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        os::unix::fs::{PermissionsExt as _, symlink},
    };

    use super::*;

    #[test]
    fn what_is_copied_follows_no_link_and_goes_where_not_everybody_may_write() {
        let home = tempfile::tempdir().unwrap();
        let place = |name: &str| home.path().join(name);
        let (trail, name) = (place("trail-00000001"), "00000001.checkpoints.jsonl");
        for dir in [&trail, &place("victim")] {
            fs::create_dir(dir).unwrap();
        }
        fs::write(trail.join(name), "line\n").unwrap();
        let untouched = || fs::read_dir(place("victim")).unwrap().count() == 0;
        let copied = |to: &Path| copy_all(&trail, to).map_err(|error| error.to_string());

        let (good, dir, file, open) = (place("good"), place("dir"), place("file"), place("open"));
        copied(&good).unwrap();
        assert_eq!(fs::read_to_string(good.join("trail-00000001").join(name)).unwrap(), "line\n");
        fs::create_dir(&dir).unwrap();
        symlink(place("victim"), dir.join("trail-00000001")).unwrap();
        assert!(copied(&dir).unwrap_err().contains("a link") && untouched());
        fs::create_dir_all(file.join("trail-00000001")).unwrap();
        symlink(place("victim").join("new"), file.join("trail-00000001").join(name)).unwrap();
        assert!(copied(&file).unwrap_err().contains("symbolic link") && untouched());
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o1777)).unwrap();
        assert!(copied(&open).unwrap_err().contains("everybody may write"));
    }
}
