//! The environment that a sidecar is started with.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::{Redis, Sidecar, keys, process, wait};

/// The longest that can be set, so that a machine under full load fails no test that is not about time-outs.
pub const REDIS_TIMEOUT: &str = "800ms";

/// What a stream of the process has said so far.
pub type Lines = Arc<Mutex<Vec<String>>>;

/// The environment of a sidecar about to start.
#[derive(Debug, Clone)]
pub struct Builder {
    variables: BTreeMap<String, String>,
    home: Arc<TempDir>,
    stdout: Stdout,
    through: Vec<String>,
}

/// Who reads the standard output.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stdout {
    Read,
    /// A pipe that is open and full.
    Unread,
    /// A pipe whose reader has gone.
    Gone,
}

impl Builder {
    /// An environment with the test's keys, ports of its own, a fresh home, and no store yet.
    pub fn new() -> Self {
        let home = Arc::new(tempfile::Builder::new().prefix("otp-home-").tempdir().expect("a temp dir"));
        let data = home.path().join("data").display().to_string();
        Self { variables: BTreeMap::new(), home, stdout: Stdout::Read, through: Vec::new() }.set_all(&[
            ("OTP_LISTEN", "127.0.0.1:0"),
            ("OTP_ADMIN_LISTEN", "127.0.0.1:0"),
            ("OTP_API_KEYS", &keys::api_keys()),
            ("OTP_ADMIN_KEYS", &keys::admin_keys()),
            ("OTP_PEPPER", keys::PEPPER),
            ("OTP_INDEX_KEY", keys::INDEX_KEY),
            ("OTP_HASH", "hmac"),
            ("OTP_REDIS_TIMEOUT", REDIS_TIMEOUT),
            ("OTP_DATA_DIR", &data),
            ("OTP_LOG_FORMAT", "json"),
            ("OTP_AUDIT_SINK", "stdout"),
        ])
    }

    /// Sets one variable.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Sets several.
    #[must_use]
    pub fn set_all(self, variables: &[(&str, &str)]) -> Self {
        variables.iter().fold(self, |builder, (name, value)| builder.set(name, value))
    }

    /// Leaves one to the sidecar's own default.
    #[must_use]
    pub fn unset(mut self, name: &str) -> Self {
        self.variables.remove(name);
        self
    }

    /// Lets it use `redis`, with no more rights there than it needs.
    #[must_use]
    pub fn on(self, redis: &Redis) -> Self {
        self.set("REDIS_URL", &redis.sidecars_url())
    }

    /// Puts both listeners on unix sockets.
    #[must_use]
    pub fn on_unix_sockets(self) -> Self {
        let path = |name: &str| format!("unix:{}", self.home.path().join(name).display());
        let (app, admin) = (path("app.sock"), path("admin.sock"));
        self.set("OTP_LISTEN", &app).set("OTP_ADMIN_LISTEN", &admin)
    }

    /// Leaves its standard output a pipe that nobody reads.
    #[must_use]
    pub fn stdout_unread(self) -> Self {
        Self { stdout: Stdout::Unread, ..self }
    }

    /// Ends whoever reads its standard output.
    #[must_use]
    pub fn stdout_gone(self) -> Self {
        Self { stdout: Stdout::Gone, ..self }
    }

    /// Has another program start it, such as `prlimit`, which becomes it.
    #[must_use]
    pub fn through(self, program: &[&str]) -> Self {
        Self { through: program.iter().map(|word| (*word).to_owned()).collect(), ..self }
    }

    /// Lets it run as another user than root, whose home is then its own.
    #[must_use]
    pub fn run_as(self, user: u32) -> Self {
        std::os::unix::fs::chown(self.home.path(), Some(user), Some(user)).expect("we are root");
        let (uid, gid) = (format!("--reuid={user}"), format!("--regid={user}"));
        self.through(&["setpriv", &uid, &gid, "--clear-groups", "--"])
    }

    /// Its home.
    pub fn home(&self) -> &std::path::Path {
        self.home.path()
    }

    /// Runs another command than `serve` in the same environment; answers its exit code, what it printed and what it
    /// complained of.
    pub fn run(&self, words: &[&str]) -> (i32, String, String) {
        let done = self.command().args(words).output().expect("the built binary");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (done.status.code().expect("an exit code"), text(&done.stdout), text(&done.stderr))
    }

    /// Starts it and waits until `/readyz` of both listeners is 200.
    #[track_caller]
    pub fn start(self) -> Sidecar {
        let mut sidecar = self.start_unready();
        sidecar.wait_ready();
        sidecar
    }

    /// Starts it and waits only until both its listeners are open.
    #[track_caller]
    pub fn start_unready(self) -> Sidecar {
        let mut sidecar = self.start_waiting();
        sidecar.opens();
        sidecar
    }

    /// Starts it and waits only until operators are answered: it may wait for its store for long.
    #[track_caller]
    pub fn start_waiting(self) -> Sidecar {
        let mut child = self.spawn();
        let paused = Arc::default();
        let stderr = collect(child.stderr.take().expect("its stderr"), &paused);
        let stdout = match self.stdout {
            Stdout::Read => collect(child.stdout.take().expect("its stdout"), &Arc::default()),
            // The child keeps its end of the pipe, so that it is open but full.
            Stdout::Unread => Lines::default(),
            Stdout::Gone => {
                drop(child.stdout.take());
                Lines::default()
            }
        };
        Sidecar::listening(child, self.home, stderr, stdout, paused)
    }

    /// See [`Sidecar::expect_no_start`].
    #[track_caller]
    pub fn expect_no_start(self) -> (i32, String) {
        let mut child = self.spawn();
        let stderr = collect(child.stderr.take().expect("its stderr"), &Arc::default());
        let end = Instant::now() + wait::PATIENCE;
        let status = loop {
            match child.try_wait().expect("wait") {
                Some(status) => break status,
                None if Instant::now() < end => thread::sleep(Duration::from_millis(5)),
                None => {
                    process::kill(&mut child);
                    panic!("it started: {:?}", stderr.lock().unwrap());
                }
            }
        };
        // The reader has the last line once it alone is left of the two owners.
        wait::until("the end of stderr", wait::PATIENCE, || (Arc::strong_count(&stderr) == 1).then_some(()));
        let text = stderr.lock().unwrap().join("\n");
        (status.code().unwrap_or_else(|| panic!("ended by a signal: {status}\n{text}")), text)
    }

    fn command(&self) -> Command {
        let ours = env!("CARGO_BIN_EXE_otp-sidecar");
        let mut command = match self.through.split_first() {
            None => process::command(ours),
            Some((program, arguments)) => {
                let mut command = process::command(process::find(program).expect("on PATH"));
                command.args(arguments).arg(ours);
                command
            }
        };
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .envs(&self.variables)
            .current_dir(self.home.path())
            .stdin(Stdio::null());
        command
    }

    fn spawn(&self) -> Child {
        self.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the built binary")
    }
}

/// Between two looks of a reader that was told to pause.
const PAUSE: Duration = Duration::from_millis(20);

/// Keeps every line of `stream` for as long as it is open; leaves it be while `paused`.
fn collect(stream: impl Read + Send + 'static, paused: &Arc<AtomicBool>) -> Lines {
    let lines = Lines::default();
    let (into, paused) = (Arc::clone(&lines), Arc::clone(paused));
    thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
            into.lock().unwrap().push(String::from_utf8_lossy(&line).into_owned());
            while paused.load(Ordering::Relaxed) {
                thread::sleep(PAUSE);
            }
        }
    });
    lines
}
