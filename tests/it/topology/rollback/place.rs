//! Where data go back: one server, the primary behind Sentinels, or a primary of a cluster.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use super::{
    super::{records, subject_of},
    How,
    how::Synced,
};
use crate::support::{
    Client, Issued, Redis, RedisOptions,
    redis::user,
    topology::{
        cluster::{Cluster, ClusterOptions},
        migration::Migration,
        sentinel::{Sentinel, SentinelOptions},
    },
    wait,
};

/// What nobody is to notice takes less.
const UNNOTICED: Duration = Duration::from_secs(60);
/// The primary of a cluster that is hurt, its replica, and another primary.
const HURT: usize = 0;
const REPLICA: usize = 3;
const OTHER: usize = 1;

pub enum Place {
    One(Redis),
    Sentinel(Sentinel),
    Cluster(Cluster),
}

impl Place {
    /// A server alone that loses nothing.
    pub fn synced() -> Self {
        let extra = Synced::Always.arguments();
        Self::One(Redis::with(RedisOptions { tcp: true, aof: true, extra, ..RedisOptions::default() }))
    }

    /// A primary that may be gone for long, and a replica.
    pub fn sentinel(synced: Synced) -> Self {
        let extra = synced.arguments();
        let options = SentinelOptions { cables: true, replicas: 1, aof: true, extra, ..SentinelOptions::default() };
        let sentinel = Sentinel::with(&options);
        sentinel.set_down_after(UNNOTICED);
        Self::Sentinel(sentinel)
    }

    /// Three primaries with a replica each.
    pub fn cluster(synced: Synced) -> Self {
        let (node_timeout, extra) = (UNNOTICED, synced.arguments());
        let options = ClusterOptions { replicas: 1, aof: true, node_timeout, extra, ..ClusterOptions::default() };
        Self::Cluster(Cluster::with(&options))
    }

    /// `REDIS_URL`.
    pub fn url(&self) -> String {
        match self {
            Self::One(redis) => user::at(&redis.url()),
            Self::Sentinel(sentinel) => sentinel.url(),
            Self::Cluster(cluster) => cluster.url(),
        }
    }

    /// A code whose subject lies with the server that is hurt.
    pub async fn issue(&self, how: How, client: &Client) -> Issued {
        match self {
            Self::Cluster(cluster) => subject_of(cluster, HURT, &Arc::new(client.clone())).await.1,
            _ => client.issue(&format!("ada-{how:?}")).await,
        }
    }

    /// The causes that may be told.
    pub fn causes(&self, how: How) -> &'static [&'static str] {
        match (self, how) {
            // One that starts with a snapshot of its own may look like its replica that was promoted.
            (Self::Sentinel(_) | Self::Cluster(_), How::Snapshot) => &["restart", "failover", "behind"],
            _ => how.causes(),
        }
    }

    /// Keeps the data as they are, or lets a replica get no further.
    pub fn keep(&mut self, how: How) {
        match self {
            Self::One(redis) => how.keep(redis),
            Self::Sentinel(sentinel) if how == How::Promotion => {
                caught_up(sentinel.server(0), sentinel.server(1));
                sentinel.cable(0).cut_replication();
            }
            Self::Sentinel(sentinel) => how.keep(sentinel.server(0)),
            Self::Cluster(cluster) if how == How::Promotion => {
                caught_up(cluster.node(HURT), cluster.node(REPLICA));
                cluster.freeze(REPLICA);
                // What is on its way to it is lost, and it cannot ask again.
                cluster.node(HURT).cli(&["CLIENT", "KILL", "TYPE", "replica"]);
            }
            Self::Cluster(cluster) => how.keep(cluster.node(HURT)),
        }
    }

    /// Returns once servers agree who is who.
    pub fn happen(&mut self, how: How) {
        match self {
            Self::One(redis) => how.happen(redis),
            Self::Sentinel(sentinel) if how == How::Promotion => {
                sentinel.set_down_after(Duration::from_secs(1));
                let killed = sentinel.kill_primary();
                sentinel.wait_primary_but(killed);
            }
            Self::Sentinel(sentinel) => how.happen(sentinel.server_mut(0)),
            Self::Cluster(cluster) if how == How::Promotion => {
                cluster.kill(HURT);
                cluster.thaw(REPLICA);
                cluster.node(REPLICA).cli(&["CLUSTER", "FAILOVER", "TAKEOVER"]);
                let knows = || (cluster.owner_by(OTHER, 0) == Some(REPLICA)).then_some(());
                wait::until("a replica to take over", wait::PATIENCE, knows);
                serves(cluster.node(REPLICA));
            }
            Self::Cluster(cluster) if how == How::SlotMove => {
                let slot = |key| redis::cmd("CLUSTER").arg("KEYSLOT").arg(key).query(&mut cluster.node(HURT).connect());
                let slots: BTreeSet<u16> = records(cluster, HURT).into_iter().map(|key| slot(key).unwrap()).collect();
                slots.into_iter().for_each(|slot| Migration::begin(cluster, slot, OTHER).finish());
            }
            Self::Cluster(cluster) => {
                let node = cluster.node_mut(HURT);
                how.happen(node);
                serves(node);
            }
        }
    }
}

fn caught_up(primary: &Redis, replica: &Redis) {
    let offset = |server: &Redis| server.info("replication", "master_repl_offset");
    wait::until("the replica to have all", wait::PATIENCE, || (offset(primary) == offset(replica)).then_some(()));
}

/// A node takes no part for two seconds after it started. Asked as sidecars ask, who may where nobody else may.
fn serves(node: &Redis) {
    let client = redis::Client::open(user::at(&node.url())).expect("a URL");
    wait::until("a node to take part", wait::PATIENCE, || {
        let info: String = redis::cmd("CLUSTER").arg("INFO").query(&mut client.get_connection().ok()?).ok()?;
        info.contains("cluster_state:ok").then_some(())
    });
}
