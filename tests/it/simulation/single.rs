//! One server with an append-only file, and before it a wire for each sidecar.

use std::{thread, time::Duration};

use super::{
    history::{Effect, SLACK, now},
    plan::{Fault, SIDECARS},
    world::{Hands, Store, outage},
};
use crate::support::{self, Proxy, Redis, RedisOptions};

/// See the module.
pub struct Single {
    proxies: Vec<Proxy>,
    redis: Redis,
}

impl Single {
    /// What was answered is on the disk: a server that starts anew has lost nothing.
    pub fn start() -> Self {
        let extra = vec!["--appendfsync".into(), "always".into()];
        let redis = Redis::with(RedisOptions { aof: true, extra, ..RedisOptions::default() });
        let proxies = (0..SIDECARS).map(|_| Proxy::start(&redis)).collect();
        Self { proxies, redis }
    }
}

impl Store for Single {
    fn url(&self, sidecar: usize) -> String {
        self.proxies[sidecar].url()
    }

    fn primaries(&self) -> Vec<&Redis> {
        vec![&self.redis]
    }

    fn servers(&self) -> Vec<&Redis> {
        vec![&self.redis]
    }

    fn hurt(&mut self, fault: Fault, hands: &mut Hands) -> Vec<Effect> {
        match fault {
            Fault::Partition { sidecar, reset, ms } => {
                self.proxies[sidecar].set(if reset { support::Fault::Reset } else { support::Fault::HalfOpen });
                let from = now();
                thread::sleep(Duration::from_millis(ms));
                let to = now();
                self.proxies[sidecar].heal();
                vec![Effect::Outage { sidecar: Some(sidecar), subjects: None, from: from + SLACK, to }]
            }
            Fault::LoseAnswers { sidecar, calls } => {
                self.proxies[sidecar].set(support::Fault::Cut(calls));
                (hands.calls)(10 * calls);
                self.proxies[sidecar].heal();
                Vec::new()
            }
            Fault::Freeze { ms } => {
                self.redis.pause();
                let from = now();
                thread::sleep(Duration::from_millis(ms));
                let to = now();
                self.redis.resume();
                vec![outage(from, to)]
            }
            Fault::Restart => {
                self.redis.kill();
                let (from, to) = (now(), now());
                self.redis.restart();
                vec![outage(from, to)]
            }
            Fault::ForgetScripts => {
                self.redis.cli(&["FUNCTION", "FLUSH"]);
                Vec::new()
            }
            other => panic!("not of one server: {other:?}"),
        }
    }
}
