//! A primary and its replica behind Sentinels, each behind a cable whose replicas can be cut off.

use super::{
    history::{Effect, now},
    plan::Fault,
    world::{Hands, Store, outage},
};
use crate::support::{
    Redis,
    topology::sentinel::{Sentinel, SentinelOptions},
};

/// What a replica may be behind while nothing is wrong with it, µs.
const BEHIND: u64 = 1_000_000;
/// A primary that is gone is replaced no sooner than this, µs: Sentinels wait a second until they call it down.
const NO_SOONER: u64 = 900_000;

/// See the module.
pub struct Watched {
    sentinel: Sentinel,
}

impl Watched {
    /// One replica: it is the one that confirms, and the one that takes over.
    pub fn start() -> Self {
        let options = SentinelOptions { cables: true, replicas: 1, ..SentinelOptions::default() };
        Self { sentinel: Sentinel::with(&options) }
    }

    /// Until all follow the new primary, and all sidecars have found it.
    fn settle(&self, hands: &Hands) -> u64 {
        self.sentinel.wait_followed();
        (hands.answered)();
        now()
    }

    fn lossy(&mut self, calls: usize, forgets: Option<usize>, hands: &mut Hands) -> Vec<Effect> {
        let primary = self.sentinel.primary();
        let from = now() - BEHIND;
        self.sentinel.cable(primary).cut_replication();
        (hands.calls)(calls);
        // Before the primary is gone: or it would hear that it is, which makes it nobody's who can put something back.
        forgets.into_iter().for_each(|sidecar| hands.crew.kill(sidecar));
        let switch = now();
        self.sentinel.kill_primary();
        let killed = now();
        let promoted = self.sentinel.wait_primary_but(primary);
        self.sentinel.cable(primary).mend();
        self.sentinel.restart(primary);
        // As whoever starts it anew would, who knows that there is another: Sentinels on a busy machine may take a minute.
        let port = self.sentinel.cable(promoted).port().to_string();
        self.sentinel.server(primary).cli(&["REPLICAOF", "127.0.0.1", &port]);
        forgets.into_iter().for_each(|sidecar| hands.crew.start(sidecar));
        let to = self.settle(hands);
        let forgot = forgets.into_iter().collect();
        vec![outage(killed, killed + NO_SOONER), Effect::Failover { from, switch, to, forgot }]
    }
}

impl Store for Watched {
    fn url(&self, _: usize) -> String {
        self.sentinel.url()
    }

    fn primaries(&self) -> Vec<&Redis> {
        vec![self.sentinel.server(self.sentinel.primary())]
    }

    fn servers(&self) -> Vec<&Redis> {
        (0..self.sentinel.len()).map(|n| self.sentinel.server(n)).collect()
    }

    fn hurt(&mut self, fault: Fault, hands: &mut Hands) -> Vec<Effect> {
        let switch = now();
        let failover = |to| Effect::Failover { from: switch - BEHIND, switch, to, forgot: Vec::new() };
        match fault {
            Fault::LossyFailover { calls, forgets } => self.lossy(calls, forgets, hands),
            Fault::FreezePrimary => {
                let frozen = self.sentinel.freeze_primary();
                let from = now();
                self.sentinel.wait_primary_but(frozen);
                self.sentinel.thaw(frozen);
                vec![outage(from, from + NO_SOONER), failover(self.settle(hands))]
            }
            Fault::PlannedFailover => {
                self.sentinel.failover();
                vec![failover(self.settle(hands))]
            }
            other => panic!("not behind Sentinels: {other:?}"),
        }
    }
}
