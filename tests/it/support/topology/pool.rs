//! Stores of one kind that the tests of another process use in turn.

use std::{fs, path::Path, time::Duration};

use tempfile::TempDir;

use super::{
    cluster::{Cluster, ClusterOptions},
    sentinel::{self, SentinelOptions},
    valkey,
    watcher::{Watched, Watcher},
};
use crate::support::{Redis, redis::lease::Shared, wait};

/// What a pool is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A primary with a replica, both of Valkey, watched by three sentinels.
    ValkeyBehindSentinels,
    /// Three primaries of Redis.
    Cluster,
}

/// See the module. All servers end when it is dropped.
#[derive(Debug)]
pub struct Pool {
    list: TempDir,
    servers: Vec<Redis>,
    watchers: Vec<Watcher>,
    clusters: Vec<Cluster>,
}

impl Pool {
    /// Starts `count` of them.
    #[track_caller]
    pub fn start(kind: Kind, count: usize) -> Self {
        let list = tempfile::Builder::new().prefix("otp-pool-").tempdir().expect("a temp dir");
        let mut pool = Self { list, servers: Vec::new(), watchers: Vec::new(), clusters: Vec::new() };
        let shared = match kind {
            Kind::ValkeyBehindSentinels => pool.sentinels(count),
            Kind::Cluster => pool.clusters(count),
        };
        fs::write(pool.list(), shared.iter().map(Shared::line).collect::<String>()).expect("the list");
        pool
    }

    /// The list of them, as [`crate::support::redis::lease::VARIABLE`] names it.
    pub fn list(&self) -> std::path::PathBuf {
        Path::new(self.list.path()).join("list")
    }

    fn sentinels(&mut self, count: usize) -> Vec<Shared> {
        let options = SentinelOptions { program: Some(valkey::program()), ..SentinelOptions::default() };
        let (mut primaries, mut watched) = (Vec::new(), Vec::new());
        for n in 0..count {
            let primary = Redis::begin(sentinel::server(&options, None, None));
            let replica = Redis::begin(sentinel::server(&options, None, primary.port()));
            let port = |server: &Redis| server.port().expect("a port");
            let name = format!("{}{n}", sentinel::NAME);
            watched.push(Watched { name, port: port(&primary), replicas: vec![port(&replica)] });
            primaries.push(primary.sockets());
            self.servers.extend([primary, replica]);
        }
        self.servers.iter_mut().for_each(Redis::wait_ready);
        self.servers.iter().step_by(2).for_each(wait_replica_has_all);
        self.watchers = sentinel::watch(&watched, None);
        let url = |name: &str| sentinel::url(&self.watchers, false, name);
        watched.iter().zip(primaries).map(|(of, sockets)| Shared { url: url(&of.name), sockets }).collect()
    }

    fn clusters(&mut self, count: usize) -> Vec<Shared> {
        // Nobody is to be called dead because the machine is busy.
        let options = ClusterOptions { node_timeout: Duration::from_secs(30), ..Default::default() };
        self.clusters = (0..count).map(|_| Cluster::begin(&options)).collect();
        self.clusters.iter().for_each(Cluster::wait_up);
        self.clusters.iter().map(Cluster::shared).collect()
    }
}

/// Waits until the replica of this server says that it has what is written to it: listed as one it is before.
#[track_caller]
fn wait_replica_has_all(primary: &Redis) {
    let mut connection = primary.connect();
    wait::until("a replica to have all", wait::PATIENCE, || {
        let mut asking = redis::pipe();
        asking.cmd("SET").arg("followed").arg(1).ignore().cmd("WAIT").arg(1).arg(100);
        let (replicas,): (u64,) = asking.query(&mut connection).ok()?;
        (replicas > 0).then_some(())
    });
}
