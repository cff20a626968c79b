//! Servers that others would build in place of the sidecar (`tests/bench/peers`), each over the Redis it is given.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::written;
use crate::support::{Address, process};

/// Threads of a Django: so many workers for each core with so many threads each, which waits for Redis take little of.
const WORKERS: usize = 2;
const THREADS: usize = 4;
/// Seconds that Django keeps a connection open for the next call: longer than any measurement.
const KEEP_ALIVE: &str = "75";

/// Which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// fastify, rate-limiter-flexible and ioredis, one process.
    Node,
    /// Django and django-redis under gunicorn.
    Django,
}

/// One of them, with what its file says of these in its environment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peer {
    pub kind: Kind,
    /// More calls a second than it answers, where it hashes for each.
    pub bound: f64,
    pub variables: &'static [(&'static str, &'static str)],
}

impl Peer {
    /// Why it cannot be started here, if it cannot.
    pub fn absent(self) -> Option<String> {
        let (program, needed) = match self.kind {
            Kind::Node => (process::find("node"), installed("node").join("node_modules/fastify")),
            Kind::Django => (Some(PathBuf::new()), gunicorn()),
        };
        match program {
            None => Some("no node on PATH".into()),
            Some(_) if !needed.exists() => Some("not installed: `deploy/install-deps.sh bench`".into()),
            Some(_) => None,
        }
    }

    /// A command for it; it serves on a unix socket.
    pub fn command(self, address: &Address, redis: &Path) -> Command {
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench/peers");
        let listen = written(address);
        let listen = listen.trim_start_matches("unix:");
        let mut command = match self.kind {
            Kind::Node => {
                let mut command = process::command("node");
                command.arg(ours.join("node/server.js")).env("NODE_PATH", installed("node").join("node_modules"));
                command.env("NODE_ENV", "production").env("LISTEN", listen);
                command
            }
            Kind::Django => {
                let mut command = process::command(gunicorn());
                let cores = std::thread::available_parallelism().map_or(1, usize::from);
                command.args([
                    "--bind",
                    &format!("unix:{listen}"),
                    "--worker-class",
                    "gthread",
                    "--log-level",
                    "error",
                ]);
                command.args(["--keep-alive", KEEP_ALIVE, "--workers", &(WORKERS * cores).to_string()]);
                command.args(["--threads", &THREADS.to_string(), "app:application"]);
                command.current_dir(ours.join("django")).env("PYTHONDONTWRITEBYTECODE", "1");
                command
            }
        };
        command.env("REDIS", redis).envs(self.variables.iter().copied()).stderr(Stdio::null());
        command
    }
}

/// Where `deploy/install-deps.sh bench` puts what they need; `BENCH_PEERS` names another place.
fn installed(peer: &str) -> PathBuf {
    let default = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/target/bench/peers"));
    env::var_os("BENCH_PEERS").map_or_else(default, PathBuf::from).join(peer)
}

fn gunicorn() -> PathBuf {
    installed("django").join("bin/gunicorn")
}
