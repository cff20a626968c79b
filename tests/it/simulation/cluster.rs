//! A cluster of three primaries, each with a replica.

use std::time::Duration;

use super::{
    history::{Effect, SLACK, now},
    plan::{Fault, SUBJECTS},
    world::{Hands, Store},
};
use crate::support::{
    Redis, keys,
    topology::{
        cluster::{Cluster, ClusterOptions},
        migration::Migration,
    },
    wait,
};
use base64::prelude::{BASE64_STANDARD, Engine};
use otp_sidecar::{event::Bucket, policy::Subject, secret::IndexKey};

/// What a replica may be behind while nothing is wrong with it, µs.
const BEHIND: u64 = 1_000_000;
/// How long a node may be silent before the others call it dead.
const NODE_TIMEOUT: Duration = Duration::from_secs(1);
/// So no replica takes over sooner, µs.
const NO_SOONER: u64 = 900_000;
/// It takes two seconds or three.
const SETTLED_WITHIN: Duration = Duration::from_secs(30);
/// Keys that are moved at once: so few that calls meet a slot of which some are here and some there.
const AT_ONCE: usize = 2;

/// See the module.
pub struct Clustered {
    cluster: Cluster,
}

impl Clustered {
    /// Starts one and waits for it.
    pub fn start() -> Self {
        let options = ClusterOptions { replicas: 1, node_timeout: NODE_TIMEOUT, ..ClusterOptions::default() };
        Self { cluster: Cluster::with(&options) }
    }

    fn all(&self) -> std::ops::Range<usize> {
        0..self.cluster.len()
    }

    /// The node that follows a primary.
    fn replica_of(&self, primary: usize) -> usize {
        let port = self.cluster.node(primary).port().expect("a port").to_string();
        let follows = |n: &usize| {
            !self.cluster.is_primary(*n) && self.cluster.node(*n).info("replication", "master_port").trim() == port
        };
        wait::until("a replica of the primary", SETTLED_WITHIN, || self.all().find(follows))
    }

    /// Waits until all nodes but perhaps one know that `promoted` serves the slot.
    fn wait_known(&self, slot: u16, promoted: usize, but: usize) {
        wait::until("a replica to take over", SETTLED_WITHIN, || self.cluster.is_primary(promoted).then_some(()));
        let known = || {
            let mut others = self.all().filter(|n| *n != but);
            others.all(|n| self.cluster.owner_by(n, slot) == promoted).then_some(())
        };
        wait::until("all others to know", SETTLED_WITHIN, known);
    }

    /// Waits until the one of before follows the new one with all that it has, and all sidecars have found it.
    fn settle(&self, before: usize, promoted: usize, hands: &Hands) -> u64 {
        let port = self.cluster.node(promoted).port().expect("a port").to_string();
        wait::until("the one of before to follow", SETTLED_WITHIN, || {
            let info: String = self.cluster.node(before).ask(&["INFO", "replication"]);
            let follows = info.contains("role:slave") && info.contains("master_link_status:up");
            (follows && info.contains(&format!("master_port:{port}"))).then_some(())
        });
        self.cluster.wait_up();
        (hands.answered)();
        now()
    }

    fn kill(&mut self, slot: u16, hands: &Hands) -> Vec<Effect> {
        let primary = self.cluster.owner(slot);
        let (replica, subjects) = (self.replica_of(primary), self.subjects_of(primary));
        let switch = now();
        self.cluster.kill(primary);
        let killed = now();
        self.wait_known(slot, replica, primary);
        self.cluster.restart(primary);
        let to = self.settle(primary, replica, hands);
        let outage =
            Effect::Outage { sidecar: None, subjects: Some(subjects), from: killed + SLACK, to: killed + NO_SOONER };
        vec![outage, Effect::Failover { from: switch - BEHIND, switch, to, forgot: Vec::new() }]
    }

    fn take_over(&self, slot: u16, hands: &Hands) -> Vec<Effect> {
        let primary = self.cluster.owner(slot);
        let replica = self.replica_of(primary);
        let switch = now();
        self.cluster.freeze(primary);
        self.cluster.node(replica).cli(&["CLUSTER", "FAILOVER", "TAKEOVER"]);
        self.wait_known(slot, replica, primary);
        self.cluster.thaw(primary);
        let to = self.settle(primary, replica, hands);
        vec![Effect::Failover { from: switch - BEHIND, switch, to, forgot: Vec::new() }]
    }

    fn move_slot(&self, slot: u16, by: usize, hands: &Hands) {
        let primaries: Vec<usize> = self.all().filter(|n| self.cluster.is_primary(*n)).collect();
        let owner = self.cluster.owner(slot);
        let at = primaries.iter().position(|n| *n == owner).expect("a primary");
        let migration = Migration::begin(&self.cluster, slot, primaries[(at + by) % primaries.len()]);
        (hands.calls)(5);
        while migration.move_some(AT_ONCE) > 0 {}
        migration.finish();
    }

    fn subjects_of(&self, primary: usize) -> Vec<String> {
        let owned = |subject: &&&str| self.cluster.owner(slot_of(subject)) == primary;
        SUBJECTS.iter().filter(owned).map(|subject| (*subject).to_owned()).collect()
    }
}

/// The slot of a subject's bucket.
fn slot_of(subject: &str) -> u16 {
    let key = IndexKey::new(&BASE64_STANDARD.decode(keys::INDEX_KEY).expect("base64"));
    let bucket = Bucket::of(&key.subject(keys::TENANT, &Subject::new(subject).expect("a subject")));
    127 + 256 * u16::from(bucket.number())
}

impl Store for Clustered {
    fn url(&self, _: usize) -> String {
        self.cluster.url()
    }

    fn primaries(&self) -> Vec<&Redis> {
        self.all().filter(|n| self.cluster.is_primary(*n)).map(|n| self.cluster.node(n)).collect()
    }

    fn servers(&self) -> Vec<&Redis> {
        self.all().map(|n| self.cluster.node(n)).collect()
    }

    fn hurt(&mut self, fault: Fault, hands: &mut Hands) -> Vec<Effect> {
        match fault {
            Fault::KillPrimaryOf { subject } => self.kill(slot_of(SUBJECTS[subject]), hands),
            Fault::TakeOver { subject } => self.take_over(slot_of(SUBJECTS[subject]), hands),
            Fault::MoveSlotOf { subject, by } => {
                self.move_slot(slot_of(SUBJECTS[subject]), by, hands);
                Vec::new()
            }
            other => panic!("not of a cluster: {other:?}"),
        }
    }
}
