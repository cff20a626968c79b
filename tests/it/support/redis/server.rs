//! One server process of a test's own: its data and address stay until it is dropped.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Stdio},
};

use redis::Client;
use rustix::process::Signal;
use tempfile::TempDir;

use super::{RedisOptions, port::Port};
use crate::support::{process, wait};

/// See the module. Running, or killed.
#[derive(Debug)]
pub struct Server {
    dir: TempDir,
    program: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    port: Option<Port>,
    child: Child,
}

impl Server {
    /// Starts one; it may not answer yet.
    #[track_caller]
    pub fn start(options: &RedisOptions) -> Self {
        let port = options.tcp.then(Port::take);
        let program = options.program.clone().unwrap_or_else(program);
        Self::run(program, port, &options.environment, |dir, port| options.arguments(dir, port))
    }

    /// Starts one with whatever arguments, told its directory and its port; it may not answer yet.
    #[track_caller]
    pub fn run(
        program: PathBuf,
        port: Option<Port>,
        environment: &[(String, String)],
        arguments: impl FnOnce(&Path, Option<&Port>) -> Vec<String>,
    ) -> Self {
        let dir = tempfile::Builder::new().prefix("otp-redis-").tempdir().expect("a temp dir");
        let arguments = arguments(dir.path(), port.as_ref());
        let child = spawn(&program, dir.path(), &arguments, environment);
        Self { dir, program, arguments, environment: environment.to_vec(), port, child }
    }

    /// Its port, where it has one.
    pub fn port(&self) -> Option<u16> {
        self.port.as_ref().map(Port::number)
    }

    /// Where its data and its log (`redis.log`) lie.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Its unix socket.
    pub fn socket(&self) -> PathBuf {
        self.dir.path().join("redis.sock")
    }

    /// SIGKILL: whatever was not on disk is gone.
    pub fn kill(&mut self) {
        process::kill(&mut self.child);
    }

    /// SIGSTOP: connections stay open and nothing is answered.
    pub fn pause(&self) {
        process::signal(&self.child, Signal::STOP);
    }

    /// Ends a [`Server::pause`].
    pub fn resume(&self) {
        process::signal(&self.child, Signal::CONT);
    }

    /// Starts it again on the same address and data, ending it first if it still runs. It may not answer yet.
    pub fn restart(&mut self) {
        self.kill();
        self.child = spawn(&self.program, self.dir.path(), &self.arguments, &self.environment);
    }

    /// Starts with this value of a setting that it was started with, from the next time on.
    #[track_caller]
    pub fn replace_argument(&mut self, setting: &str, value: &str) {
        // The last one holds.
        let at = self.arguments.iter().rposition(|argument| *argument == format!("--{setting}"));
        self.arguments[at.expect("a setting") + 1] = value.into();
    }

    /// Waits until it answers PING, which it does not while it loads.
    #[track_caller]
    pub fn wait_ready(&mut self) {
        let client = Client::open(format!("unix://{}", self.socket().display())).expect("a Redis URL");
        let child = &mut self.child;
        let log = self.dir.path().join("redis.log");
        wait::until("Redis to answer PING", wait::PATIENCE, || {
            if let Ok(Some(status)) = child.try_wait() {
                panic!("the server ended: {status}\n{}", fs::read_to_string(&log).unwrap_or_default());
            }
            match client.get_connection().and_then(|mut to| redis::cmd("PING").query::<String>(&mut to)) {
                Ok(pong) => (pong == "PONG").then_some(()),
                Err(error) => matches!(error.code(), Some("NOAUTH" | "NOPERM")).then_some(()),
            }
        });
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(program: &Path, dir: &Path, arguments: &[String], environment: &[(String, String)]) -> Child {
    let log = File::options().create(true).append(true).open(dir.join("redis.log")).expect("a log file");
    process::command(program)
        .args(arguments)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stderr(log.try_clone().expect("a second handle of the log"))
        .stdout(log)
        .spawn()
        .expect("a server that can be started")
}

/// `redis-server`, or `valkey-server` where only that is on `PATH`.
pub fn program() -> PathBuf {
    let found = ["redis-server", "valkey-server"].into_iter().find_map(process::find);
    found.expect("redis-server on PATH: `make deps` installs it")
}
