//! One slot on its way from one node of a cluster to another, step by step as `redis-cli --cluster reshard` goes.

use super::cluster::Cluster;

/// MIGRATE gives up after this long, ms.
const GIVE_UP_MS: &str = "5000";

/// See the module. Begun: keys that are still there are served by `from`, others are asked of `to`.
#[derive(Debug)]
pub struct Migration<'a> {
    cluster: &'a Cluster,
    slot: String,
    from: usize,
    to: usize,
}

impl<'a> Migration<'a> {
    /// Opens both ends.
    #[track_caller]
    pub fn begin(cluster: &'a Cluster, slot: u16, to: usize) -> Self {
        let from = cluster.owner(slot);
        assert_ne!(from, to, "it is there already");
        let migration = Self { cluster, slot: slot.to_string(), from, to };
        migration.tell(to, &["IMPORTING", cluster.id(from)]);
        migration.tell(from, &["MIGRATING", cluster.id(to)]);
        migration
    }

    /// Moves up to so many keys; answers how many that were.
    #[track_caller]
    pub fn move_some(&self, most: usize) -> usize {
        let from = self.cluster.node(self.from);
        let keys: Vec<Vec<u8>> = from.ask(&["CLUSTER", "GETKEYSINSLOT", &self.slot, &most.to_string()]);
        if !keys.is_empty() {
            let mut cmd = redis::cmd("MIGRATE");
            cmd.arg("127.0.0.1").arg(self.cluster.node(self.to).port().expect("a port"));
            cmd.arg(&["", "0", GIVE_UP_MS, "KEYS"]).arg(&keys);
            // It says NOKEY where all of them ended meanwhile.
            cmd.exec(&mut from.connect()).expect("MIGRATE");
        }
        keys.len()
    }

    /// Moves what is left, and tells every node who serves the slot from now on: first the two.
    #[track_caller]
    pub fn finish(self) {
        while self.move_some(10) > 0 {}
        let others = (0..self.cluster.len()).filter(|n| ![self.from, self.to].contains(n));
        for n in [self.to, self.from].into_iter().chain(others) {
            if self.cluster.is_primary(n) {
                self.tell(n, &["NODE", self.cluster.id(self.to)]);
            }
        }
    }

    fn tell(&self, n: usize, what: &[&str]) {
        self.cluster.node(n).cli(&[&["CLUSTER", "SETSLOT", &self.slot], what].concat());
    }
}

#[test]
fn a_slot_moves_with_its_keys() {
    let cluster = Cluster::start();
    for n in 0..25 {
        cluster.node(0).cli(&["SET", &format!("{{bnv}}{n}"), "1"]);
    }
    let slot: u16 = cluster.node(0).ask(&["CLUSTER", "KEYSLOT", "{bnv}"]);
    let migration = Migration::begin(&cluster, slot, 2);
    assert_eq!(migration.move_some(10), 10);
    assert_eq!((cluster.keys(0).len(), cluster.keys(2).len(), cluster.owner(slot)), (15, 10, 0));
    migration.finish();
    assert_eq!((cluster.keys(0).len(), cluster.keys(2).len()), (0, 25));
    assert!((0..3).all(|n| cluster.owner_by(n, slot) == Some(2)));
}
