//! What goes wrong meanwhile.

use std::{
    collections::BTreeMap,
    fs,
    sync::{Arc, atomic::Ordering},
    thread,
    time::Duration,
};

use otp_sidecar::{event::Bucket, store::key::OfBucket};
use tokio::runtime::Runtime;

use super::{gauge::Sample, world::Shared};
use crate::support::{Chance, Metrics, Redis, Sidecar, launch::Builder};

/// Redis may stand still for so long at most.
const LONGEST_FREEZE_MS: usize = 2000;

/// The processes, and a hand that hurts them. The first sidecar is spared what would hide a leak: it is never killed.
pub struct Chaos {
    sidecars: [Sidecar; 2],
    pub redis: Redis,
    builders: [Builder; 2],
    chance: Chance,
    shared: Arc<Shared>,
    log: Vec<String>,
    pub faults: BTreeMap<&'static str, u32>,
}

impl Chaos {
    pub fn new(
        redis: Redis,
        sidecars: [Sidecar; 2],
        builders: [Builder; 2],
        chance: Chance,
        shared: Arc<Shared>,
    ) -> Self {
        Self { sidecars, redis, builders, chance, shared, log: Vec::new(), faults: BTreeMap::new() }
    }

    /// One fault, or a quiet moment.
    pub fn act(&mut self) {
        let fault = match self.chance.below(10) {
            0 => self.kill_sidecar(),
            1 => self.freeze(),
            2 => self.redis(&["FUNCTION", "FLUSH"], "functions forgotten"),
            3 => self.redis(&["CLIENT", "KILL", "TYPE", "normal"], "connections cut"),
            _ => return,
        };
        *self.faults.entry(fault).or_default() += 1;
    }

    fn kill_sidecar(&mut self) -> &'static str {
        self.sidecars[1].kill();
        self.log.extend(self.sidecars[1].log_lines());
        self.sidecars[1] = self.builders[1].clone().start();
        self.shared.clients.write().unwrap()[1] = self.sidecars[1].client();
        self.shared.replaced.fetch_add(1, Ordering::Release);
        "sidecar killed"
    }

    fn freeze(&mut self) -> &'static str {
        self.redis.pause();
        thread::sleep(Duration::from_millis(self.chance.below(LONGEST_FREEZE_MS) as u64));
        self.redis.resume();
        "Redis frozen"
    }

    fn redis(&self, command: &[&str], fault: &'static str) -> &'static str {
        self.redis.cli(command);
        fault
    }

    pub fn sample(&self) -> Sample {
        let descriptors = fs::read_dir(format!("/proc/{}/fd", self.sidecars[0].pid())).expect("its descriptors");
        Sample {
            resident: self.sidecars[0].resident(),
            descriptors: descriptors.count() as u64,
            redis: self
                .redis
                .info("memory", "used_memory_dataset")
                .parse::<u64>()
                .expect("a number")
                .saturating_sub(self.lines()),
            keys: self.redis.ask(&["DBSIZE"]),
            brief: self.redis.ask::<Vec<Vec<u8>>>(&["KEYS", "otp:*:[cgk]:*"]).len() as u64,
        }
    }

    /// Bytes of the streams of lines that are shown, and of events that wait: how many do is the exporter's matter.
    fn lines(&self) -> u64 {
        let mut asking = redis::pipe();
        for bucket in Bucket::all() {
            for kind in [OfBucket::Recent, OfBucket::Lockouts, OfBucket::Acts, OfBucket::Events] {
                asking.cmd("MEMORY").arg("USAGE").arg(kind.key(bucket)).arg("SAMPLES").arg(0);
            }
        }
        let bytes: Vec<Option<u64>> = asking.query(&mut self.redis.connect()).expect("MEMORY USAGE");
        bytes.into_iter().flatten().sum()
    }

    /// No data went back, and nobody says that they did.
    pub fn assert_no_rollback(&self, runtime: &Runtime) {
        let of_metrics = |sidecar| async move { Metrics::fetch(sidecar).await.value("otp_store_rollbacks_total", &[]) };
        let counted: Vec<f64> = self.sidecars.iter().map(|sidecar| runtime.block_on(of_metrics(sidecar))).collect();
        assert_eq!(counted, [0.0; 2]);
        let logs = self.sidecars.iter().flat_map(Sidecar::log_lines).chain(self.log.iter().cloned());
        let events = self.sidecars.iter().flat_map(Sidecar::all_event_lines);
        let told =
            logs.filter(|line| line.contains("went back")).chain(events.filter(|line| line.contains("store.rollback")));
        assert_eq!(told.collect::<Vec<_>>(), Vec::<String>::new());
    }

    /// Nobody panicked, and Redis found nothing wrong with itself.
    pub fn assert_no_panic(&self) {
        let logs = self.sidecars.iter().flat_map(Sidecar::log_lines).chain(self.log.iter().cloned());
        let panics: Vec<_> = logs.filter(|line| line.contains("panick")).collect();
        assert_eq!(panics, Vec::<String>::new());
        let log = fs::read_to_string(self.redis.dir().join("redis.log")).expect("its log");
        assert!(!log.contains("BUG REPORT") && !log.contains("ASSERTION"), "{log}");
    }
}
