//! A Redis Cluster of the test's own: primaries that share the slots out evenly, each with as many replicas as asked for.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use super::certificates::{Certificates, Clients};
use crate::support::{
    Redis, RedisOptions,
    redis::{lease::Shared, port::Port, user},
    wait,
};

/// How many slots there are.
pub const SLOTS: u16 = 16_384;
/// A node waits two seconds before it takes part; a machine under full load gets more.
const UP_WITHIN: Duration = wait::PATIENCE;

/// How a test's cluster differs from three primaries without replicas.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// How many primaries.
    pub primaries: usize,
    /// Replicas of each.
    pub replicas: usize,
    /// How long a node may be silent before the others call it dead.
    pub node_timeout: Duration,
    /// TLS on all its ports, and whether clients must show a certificate.
    pub tls: Option<(Arc<Certificates>, Clients)>,
    /// Another server than the one on `PATH`.
    pub program: Option<PathBuf>,
    /// Append-only files.
    pub aof: bool,
    /// Further arguments of each server.
    pub extra: Vec<String>,
}

impl Default for ClusterOptions {
    fn default() -> Self {
        let node_timeout = Duration::from_secs(2);
        Self { primaries: 3, replicas: 0, node_timeout, tls: None, program: None, aof: false, extra: Vec::new() }
    }
}

/// See the module. Nodes are counted from 0, primaries first.
#[derive(Debug)]
pub struct Cluster {
    nodes: Vec<Redis>,
    ids: Vec<String>,
    tls: bool,
    /// Between the nodes themselves.
    _buses: Vec<Port>,
}

impl Cluster {
    /// Three primaries; waits until they serve all slots.
    #[track_caller]
    pub fn start() -> Self {
        Self::with(&ClusterOptions::default())
    }

    /// Starts one and waits until it serves all slots.
    #[track_caller]
    pub fn with(options: &ClusterOptions) -> Self {
        let cluster = Self::begin(options);
        cluster.wait_up();
        cluster
    }

    /// [`Cluster::with`] without waiting for it, but for the nodes to know each other.
    #[track_caller]
    pub fn begin(options: &ClusterOptions) -> Self {
        let count = options.primaries * (1 + options.replicas);
        let buses: Vec<Port> = (0..count).map(|_| Port::take()).collect();
        let mut nodes: Vec<Redis> = buses.iter().map(|bus| Redis::begin(node(options, bus))).collect();
        nodes.iter_mut().for_each(Redis::wait_ready);
        let ids = nodes.iter().map(|node| node.ask(&["CLUSTER", "MYID"])).collect();
        let cluster = Self { nodes, ids, tls: options.tls.is_some(), _buses: buses };
        cluster.introduce();
        cluster.share_out(options.primaries);
        cluster
    }

    /// Every node meets every other, with epochs that tell them apart.
    fn introduce(&self) {
        for (n, node) in self.nodes.iter().enumerate() {
            node.cli(&["CLUSTER", "SET-CONFIG-EPOCH", &(n + 1).to_string()]);
        }
        for (n, node) in self.nodes.iter().enumerate() {
            for (other, bus) in self.nodes.iter().zip(&self._buses).skip(n + 1) {
                let (port, bus) = (other.port().expect("a port").to_string(), bus.number().to_string());
                node.cli(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus]);
            }
        }
    }

    fn share_out(&self, primaries: usize) {
        for (n, node) in self.nodes.iter().take(primaries).enumerate() {
            let bound = |n: usize| usize::from(SLOTS) * n / primaries;
            node.cli(&["CLUSTER", "ADDSLOTSRANGE", &bound(n).to_string(), &(bound(n + 1) - 1).to_string()]);
        }
        for (n, node) in self.nodes.iter().enumerate().skip(primaries) {
            let primary = &self.ids[n % primaries];
            let known = || self.nodes[n].ask::<String>(&["CLUSTER", "NODES"]).contains(primary).then_some(());
            wait::until("a node to know its primary", UP_WITHIN, known);
            node.cli(&["CLUSTER", "REPLICATE", primary]);
        }
    }

    /// Waits until every node that answers holds the cluster for whole.
    #[track_caller]
    pub fn wait_up(&self) {
        for (n, node) in self.nodes.iter().enumerate() {
            wait::until(&format!("node {n} to be part of the cluster"), UP_WITHIN, || {
                let info: String = node.ask(&["CLUSTER", "INFO"]);
                let nodes = format!("cluster_known_nodes:{}", self.nodes.len());
                let whole =
                    ["cluster_state:ok", "cluster_slots_ok:16384", &nodes].iter().all(|line| info.contains(line));
                let shaking = node.ask::<String>(&["CLUSTER", "NODES"]).contains("handshake");
                (whole && !shaking && self.follows(n)).then_some(())
            });
        }
    }

    /// Whether a node, if it is a replica, has all that its primary had.
    fn follows(&self, n: usize) -> bool {
        let replication: String = self.nodes[n].ask(&["INFO", "replication"]);
        replication.contains("role:master") || replication.contains("master_link_status:up")
    }

    /// What a sidecar's `REDIS_URL` should say.
    pub fn url(&self) -> String {
        let scheme = if self.tls { "rediss+cluster" } else { "redis+cluster" };
        let hosts: Vec<String> =
            self.nodes.iter().filter_map(|node| Some(format!("127.0.0.1:{}", node.port()?))).collect();
        user::at(&format!("{scheme}://{}", hosts.join(",")))
    }

    /// For tests that use it in turn.
    pub fn shared(&self) -> Shared {
        let sockets = self.nodes.iter().flat_map(Redis::sockets).collect();
        Shared { url: self.url(), sockets }
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// One of them.
    pub fn node(&self, n: usize) -> &Redis {
        &self.nodes[n]
    }

    /// The same, to be hurt.
    pub fn node_mut(&mut self, n: usize) -> &mut Redis {
        &mut self.nodes[n]
    }

    /// What it calls itself.
    pub fn id(&self, n: usize) -> &str {
        &self.ids[n]
    }

    /// Whether a node is a primary now.
    #[track_caller]
    pub fn is_primary(&self, n: usize) -> bool {
        self.nodes[n].info("replication", "role") == "master"
    }

    /// Which node serves a slot, as `by` has it; `None` while its primary is gone and nobody has taken over.
    #[track_caller]
    pub fn owner_by(&self, by: usize, slot: u16) -> Option<usize> {
        let ranges: Vec<redis::Value> = self.nodes[by].ask(&["CLUSTER", "SLOTS"]);
        let serving = ranges.into_iter().find_map(|range| {
            let redis::Value::Array(parts) = range else { panic!("a range of slots") };
            let number = |n: usize| redis::from_redis_value::<u16>(parts[n].clone()).expect("a slot");
            (number(0)..=number(1))
                .contains(&slot)
                .then(|| redis::from_redis_value::<Vec<redis::Value>>(parts[2].clone()))
        });
        let server = serving?.expect("a server");
        let id: String = redis::from_redis_value(server[2].clone()).expect("its id");
        Some(self.ids.iter().position(|known| *known == id).expect("a node of ours"))
    }

    /// Which node serves a slot, as it says itself.
    #[track_caller]
    pub fn owner(&self, slot: u16) -> usize {
        let own = |n: &usize| self.owner_by(*n, slot) == Some(*n);
        (0..self.len()).find(own).expect("an owner")
    }

    /// SIGSTOP: its connections stay open and nothing is answered.
    pub fn freeze(&self, n: usize) {
        self.nodes[n].pause();
    }

    /// Ends a [`Cluster::freeze`].
    pub fn thaw(&self, n: usize) {
        self.nodes[n].resume();
    }

    /// SIGKILL.
    pub fn kill(&mut self, n: usize) {
        self.nodes[n].kill();
    }

    /// Starts a killed one again, with what it knew of the cluster and without its data.
    #[track_caller]
    pub fn restart(&mut self, n: usize) {
        self.nodes[n].restart();
    }

    /// How often each command ran on one node, those of scripts included.
    #[track_caller]
    pub fn commandstats(&self, n: usize) -> BTreeMap<String, u64> {
        let info: String = self.nodes[n].ask(&["INFO", "commandstats"]);
        let stat = |line: &str| {
            let (name, counts) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
            Some((name.to_owned(), counts.split(',').next()?.parse().ok()?))
        };
        info.lines().filter_map(stat).collect()
    }

    /// The keys on one node.
    #[track_caller]
    pub fn keys(&self, n: usize) -> BTreeSet<Vec<u8>> {
        self.nodes[n].keys().into_iter().collect()
    }
}

fn node(options: &ClusterOptions, bus: &Port) -> RedisOptions {
    let timeout = options.node_timeout.as_millis().to_string();
    let bus = bus.number().to_string();
    let settings = [
        ("--cluster-enabled", "yes"),
        ("--cluster-config-file", "nodes.conf"),
        ("--cluster-node-timeout", &timeout),
        ("--cluster-port", &bus),
        ("--cluster-announce-ip", "127.0.0.1"),
        // Or one dead primary would be the end of all.
        ("--cluster-require-full-coverage", "no"),
        ("--cluster-migration-barrier", "100"),
        ("--repl-diskless-sync-delay", "0"),
    ];
    let settings = settings.iter().flat_map(|(name, value)| [(*name).to_owned(), (*value).to_owned()]);
    let extra = settings.chain(options.extra.iter().cloned()).collect();
    let tls = options.tls.as_ref().map(|(certificates, clients)| certificates.arguments(*clients)).unwrap_or_default();
    let (aof, program) = (options.aof, options.program.clone());
    RedisOptions { tcp: true, aof, extra, tls, program, ..RedisOptions::default() }
}

#[test]
fn three_primaries_share_the_slots_and_keys_go_where_theirs_is_served() {
    let cluster = Cluster::start();
    assert_eq!([0, 5460, 5461, 10_921, 10_922, 16_383].map(|slot| cluster.owner(slot)), [0, 0, 1, 1, 2, 2]);
    for n in 0..3 {
        assert_eq!([0, 6000, 12_000].map(|slot| cluster.owner_by(n, slot)), [0, 1, 2].map(Some));
    }
    let elsewhere = redis::cmd("GET").arg("b").query::<redis::Value>(&mut cluster.node(1).connect());
    assert_eq!(elsewhere.unwrap_err().code(), Some("MOVED"));
}

#[test]
fn over_tls_and_with_replicas_it_is_one_cluster_as_well() {
    let tls = Some((Arc::new(Certificates::new()), Clients::Anonymous));
    let cluster = Cluster::with(&ClusterOptions { tls, replicas: 1, ..ClusterOptions::default() });
    assert!(cluster.url().starts_with("rediss+cluster://") && cluster.len() == 6);
    assert_eq!((0..6).filter(|n| cluster.is_primary(*n)).count(), 3);
    let migration = super::migration::Migration::begin(&cluster, 0, 2);
    migration.finish();
    assert_eq!(cluster.owner(0), 2);
}
