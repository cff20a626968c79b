//! A store of several servers, each with a replica.

use crate::support::{
    Redis,
    redis::user,
    topology::{
        cluster::{Cluster, ClusterOptions},
        sentinel::{Sentinel, SentinelOptions},
        valkey,
    },
};

/// Which store is under the sidecar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stores {
    /// One Redis.
    One,
    /// One Valkey, which knows `WAITAOF`; Redis 7.0 does not.
    Valkey,
    /// A primary and a replica, watched by Sentinels.
    Sentinel,
    /// Three primaries, each with a replica.
    Cluster,
}

/// Those that are running.
pub enum Many {
    Valkey(Redis),
    Sentinel(Sentinel),
    Cluster(Cluster),
}

impl Many {
    /// Starts them and waits until they serve; `None` where it is one Redis.
    pub fn start(stores: Stores) -> Option<Self> {
        Some(match stores {
            Stores::One => return None,
            Stores::Valkey => Self::Valkey(super::as_embedded_by(Some(valkey::program()), true)),
            Stores::Sentinel => {
                Self::Sentinel(Sentinel::with(&SentinelOptions { replicas: 1, aof: true, ..Default::default() }))
            }
            Stores::Cluster => Self::Cluster(Cluster::with(&ClusterOptions { replicas: 1, ..Default::default() })),
        })
    }

    /// What `REDIS_URL` says.
    pub fn url(&self) -> String {
        match self {
            Self::Valkey(redis) => redis.url(),
            // An earlier sidecar may need other rights than this one.
            Self::Sentinel(sentinel) => user::anybody_at(&sentinel.url()),
            Self::Cluster(cluster) => cluster.url(),
        }
    }

    /// Their processes.
    pub fn processes(&self) -> Vec<u32> {
        let pid = |redis: &Redis| redis.info("server", "process_id").parse().expect("a pid");
        match self {
            Self::Valkey(redis) => vec![pid(redis)],
            Self::Sentinel(sentinel) => (0..sentinel.len()).map(|n| pid(sentinel.server(n))).collect(),
            Self::Cluster(cluster) => (0..cluster.len()).map(|n| pid(cluster.node(n))).collect(),
        }
    }
}
