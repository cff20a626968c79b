//! Keeps the embedded server running: starts it, restarts it with back-off when it dies, ends it with us.

use std::{
    ffi::{OsStr, OsString},
    io,
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rustix::{
    io::{FdFlags, fcntl_setfd},
    process::{Pid, Signal, kill_process},
};

use super::{EmbeddedError, directory::Directory, guard};

/// How often the server is looked after.
const LOOK: Duration = Duration::from_millis(50);
/// First and longest pause before a restart.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// A server that ran this long had started well.
const STABLE: Duration = Duration::from_secs(10);
/// How long the server may take to write its last second to disk when it is told to end.
const ENDING: Duration = Duration::from_secs(5);

/// See the module. Dropping it ends the server and waits for it.
#[derive(Debug)]
pub struct Supervisor {
    stop: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Supervisor {
    /// Starts the server and the thread that looks after it.
    pub fn start(program: PathBuf, directory: &Directory) -> Result<Self, EmbeddedError> {
        let failed = |error| EmbeddedError::Spawn { path: program.clone(), error };
        let arguments = arguments(directory);
        // The lock's descriptor is to be inherited by the server.
        fcntl_setfd(&directory.redis_lock, FdFlags::empty()).map_err(|e| failed(e.into()))?;
        let stop = Arc::new((Mutex::new(false), Condvar::new()));
        let (stopped, path) = (Arc::clone(&stop), program.clone());
        let (report, started) = std::sync::mpsc::channel();
        let body = move || match spawn(&path, &arguments) {
            Ok(child) => {
                let _ = report.send(Ok(()));
                supervise(child, || spawn(&path, &arguments), &stopped);
            }
            Err(error) => drop(report.send(Err(error))),
        };
        let thread = thread::Builder::new().name("redis-supervisor".into()).spawn(body).map_err(failed)?;
        let gone = || Err(io::Error::other("its supervisor ended"));
        started.recv().unwrap_or_else(|_| gone()).map_err(failed)?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        *self.stop.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.stop.1.notify_all();
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn arguments(directory: &Directory) -> Vec<OsString> {
    let (socket, redis, log) = (directory.socket.as_os_str(), directory.redis.as_os_str(), directory.log());
    let plain = OsStr::new;
    [
        ("--port", plain("0")),
        ("--unixsocket", socket),
        ("--unixsocketperm", plain("700")),
        ("--dir", redis),
        ("--logfile", log.as_os_str()),
        ("--loglevel", plain("warning")),
        ("--daemonize", plain("no")),
        ("--save", plain("")),
        ("--appendonly", plain("yes")),
        ("--appendfsync", plain("everysec")),
        ("--maxmemory-policy", plain("noeviction")),
        ("--proc-title-template", plain("{title} otp-sidecar {unixsocket}")),
    ]
    .into_iter()
    .flat_map(|(name, value)| [name.into(), value.to_owned()])
    .collect()
}

fn spawn(program: &PathBuf, arguments: &[OsString]) -> io::Result<Child> {
    // On Linux this name holds even when the file was replaced by an upgrade.
    let ourselves = if cfg!(target_os = "linux") { PathBuf::from("/proc/self/exe") } else { std::env::current_exe()? };
    Command::new(ourselves)
        .arg(guard::WORD)
        .arg(std::process::id().to_string())
        .arg(program)
        .args(arguments)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Ctrl-C on the terminal is for us: we drain first, then end the server.
        .process_group(0)
        .spawn()
}

fn supervise(mut child: Child, spawn: impl Fn() -> io::Result<Child>, stop: &(Mutex<bool>, Condvar)) {
    let (mut pause, mut since) = (BACKOFF.0, Instant::now());
    loop {
        if wait(stop, LOOK) {
            return end(child);
        }
        let status = match child.try_wait() {
            Ok(None) => continue,
            Ok(Some(status)) => status.to_string(),
            Err(error) => error.to_string(),
        };
        if since.elapsed() > STABLE {
            pause = BACKOFF.0;
        }
        tracing::error!(%status, restart_in_ms = pause.as_millis() as u64, "embedded Redis ended");
        loop {
            if wait(stop, pause) {
                return;
            }
            pause = (pause * 2).min(BACKOFF.1);
            match spawn() {
                Ok(new) => {
                    (child, since) = (new, Instant::now());
                    tracing::warn!("embedded Redis restarted");
                    break;
                }
                Err(error) => tracing::error!(%error, "embedded Redis cannot be restarted"),
            }
        }
    }
}

/// Waits; true if it is time to stop.
fn wait((stop, told): &(Mutex<bool>, Condvar), time: Duration) -> bool {
    let guard = stop.lock().unwrap_or_else(PoisonError::into_inner);
    *told.wait_timeout_while(guard, time, |stop| !*stop).unwrap_or_else(PoisonError::into_inner).0
}

fn end(mut child: Child) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // Not reaped yet, so the id is still this child's.
        let _ = kill_process(pid, Signal::TERM);
    }
    let deadline = Instant::now() + ENDING;
    while Instant::now() < deadline {
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    let _ = child.wait();
}
