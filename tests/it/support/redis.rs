//! A private Redis server for one test.

use std::{
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    time::Duration,
};

use redis::{Client, Commands, Connection, FromRedisValue, ScanOptions, Value};
use rustix::process::Signal;
use tempfile::TempDir;

use super::{process, wait};

/// Far beyond the 20 ms that a start takes, for a machine under full load.
const READY_WITHIN: Duration = Duration::from_secs(10);

/// How a test's Redis differs from the plain one: unix socket only, no persistence, `noeviction`.
#[derive(Debug, Clone, Default)]
pub struct RedisOptions {
    /// Also listen on a free loopback port, and let [`Redis::url`] name that.
    pub tcp: bool,
    /// `maxmemory`, as Redis writes it (`64mb`).
    pub maxmemory: Option<String>,
    /// `maxmemory-policy`; `noeviction` if unset.
    pub policy: Option<String>,
    /// Append-only file, synced every second.
    pub aof: bool,
    /// Lines of an ACL file.
    pub acl: Option<String>,
    /// Further arguments of the server.
    pub extra: Vec<String>,
    /// Variables of its environment, on top of the test's own.
    pub environment: Vec<(String, String)>,
}

/// A running (or killed) server; its data and address stay until it is dropped.
#[derive(Debug)]
pub struct Redis {
    dir: TempDir,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    port: Option<u16>,
    child: Child,
}

impl Redis {
    /// Starts one with the plain options and waits until it answers.
    #[track_caller]
    pub fn start() -> Self {
        Self::with(RedisOptions::default())
    }

    /// Starts one and waits until it answers.
    #[track_caller]
    pub fn with(options: RedisOptions) -> Self {
        Self::with_environment(options, Vec::new())
    }

    /// [`Redis::with`], with variables for the server on top of the test's own.
    #[track_caller]
    pub fn with_environment(options: RedisOptions, environment: Vec<(String, String)>) -> Self {
        let dir = tempfile::Builder::new().prefix("otp-redis-").tempdir().expect("a temp dir");
        let port = options.tcp.then(free_port);
        let path = |name: &str| dir.path().join(name).display().to_string();
        let mut arguments: Vec<String> = Vec::new();
        let mut set = |name: &str, value: &str| arguments.extend([format!("--{name}"), value.to_owned()]);
        set("dir", &dir.path().display().to_string());
        set("unixsocket", &path("redis.sock"));
        set("bind", "127.0.0.1");
        set("port", &port.unwrap_or(0).to_string());
        set("save", "");
        set("appendonly", if options.aof { "yes" } else { "no" });
        set("maxmemory-policy", options.policy.as_deref().unwrap_or("noeviction"));
        if let Some(maxmemory) = &options.maxmemory {
            set("maxmemory", maxmemory);
        }
        if let Some(acl) = &options.acl {
            fs::write(path("users.acl"), acl).expect("an ACL file");
            set("aclfile", &path("users.acl"));
        }
        arguments.extend(options.extra);
        let environment = [options.environment, environment].concat();
        let child = spawn(dir.path(), &arguments, &environment);
        let mut redis = Self { dir, arguments, environment, port, child };
        redis.wait_ready();
        redis
    }

    /// What `REDIS_URL` should say.
    pub fn url(&self) -> String {
        match self.port {
            Some(port) => format!("redis://127.0.0.1:{port}"),
            None => format!("unix://{}", self.dir.path().join("redis.sock").display()),
        }
    }

    /// Where its data and its log (`redis.log`) lie.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A blocking connection.
    #[track_caller]
    pub fn connect(&self) -> Connection {
        Client::open(self.url()).and_then(|client| client.get_connection()).expect("a connection to Redis")
    }

    /// Runs one command.
    #[track_caller]
    pub fn cli(&self, command: &[&str]) -> Value {
        self.ask(command)
    }

    /// Runs one command and reads its answer as `T`.
    #[track_caller]
    pub fn ask<T: FromRedisValue>(&self, command: &[&str]) -> T {
        let mut cmd = redis::Cmd::new();
        cmd.arg(command);
        cmd.query(&mut self.connect()).unwrap_or_else(|error| panic!("{command:?}: {error}"))
    }

    /// One field of `INFO section`.
    #[track_caller]
    pub fn info(&self, section: &str, field: &str) -> String {
        let info: String = self.ask(&["INFO", section]);
        let found = info.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        found.unwrap_or_else(|| panic!("INFO {section} without {field}")).to_owned()
    }

    /// Runs `verb key rest…` for a key of whatever bytes, and reads its answer as `T`.
    #[track_caller]
    pub fn ask_key<T: FromRedisValue>(&self, verb: &str, key: &[u8], rest: &[&str]) -> T {
        let mut cmd = redis::cmd(verb);
        cmd.arg(key).arg(rest);
        cmd.query(&mut self.connect()).unwrap_or_else(|error| panic!("{verb} {}: {error}", key.escape_ascii()))
    }

    /// Every key there is. Names are bytes, not text.
    #[track_caller]
    pub fn keys(&self) -> Vec<Vec<u8>> {
        self.scan(ScanOptions::default())
    }

    /// The keys of all outboxes.
    #[track_caller]
    pub fn streams(&self) -> Vec<Vec<u8>> {
        let streams = self.scan(ScanOptions::default().with_type("stream"));
        streams.into_iter().filter(|key| key.ends_with(b":events")).collect()
    }

    /// Begins epoch 2 wherever there is an outbox, as after a failover that may have lost writes.
    #[track_caller]
    pub fn raise_epochs(&self) {
        for stream in self.streams() {
            let epoch = String::from_utf8(stream).expect("a readable name").replace(":events", ":epoch");
            self.cli(&["SET", &epoch, "2"]);
        }
    }

    #[track_caller]
    fn scan(&self, options: ScanOptions) -> Vec<Vec<u8>> {
        let mut connection = self.connect();
        let keys = connection.scan_options(options.with_count(1000)).expect("SCAN");
        keys.map(|key| key.expect("a key's name")).collect()
    }

    /// SIGKILL: whatever was not on disk is gone.
    pub fn kill(&mut self) {
        process::kill(&mut self.child);
    }

    /// SIGSTOP: connections stay open and nothing is answered.
    pub fn pause(&self) {
        process::signal(&self.child, Signal::STOP);
    }

    /// Ends a [`Redis::pause`].
    pub fn resume(&self) {
        process::signal(&self.child, Signal::CONT);
    }

    /// Starts it again on the same address and data, ending it first if it still runs.
    #[track_caller]
    pub fn restart(&mut self) {
        self.restart_unready();
        self.wait_ready();
    }

    /// [`Redis::restart`] without waiting for it.
    pub fn restart_unready(&mut self) {
        self.kill();
        self.child = spawn(self.dir.path(), &self.arguments, &self.environment);
    }

    /// Starts with this value of a setting that it was started with, from the next time on.
    #[track_caller]
    pub fn replace_argument(&mut self, setting: &str, value: &str) {
        let at = self.arguments.iter().position(|argument| *argument == format!("--{setting}"));
        self.arguments[at.expect("a setting") + 1] = value.into();
    }

    /// Waits until it answers PING, which it does not while it loads.
    #[track_caller]
    pub fn wait_ready(&mut self) {
        let client = Client::open(self.url()).expect("a Redis URL");
        let child = &mut self.child;
        let log = self.dir.path().join("redis.log");
        wait::until("Redis to answer PING", READY_WITHIN, || {
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

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(dir: &Path, arguments: &[String], environment: &[(String, String)]) -> Child {
    let log = File::options().create(true).append(true).open(dir.join("redis.log")).expect("a log file");
    process::command(server())
        .args(arguments)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stderr(log.try_clone().expect("a second handle of the log"))
        .stdout(log)
        .spawn()
        .expect("a server that can be started")
}

/// `redis-server`, or `valkey-server` where only that is on `PATH`.
fn server() -> PathBuf {
    let found = ["redis-server", "valkey-server"].into_iter().find_map(process::find);
    found.expect("redis-server on PATH: `make deps` installs it")
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

#[test]
fn a_server_keeps_its_address_and_its_append_only_data_over_a_kill() {
    let mut redis = Redis::with(RedisOptions {
        aof: true,
        extra: vec!["--appendfsync".into(), "always".into()],
        ..Default::default()
    });
    redis.cli(&["SET", "kept", "1"]);
    let url = redis.url();
    redis.kill();
    redis.restart();
    assert_eq!((redis.url(), redis.keys()), (url, vec![b"kept".to_vec()]));
}

#[test]
fn options_reach_the_server_and_two_servers_share_nothing() {
    let small = Redis::with(RedisOptions {
        tcp: true,
        maxmemory: Some("64mb".into()),
        policy: Some("allkeys-lru".into()),
        ..Default::default()
    });
    let plain = Redis::start();
    assert!(small.url().starts_with("redis://127.0.0.1:"));
    assert_eq!(small.info("memory", "maxmemory_policy"), "allkeys-lru");
    assert_eq!(plain.info("memory", "maxmemory_policy"), "noeviction");
    small.cli(&["SET", "mine", "1"]);
    assert_eq!(plain.ask::<u64>(&["DBSIZE"]), 0);
}

#[test]
fn a_paused_server_answers_nothing_until_it_is_resumed() {
    let redis = Redis::start();
    let mut connection = redis.connect();
    connection.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    redis.pause();
    assert!(redis::cmd("PING").query::<String>(&mut connection).is_err());
    redis.resume();
    assert_eq!(redis.ask::<String>(&["PING"]), "PONG");
}

#[test]
fn users_of_an_acl_file_are_in_force() {
    let acl = "user default on nopass ~* &* +@all\nuser app on >secret ~otp:* +get\n".to_owned();
    let redis = Redis::with(RedisOptions { acl: Some(acl), ..Default::default() });
    let users: Vec<String> = redis.ask(&["ACL", "USERS"]);
    assert_eq!(users, ["app", "default"]);
}
