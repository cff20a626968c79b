//! Child processes that do not outlive the test that started them.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::OnceLock,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use super::wait;

/// A command for `program` that the kernel ends together with the thread that started it, where `setpriv` can ask for
/// that; elsewhere only `Drop` ends it.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    static SETPRIV: OnceLock<Option<PathBuf>> = OnceLock::new();
    let Some(setpriv) = SETPRIV.get_or_init(|| find("setpriv").filter(|found| works(found))) else {
        return Command::new(program);
    };
    // By its path: the test may give the program a `PATH` that leads nowhere.
    let mut command = Command::new(setpriv);
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

/// Where a program is on `PATH`.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(program)).find(|file| file.is_file())
}

/// Not every `setpriv` knows about the signal.
fn works(setpriv: &Path) -> bool {
    let mut probe = Command::new(setpriv);
    probe.args(["--pdeathsig", "KILL", "true"]).stdout(Stdio::null()).stderr(Stdio::null());
    probe.status().is_ok_and(|status| status.success())
}

/// Whether we may become anybody, or say that we may not.
pub fn is_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        eprintln!("not root: what needs a second user is left out");
    }
    root
}

/// Sends `signal` to a child of ours. One that has ended already is no error.
pub fn signal(child: &Child, signal: Signal) {
    let _ = kill_process(Pid::from_child(child), signal);
}

/// Ends a child for good and takes its exit status off the process table.
pub fn kill(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// Waits for the child to end; answers how it ended and after how long.
///
/// # Panics
/// If it still runs after `deadline`.
#[track_caller]
pub fn wait_exit(child: &mut Child, deadline: Duration) -> (ExitStatus, Duration) {
    let start = Instant::now();
    let status = wait::until("the process to end", deadline, || child.try_wait().expect("wait"));
    (status, start.elapsed())
}

/// Nothing that was told about `directory` runs.
pub fn nothing_runs_over(directory: &Path) -> bool {
    let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let mut told = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    let name = directory.to_str().unwrap();
    !told.any(|words| String::from_utf8_lossy(&words).contains(name))
}

#[test]
fn a_child_takes_signals_and_its_end_is_seen() {
    use std::os::unix::process::ExitStatusExt;
    let mut child = command("sleep").arg("60").spawn().unwrap();
    signal(&child, Signal::TERM);
    let (status, _) = wait_exit(&mut child, Duration::from_secs(5));
    assert_eq!(status.signal(), Some(Signal::TERM.as_raw()));
    kill(&mut child);
}
