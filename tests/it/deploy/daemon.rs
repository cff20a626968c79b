//! A program of others', started with a configuration of ours and stopped with the test.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ExitStatus, Stdio},
    thread,
    time::Duration,
};

use tempfile::TempDir;

use crate::support::{process, wait};

/// Some take seconds on a machine that is busy with others.
const UP_WITHIN: Duration = wait::PATIENCE;

/// See the module.
#[derive(Debug)]
pub struct Daemon {
    name: &'static str,
    child: Child,
    /// Where it runs, with its configuration, its data and its log.
    dir: TempDir,
}

/// An empty directory for one daemon.
pub fn place(name: &str) -> TempDir {
    tempfile::Builder::new().prefix(&format!("otp-{name}-")).tempdir().expect("a temp dir")
}

/// The path of one of the files that are deployed.
pub fn deployed(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(path)
}

/// One of the files that are deployed.
#[track_caller]
pub fn read(path: &str) -> String {
    fs::read_to_string(deployed(path)).unwrap_or_else(|error| panic!("deploy/{path}: {error}"))
}

/// `text` with `to` in place of `from`, which must be there.
#[track_caller]
pub fn swap(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "no {from:?} in:\n{text}");
    text.replace(from, to)
}

impl Daemon {
    /// Starts `name` in `dir`.
    #[track_caller]
    pub fn start(name: &'static str, dir: TempDir, arguments: &[&str]) -> Self {
        let log = File::create(dir.path().join("log")).expect("a log");
        let child = process::command(name)
            .args(arguments)
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}; `make test-deps` installs it"));
        Self { name, child, dir }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where it runs.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// All it has said so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    /// Waits until its log shows `what`, as `find` reads it.
    #[track_caller]
    pub fn said<T>(&mut self, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
        wait::until(&format!("{} to say {what}", self.name), UP_WITHIN, || {
            let log = self.log();
            if let (None, Ok(Some(status))) = (find(&log), self.child.try_wait()) {
                panic!("{} ended: {status}", self.name);
            }
            find(&log)
        })
    }

    /// The address that it says it listens on, as programs of the Prometheus family do.
    #[track_caller]
    pub fn listening(&mut self) -> SocketAddr {
        self.said("where it listens", |log| {
            let line = log.lines().find(|line| line.contains("msg=\"Listening on\""))?;
            line.split("address=").nth(1)?.split_whitespace().next()?.parse().ok()
        })
    }

    /// Waits for its end.
    #[track_caller]
    pub fn ended(&mut self) -> ExitStatus {
        process::wait_exit(&mut self.child, UP_WITHIN).0
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        process::kill(&mut self.child);
        if thread::panicking() {
            let log = self.log();
            let last: Vec<_> = log.lines().rev().take(40).collect();
            eprintln!("--- log of {} ---\n{}", self.name, last.into_iter().rev().collect::<Vec<_>>().join("\n"));
        }
    }
}
