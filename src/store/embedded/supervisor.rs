//! Keeps the embedded server running: starts it, restarts it with back-off when it dies, ends it with us.

use std::{
    ffi::{OsStr, OsString},
    io,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rustix::{
    io::{FdFlags, fcntl_setfd},
    process::{Pid, Signal, kill_process},
};

use super::{EmbeddedError, clean, directory::Directory, guard, log::Log};

/// How often the server is looked after.
const LOOK: Duration = Duration::from_millis(50);
/// First and longest pause before a restart.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// A server that ran this long had started well.
const STABLE: Duration = Duration::from_secs(10);
/// How long the server may take to write its last second to disk when it is told to end.
const ENDING: Duration = Duration::from_millis(3500);
/// How long the kernel may take to end it for good.
const KILLED: Duration = Duration::from_millis(500);
/// How long the end of the server may take, in all.
pub const LONGEST_END: Duration = Duration::from_secs(4);

const _: () = assert!(ENDING.as_millis() + KILLED.as_millis() <= LONGEST_END.as_millis());

/// A server that ended this often without ever having answered will not do better.
const TRIES: u32 = 3;

/// See the module. Dropping it ends the server and waits for it.
#[derive(Debug)]
pub struct Supervisor {
    shared: Arc<Shared>,
    program: PathBuf,
    log: PathBuf,
    thread: Option<JoinHandle<()>>,
}

/// What the supervisor's thread and the others tell each other.
#[derive(Debug, Default)]
struct Shared {
    stop: Mutex<bool>,
    told: Condvar,
    answered: AtomicBool,
    /// Why the server was given up.
    given_up: Mutex<Option<String>>,
}

impl Supervisor {
    /// Starts the server and the thread that looks after it.
    pub fn start(program: PathBuf, directory: &Directory) -> Result<Self, EmbeddedError> {
        let failed = |error| EmbeddedError::Spawn { path: program.clone(), error };
        // The lock's descriptor is to be inherited by the server.
        fcntl_setfd(&directory.redis_lock, FdFlags::empty()).map_err(|e| failed(e.into()))?;
        let shared = Arc::new(Shared::default());
        let mut server = Server {
            program: program.clone(),
            directory: directory.redis.clone(),
            arguments: arguments(directory),
            log: Log::new(directory.log()),
        };
        let (report, started) = std::sync::mpsc::channel();
        let body = {
            let shared = Arc::clone(&shared);
            move || match server.spawn() {
                Ok(child) => {
                    let _ = report.send(Ok(()));
                    supervise(child, server, &shared);
                }
                Err(error) => drop(report.send(Err(error))),
            }
        };
        let thread = thread::Builder::new().name("redis-supervisor".into()).spawn(body).map_err(failed)?;
        let gone = || Err(io::Error::other("its supervisor ended"));
        started.recv().unwrap_or_else(|_| gone()).map_err(failed)?;
        Ok(Self { shared, program, log: directory.log(), thread: Some(thread) })
    }

    /// See [`super::Embedded::answered`].
    pub fn answered(&self) {
        self.shared.answered.store(true, Ordering::Relaxed);
    }

    /// See [`super::Embedded::given_up`].
    pub fn given_up(&self) -> Option<EmbeddedError> {
        let cause = self.shared.given_up.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        Some(EmbeddedError::Ended { path: self.program.clone(), cause, log: self.log.clone() })
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        *self.shared.stop.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.shared.told.notify_all();
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

/// What is started again and again.
struct Server {
    program: PathBuf,
    directory: PathBuf,
    arguments: Vec<OsString>,
    log: Log,
}

impl Server {
    fn spawn(&mut self) -> io::Result<Child> {
        // On Linux this name holds even when the file was replaced by an upgrade.
        let ourselves =
            if cfg!(target_os = "linux") { PathBuf::from("/proc/self/exe") } else { std::env::current_exe()? };
        let log = self.log.begin()?;
        Command::new(ourselves)
            .arg(guard::WORD)
            .arg(std::process::id().to_string())
            .arg(&self.program)
            .args(&self.arguments)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // Ctrl-C on the terminal is for us: we drain first, then end the server.
            .process_group(0)
            .spawn()
    }
}

fn supervise(mut child: Child, mut server: Server, shared: &Shared) {
    let (mut pause, mut since, mut tries) = (BACKOFF.0, Instant::now(), 1);
    loop {
        if shared.wait(LOOK) {
            return end(child, &server.directory);
        }
        let status = match child.try_wait() {
            Ok(None) => continue,
            Ok(Some(status)) => status.to_string(),
            Err(error) => error.to_string(),
        };
        let last_words = server.log.last_words();
        if tries >= TRIES && !shared.answered.load(Ordering::Relaxed) {
            let cause = last_words.map_or(status.clone(), |words| format!("{words} ({status})"));
            *shared.given_up.lock().unwrap_or_else(PoisonError::into_inner) = Some(cause);
            return;
        }
        if since.elapsed() > STABLE {
            pause = BACKOFF.0;
        }
        let (restart_in_ms, log) = (pause.as_millis() as u64, server.log.path().display());
        tracing::error!(%status, last_words, %log, restart_in_ms, "embedded Redis ended");
        loop {
            if shared.wait(pause) {
                return;
            }
            pause = (pause * 2).min(BACKOFF.1);
            match server.spawn() {
                Ok(new) => {
                    (child, since, tries) = (new, Instant::now(), tries.saturating_add(1));
                    tracing::warn!("embedded Redis restarted");
                    break;
                }
                Err(error) => tracing::error!(%error, "embedded Redis cannot be restarted"),
            }
        }
    }
}

impl Shared {
    /// Waits; true if it is time to stop.
    fn wait(&self, time: Duration) -> bool {
        let guard = self.stop.lock().unwrap_or_else(PoisonError::into_inner);
        *self.told.wait_timeout_while(guard, time, |stop| !*stop).unwrap_or_else(PoisonError::into_inner).0
    }
}

fn end(mut child: Child, directory: &Path) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // Not reaped yet, so the id is still this child's.
        let _ = kill_process(pid, Signal::TERM);
    }
    if ends_within(&mut child, ENDING) {
        let well = matches!(child.try_wait(), Ok(Some(status)) if status.success());
        if let Err(error) = if well { clean::note(directory) } else { Ok(()) } {
            tracing::debug!(%error, "nothing says that the embedded Redis ended well");
        }
    } else {
        let _ = child.kill();
        // One that is stuck in the kernel ends when it comes out of it; we need not be there.
        ends_within(&mut child, KILLED);
    }
}

fn ends_within(child: &mut Child, time: Duration) -> bool {
    let deadline = Instant::now() + time;
    while matches!(child.try_wait(), Ok(None)) {
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(5));
    }
    true
}
