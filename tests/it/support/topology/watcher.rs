//! One redis-sentinel.

use std::{fs, path::Path, sync::Arc, time::Duration};

use redis::{Client, Connection};

use super::certificates::{Certificates, Clients};
use crate::support::redis::{
    port::Port,
    server::{Server, program},
};

/// A primary that is silent for so long is down. Above what a loaded machine holds a process up for.
const DOWN_AFTER: Duration = Duration::from_millis(1000);
/// After this long a failover that got stuck is given up, and after twice as long another may begin.
const FAILOVER_WITHIN: Duration = Duration::from_secs(2);

/// Whom it watches.
#[derive(Debug, Clone)]
pub struct Watched {
    pub name: String,
    /// Of the primary.
    pub port: u16,
    /// Of its replicas.
    pub replicas: Vec<u16>,
}

/// See the module.
#[derive(Debug)]
pub struct Watcher {
    server: Server,
}

/// One of several that agree with each other.
#[derive(Debug, Clone)]
pub struct Seat {
    pub number: usize,
    /// The ports of all.
    pub ports: Vec<u16>,
}

impl Seat {
    /// How a watcher is known to the others: 40 hex digits.
    fn id(number: usize) -> String {
        format!("{:040x}", number + 1)
    }
}

impl Watcher {
    /// Starts one that knows all the others and all replicas from the beginning; it may not answer yet.
    #[track_caller]
    pub fn start(port: Port, seat: &Seat, watched: &[Watched], tls: Option<&(Arc<Certificates>, Clients)>) -> Self {
        let number = port.number();
        let server = Server::run(program(), Some(port), &[], |dir, _| {
            let file = dir.join("sentinel.conf");
            fs::write(&file, configuration(dir, number, seat, watched, tls)).expect("a configuration");
            vec![file.display().to_string(), "--sentinel".to_owned()]
        });
        Self { server }
    }

    /// Waits until it answers.
    #[track_caller]
    pub fn wait_ready(&mut self) {
        self.server.wait_ready();
    }

    /// Makes it look at the servers twice a second in place of every ten, and tell the others four times a second what it
    /// knows in place of every two. Both together are how long it leaves a primary of before what it was.
    #[track_caller]
    pub fn hurry(&self) {
        let periods = ["DEBUG", "INFO-PERIOD", "500", "PUBLISH-PERIOD", "250"];
        self.ask::<redis::Value>(&periods).expect("periods that can be set");
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.server.port().expect("a port")
    }

    /// A blocking connection.
    ///
    /// # Errors
    /// If it does not run.
    pub fn connect(&self) -> redis::RedisResult<Connection> {
        Client::open(format!("unix://{}", self.server.socket().display()))?.get_connection()
    }

    /// `SENTINEL` with these words.
    ///
    /// # Errors
    /// As it answers.
    pub fn ask<T: redis::FromRedisValue>(&self, words: &[&str]) -> redis::RedisResult<T> {
        redis::cmd("SENTINEL").arg(words).query(&mut self.connect()?)
    }

    /// The port of the primary of this name, as it has it.
    pub fn primary(&self, name: &str) -> Option<u16> {
        let (_, port): (String, String) = self.ask(&["GET-MASTER-ADDR-BY-NAME", name]).ok()?;
        port.parse().ok()
    }

    /// Starts it again with what it knew.
    #[track_caller]
    pub fn restart(&mut self) {
        self.server.restart();
        self.server.wait_ready();
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.server.kill();
    }
}

fn configuration(
    dir: &Path,
    port: u16,
    seat: &Seat,
    watched: &[Watched],
    tls: Option<&(Arc<Certificates>, Clients)>,
) -> String {
    let mut lines = vec![
        "bind 127.0.0.1".to_owned(),
        format!("dir {}", dir.display()),
        format!("unixsocket {}", dir.join("redis.sock").display()),
        format!("sentinel myid {}", Seat::id(seat.number)),
        "sentinel announce-ip 127.0.0.1".to_owned(),
    ];
    match tls {
        None => lines.push(format!("port {port}")),
        Some((certificates, clients)) => {
            lines.extend(["port 0".to_owned(), format!("tls-port {port}")]);
            let arguments = certificates.arguments(*clients);
            let setting = |pair: &[String]| format!("{} {}", pair[0].trim_start_matches('-'), pair[1]);
            lines.extend(arguments.chunks(2).map(setting).filter(|line| !line.starts_with("tls-cluster")));
        }
    }
    for Watched { name, port, replicas } in watched {
        lines.push(format!("sentinel monitor {name} 127.0.0.1 {port} {}", seat.ports.len() / 2 + 1));
        lines.push(format!("sentinel down-after-milliseconds {name} {}", DOWN_AFTER.as_millis()));
        lines.push(format!("sentinel failover-timeout {name} {}", FAILOVER_WITHIN.as_millis()));
        lines.push(format!("sentinel parallel-syncs {name} 5"));
        lines.extend(replicas.iter().map(|port| format!("sentinel known-replica {name} 127.0.0.1 {port}")));
        let others = seat.ports.iter().enumerate().filter(|(number, _)| *number != seat.number);
        let known = |(number, port)| format!("sentinel known-sentinel {name} 127.0.0.1 {port} {}", Seat::id(number));
        lines.extend(others.map(known));
    }
    lines.join("\n") + "\n"
}
