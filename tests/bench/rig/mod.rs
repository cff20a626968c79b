//! Processes under measurement: started, watched, ended.

mod many;
mod others;
mod peer;
mod processor;
mod recorder;
mod sidecar;

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{
    server,
    support::{Address, Redis, RedisOptions, process},
};
use many::Many;
pub use many::Stores;
use others::Others;
pub use peer::{Kind, Peer};
use processor::family;
pub use processor::{busy, busy_altogether, busy_here, busy_thread, peak, resident};
pub use recorder::Exchange;
use recorder::Recorder;
pub use sidecar::{before, program};

/// Far beyond what any server here takes to start, on a machine under full load too.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// Between two looks whether it is ready: short beside what a start takes.
const LOOK: Duration = Duration::from_micros(500);

/// What answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Server {
    /// The sidecar, as it is released, with this in its environment on top of what every one here has.
    Sidecar(&'static [(&'static str, &'static str)]),
    /// The one that `BENCH_AGAINST` names, with the same.
    Before(&'static [(&'static str, &'static str)]),
    /// See [`server::reference`].
    Reference,
    /// See [`server::bare`].
    Hyper,
    /// See [`peer`].
    Peer(Peer),
}

impl Server {
    /// What it has in its environment on top of what every one here has.
    fn variables(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Sidecar(variables) | Self::Before(variables) => variables,
            Self::Reference | Self::Hyper | Self::Peer(_) => &[],
        }
    }
}

/// How it is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Unix,
    Tcp,
}

/// A server with a Redis of its own, both fresh.
pub struct Rig {
    server: Server,
    child: Child,
    pub address: Address,
    /// None of a server that needs none.
    pub redis: Option<Redis>,
    many: Option<Many>,
    recorder: Option<Recorder>,
    others: Others,
    dir: TempDir,
}

impl Rig {
    /// Starts both and waits until they answer.
    pub fn start(server: Server, transport: Transport, aof: bool) -> Self {
        Self::start_on(server, transport, aof, Stores::One)
    }

    /// The same over a store of another kind.
    pub fn start_on(server: Server, transport: Transport, aof: bool, stores: Stores) -> Self {
        let many = Many::start(stores);
        let redis = (many.is_none() && server != Server::Hyper).then(|| as_embedded(aof));
        Self::over((redis, many), None, server, transport)
    }

    /// Starts both, and records what they say to each other.
    pub fn start_recorded(server: Server, transport: Transport) -> Self {
        let redis = as_embedded(true);
        let recorder = Recorder::start(redis.dir().join("redis.sock"));
        Self::over((Some(redis), None), Some(recorder), server, transport)
    }

    /// Starts one that brings its own Redis, where that is something it can.
    pub fn start_embedded(server: Server) -> Self {
        Self::over((None, None), None, server, Transport::Unix)
    }

    fn over(
        (redis, many): (Option<Redis>, Option<Many>),
        recorder: Option<Recorder>,
        server: Server,
        transport: Transport,
    ) -> Self {
        let dir = tempfile::Builder::new().prefix("otp-bench-").tempdir().expect("a temp dir");
        let address = match transport {
            Transport::Unix => Address::Unix(dir.path().join("app.sock")),
            Transport::Tcp => Address::Tcp(([127, 0, 0, 1], free_port()).into()),
        };
        let url = recorder.as_ref().map(Recorder::url).or_else(|| redis.as_ref().map(Redis::url));
        let url = url.or_else(|| many.as_ref().map(Many::url));
        let others = Others::of(server.variables());
        let child = ready(server, &address, url.as_deref(), dir.path(), &others);
        Self { server, child, address, redis, many, recorder, others, dir }
    }

    /// Ends the server; Redis stays.
    pub fn stop(&mut self) {
        end(&mut self.child);
        if let Address::Unix(path) = &self.address {
            // What was killed leaves it behind.
            let _ = std::fs::remove_file(path);
        }
    }

    /// Starts it again after a [`Rig::stop`] and waits until it is ready.
    pub fn start_again(&mut self) {
        let url = self.redis.as_ref().map(Redis::url);
        self.child = ready(self.server, &self.address, url.as_deref(), self.dir.path(), &self.others);
    }

    /// What a [`Rig::start_recorded`] recorded since this was last asked.
    pub fn take_recorded(&self) -> Vec<Exchange> {
        self.recorder.as_ref().map(Recorder::take).unwrap_or_default()
    }

    /// The server's process.
    pub fn server(&self) -> u32 {
        self.child.id()
    }

    /// The processes of Redis.
    pub fn redis(&self) -> Vec<u32> {
        let one = self.redis.iter().map(|redis| redis.info("server", "process_id").parse().expect("a pid"));
        one.chain(self.many.iter().flat_map(Many::processes)).collect()
    }

    /// A sum of the sidecar's metrics.
    pub fn metric(&self, name: &str) -> f64 {
        let text =
            Address::Unix(self.dir.path().join("admin.sock")).get_text("/metrics", READY_WITHIN).expect("metrics");
        text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse::<f64>().ok()).sum()
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// With the processes that it started, which would outlive it for a while.
fn end(child: &mut Child) {
    for pid in family(child.id()).into_iter().skip(1) {
        let _ = Pid::from_raw(pid as i32).map(|pid| kill_process(pid, Signal::KILL));
    }
    process::kill(child);
}

fn ready(server: Server, address: &Address, redis: Option<&str>, home: &Path, others: &Others) -> Child {
    let sidecar = |program: PathBuf| {
        let variables = server.variables().iter().map(|(name, value)| (*name, others.written(value)));
        let mut command = sidecar::command(&program, home, address, redis);
        command.envs(variables);
        command
    };
    let command = match server {
        Server::Sidecar(_) => sidecar(program()),
        Server::Before(_) => sidecar(before().expect("BENCH_AGAINST")),
        Server::Reference => ourselves(&[server::REFERENCE, &written(address), redis.unwrap_or_default()]),
        Server::Hyper => ourselves(&[server::HYPER, &written(address)]),
        Server::Peer(peer) => peer.command(address, Path::new(redis.unwrap_or_default().trim_start_matches("unix://"))),
    };
    started(command, address)
}

/// Starts it and waits until it answers there.
fn started(mut command: Command, address: &Address) -> Child {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("a server that starts");
    let deadline = Instant::now() + READY_WITHIN;
    while !address.get_status("/readyz", Duration::from_secs(1)).is_ok_and(|status| status == 200) {
        if let Ok(Some(status)) = child.try_wait() {
            panic!("{address:?} ended: {status}");
        }
        if Instant::now() > deadline {
            end(&mut child);
            panic!("{address:?} is not ready within {READY_WITHIN:?}");
        }
        thread::sleep(LOOK);
    }
    child
}

/// With the settings of the embedded default. Only the rewriting of the append-only file does not start by itself: it
/// would fall into one measurement and not into the next.
pub fn as_embedded(aof: bool) -> Redis {
    as_embedded_by(None, aof)
}

/// The same of another program.
fn as_embedded_by(program: Option<PathBuf>, aof: bool) -> Redis {
    let extra = ["--loglevel", "warning", "--auto-aof-rewrite-percentage", "0"].map(str::to_owned).to_vec();
    Redis::with(RedisOptions { program, aof, extra, ..RedisOptions::default() })
}

fn ourselves(words: &[&str]) -> Command {
    let mut command = process::command(std::env::current_exe().expect("our own path"));
    command.args(words);
    command
}

/// As [`Address`] is read back.
fn written(address: &Address) -> String {
    match address {
        Address::Tcp(address) => address.to_string(),
        Address::Unix(path) => in_unix(path),
    }
}

fn in_unix(path: &Path) -> String {
    format!("unix:{}", path.display())
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}
