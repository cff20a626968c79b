//! The store as several servers: the same behaviour on each kind, and what happens when servers and slots change places.

mod access;
mod barrier;
mod failover;
mod lossy;
mod needs;
mod networks;
mod outage;
mod replaced;
mod rights;
mod rollback;
mod slots;
mod spread;
mod suite;
mod tls;
mod unsuited;

use std::{collections::BTreeSet, sync::Arc};

use crate::support::{Client, Issued, Sidecar, launch::Builder, rig::UNLIMITED, topology::cluster::Cluster};

/// A sidecar about to start on a store of this URL, without pause and quotas.
fn on(url: &str) -> Builder {
    Sidecar::builder().set_all(&UNLIMITED).set("REDIS_URL", url)
}

/// The keys of subjects whose state lies with this node.
fn records(cluster: &Cluster, node: usize) -> BTreeSet<Vec<u8>> {
    cluster.keys(node).into_iter().filter(|key| key.get(9..12) == Some(b":s:")).collect()
}

/// A subject whose state lies with this node, and its code: found by trying.
async fn subject_of(cluster: &Cluster, node: usize, client: &Arc<Client>) -> (String, Issued) {
    for n in 0..100 {
        let (subject, before) = (format!("of-{node}-{n}"), records(cluster, node));
        let issued = client.issue(&subject).await;
        if records(cluster, node).len() > before.len() {
            return (subject, issued);
        }
    }
    panic!("of a hundred subjects none lies with node {node}");
}
