//! The barrier: says when replicas have what a primary was told before.
//!
//! `WAIT` holds up everything behind it on its connection, and on a connection that wrote nothing it proves nothing. So each
//! primary has one connection that does nothing else: whoever must know gathers here, one small write and one `WAIT` speak
//! for all who have gathered, and who comes meanwhile is in the next round.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use redis::Value;
use tokio::sync::oneshot;

use super::{Bucket, StoreError, key::OfBucket, link::Link, node::Node};
use crate::metrics::Metrics;

/// How long the barrier's own key stays.
const KEPT_MS: u32 = 60_000;
/// A primary that had replicas so lately is taken to have some still: one that has lost sight of them all may have been
/// replaced already. Whoever replaces it does so in less.
const GRACE: Duration = Duration::from_secs(60);

/// Who must have what was written before it is answered (`OTP_DURABILITY`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// One replica, where there are any.
    #[default]
    WhereReplicated,
    /// The primary's memory.
    None,
    /// One replica.
    Replica,
    /// The primary's disk, and one replica where there are any.
    Fsync,
}

/// See the module.
pub(super) struct Barrier {
    link: Link,
    timeout: Duration,
    gathered: Mutex<Gathered>,
    started: Instant,
    /// Until when replicas are taken to exist, ms since `started`; 0 = there never were any.
    replicated: AtomicU64,
}

#[derive(Default)]
struct Gathered {
    going: bool,
    waiting: Vec<oneshot::Sender<Result<(), StoreError>>>,
}

impl Barrier {
    /// Over a connection of its own.
    pub(super) fn new(link: Link, timeout: Duration) -> Self {
        Self { link, timeout, gathered: Mutex::default(), started: Instant::now(), replicated: AtomicU64::new(0) }
    }

    /// Its connection.
    pub(super) fn link(&self) -> &Link {
        &self.link
    }

    /// Notes how many replicas the primary has now.
    pub(super) fn note_replicas(&self, replicas: usize) {
        if replicas > 0 {
            self.replicated.store(self.clock().saturating_add(millis(GRACE)), Ordering::Relaxed);
        }
    }

    /// Whether there are replicas, or were until lately.
    pub(super) fn replicated(&self) -> bool {
        self.clock() < self.replicated.load(Ordering::Relaxed)
    }

    fn clock(&self) -> u64 {
        millis(self.started.elapsed())
    }
}

/// Returns when whoever must has all that was written to `node` before this call; `bucket` is one of its own.
///
/// # Errors
/// [`StoreError::Unconfirmed`] if they do not have it in time; others: it could not be asked.
pub(super) async fn pass(
    node: &Arc<Node>,
    bucket: Bucket,
    durability: Durability,
    metrics: &Arc<Metrics>,
) -> Result<(), StoreError> {
    let barrier = &node.barrier;
    let (replica, disk) = match durability {
        Durability::None => return Ok(()),
        Durability::WhereReplicated if !barrier.replicated() => return Ok(()),
        Durability::WhereReplicated | Durability::Replica => (true, false),
        Durability::Fsync => (barrier.replicated(), true),
    };
    let (tell, told) = oneshot::channel();
    let first = {
        let mut gathered = barrier.lock();
        gathered.waiting.push(tell);
        !std::mem::replace(&mut gathered.going, true)
    };
    if first {
        let (node, metrics) = (Arc::clone(node), Arc::clone(metrics));
        tokio::spawn(async move { node.barrier.go(bucket, (replica, disk), &metrics).await });
    }
    // A round that had begun before, and one's own.
    let told = tokio::time::timeout(barrier.timeout * 2, told).await;
    told.map_err(|_| StoreError::Unconfirmed)?.map_err(|_| StoreError::Unconfirmed)?
}

impl Barrier {
    fn lock(&self) -> std::sync::MutexGuard<'_, Gathered> {
        self.gathered.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Round after round, until nobody waits.
    async fn go(&self, bucket: Bucket, who: (bool, bool), metrics: &Metrics) {
        loop {
            let waiting = {
                let mut gathered = self.lock();
                if gathered.waiting.is_empty() {
                    gathered.going = false;
                    return;
                }
                std::mem::take(&mut gathered.waiting)
            };
            metrics.barrier_rounds.inc();
            metrics.barrier_waiters.inc_by(waiting.len() as u64);
            let result = self.round(bucket, who).await;
            for waiter in waiting {
                // Who has given up waiting does not want to know.
                let _ = waiter.send(result.clone());
            }
        }
    }

    async fn round(&self, bucket: Bucket, (replica, disk): (bool, bool)) -> Result<(), StoreError> {
        let time = millis(self.timeout * 7 / 8);
        let mut asking = redis::Pipeline::new();
        asking.cmd("SET").arg(OfBucket::Barrier.key(bucket)).arg("").arg("PX").arg(KEPT_MS).ignore();
        if replica {
            asking.cmd("WAIT").arg(1).arg(time);
        }
        if disk {
            asking.cmd("WAITAOF").arg(1).arg(0).arg(time);
        }
        let answers = self.link.run(|way| async move {
            let mut connection = way.connection;
            Ok(asking.query_async::<Vec<Value>>(&mut connection).await?)
        });
        let enough = |answer: &Value| match answer {
            Value::Int(replicas) => *replicas >= 1,
            Value::Array(both) => matches!(both.first(), Some(Value::Int(local)) if *local >= 1),
            _ => false,
        };
        match answers.await {
            Ok(answers) if answers.iter().all(enough) => Ok(()),
            Ok(_) | Err(StoreError::TimedOut) => Err(StoreError::Unconfirmed),
            Err(error) => Err(error),
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
