//! The barrier: says when replicas have what a primary was told before.
//!
//! `WAIT` holds up everything behind it on its connection, and on a connection that wrote nothing it proves nothing. So each
//! primary has one connection that does nothing else: whoever must know gathers here, one small write and one `WAIT` speak
//! for all who have gathered, and who comes meanwhile is in the next round.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use redis::Value;
use tokio::sync::oneshot;

use super::{Bucket, StoreError, key::OfBucket, lineage::Lineage, link::Link, node::Node, script::BARRIER};
use crate::metrics::Metrics;

/// How long the barrier's own key stays.
const KEPT_MS: u32 = 60_000;
/// A primary that had replicas so lately is taken to have some still: one that has lost sight of them all may have been
/// replaced already. Whoever replaces it does so in less.
const GRACE: Duration = Duration::from_secs(60);
/// So many replication ids are remembered.
const REMEMBERED: usize = 4;
/// Between two tries to reach the primary.
const AGAIN: Duration = Duration::from_millis(20);

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
    /// Replication ids that the primary had, the latest few, and until when it is taken to have replicas still; `None` = it
    /// had none.
    replicated: Mutex<Vec<(String, Option<Instant>)>>,
}

#[derive(Default)]
struct Gathered {
    going: bool,
    waiting: Vec<Waiter>,
}

/// Who must know, and over which data the write was made.
struct Waiter {
    of: String,
    tell: oneshot::Sender<Result<(), StoreError>>,
}

/// What a round asks for.
#[derive(Debug, Clone, Copy)]
struct Who {
    replica: bool,
    disk: bool,
}

impl Barrier {
    /// Over a connection of its own.
    pub(super) fn new(link: Link, timeout: Duration) -> Self {
        Self { link, timeout, gathered: Mutex::default(), replicated: Mutex::default() }
    }

    /// Its connection.
    pub(super) fn link(&self) -> &Link {
        &self.link
    }

    /// Notes how many replicas the primary has now.
    pub(super) fn note(&self, lineage: &Lineage) {
        let mut all = self.replicated.lock().unwrap_or_else(PoisonError::into_inner);
        let before = all.iter().find(|(id, _)| *id == lineage.id).and_then(|(_, until)| *until);
        let until = if lineage.replicas > 0 { Some(Instant::now() + GRACE) } else { before };
        all.retain(|(id, _)| *id != lineage.id);
        all.push((lineage.id.clone(), until));
        let many = all.len().saturating_sub(REMEMBERED);
        all.drain(..many);
    }

    /// Under which replication id this primary has what was written under `id`, and whether it has replicas, or had until
    /// lately. An id that it never had is of another primary, from which the bucket has come here since.
    fn has(&self, id: &str) -> (String, bool) {
        let all = self.replicated.lock().unwrap_or_else(PoisonError::into_inner);
        let own = all.iter().find(|(known, _)| known == id).or(all.last());
        let replicated = own.and_then(|(_, until)| *until).is_some_and(|until| Instant::now() < until);
        (own.map_or_else(|| id.to_owned(), |(known, _)| known.clone()), replicated)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Gathered> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Round after round, until nobody waits.
    async fn go(&self, bucket: Bucket, who: Who, metrics: &Metrics) {
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
            for Waiter { of, tell } in waiting {
                let own = match &result {
                    // That another server has replicas says nothing of what was written to this one.
                    Ok(lineage) if lineage.id != of => Err(StoreError::Unconfirmed),
                    Ok(_) => Ok(()),
                    Err(error) => Err(error.clone()),
                };
                // Who has given up waiting does not want to know.
                let _ = tell.send(own);
            }
        }
    }

    /// Whose data was confirmed. A connection that turns out to be broken is made anew: to ask twice does no harm.
    async fn round(&self, bucket: Bucket, who: Who) -> Result<Arc<Lineage>, StoreError> {
        let until = Instant::now() + self.timeout;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.ask(bucket, who, left).await {
                Err(StoreError::Disconnected) if left > AGAIN * 2 => tokio::time::sleep(AGAIN).await,
                Err(StoreError::TimedOut) => return Err(StoreError::Unconfirmed),
                answer => return answer,
            }
        }
    }

    async fn ask(&self, bucket: Bucket, who: Who, left: Duration) -> Result<Arc<Lineage>, StoreError> {
        // Answered before the time-out of the call itself.
        let time = u64::try_from((left * 7 / 8).as_millis()).unwrap_or(u64::MAX).max(1);
        let mut asking = redis::Pipeline::new();
        // Even where memory is full: what frees some is to be confirmed as well.
        asking.cmd("EVAL").arg(BARRIER.body).arg(1).arg(OfBucket::Barrier.key(bucket)).arg(KEPT_MS).ignore();
        if who.replica {
            asking.cmd("WAIT").arg(1).arg(time);
        }
        if who.disk {
            asking.cmd("WAITAOF").arg(1).arg(0).arg(time);
        }
        let answers = self.link.run_within(left, |way| async move {
            let mut connection = way.connection;
            Ok((asking.query_async::<Vec<Value>>(&mut connection).await?, way.lineage))
        });
        let enough = |answer: &Value| match answer {
            Value::Int(replicas) => *replicas >= 1,
            Value::Array(both) => matches!(both.first(), Some(Value::Int(local)) if *local >= 1),
            _ => false,
        };
        let (answers, lineage) = answers.await?;
        if answers.iter().all(enough) { Ok(lineage) } else { Err(StoreError::Unconfirmed) }
    }
}

/// Returns when whoever must has all that was written before this call to `node`, while it had this replication id;
/// `bucket` is one of its own.
///
/// # Errors
/// [`StoreError::Unconfirmed`] if they do not have it in time; others: it could not be asked.
pub(super) async fn pass(
    node: &Arc<Node>,
    (bucket, id): (Bucket, &str),
    durability: Durability,
    metrics: &Arc<Metrics>,
) -> Result<(), StoreError> {
    let barrier = &node.barrier;
    let (of, replicated) = barrier.has(id);
    let who = match durability {
        Durability::None => return Ok(()),
        Durability::WhereReplicated if !replicated => return Ok(()),
        Durability::WhereReplicated | Durability::Replica => Who { replica: true, disk: false },
        Durability::Fsync => Who { replica: replicated, disk: true },
    };
    let (tell, told) = oneshot::channel();
    let first = {
        let mut gathered = barrier.lock();
        gathered.waiting.push(Waiter { of, tell });
        !std::mem::replace(&mut gathered.going, true)
    };
    if first {
        let (node, metrics) = (Arc::clone(node), Arc::clone(metrics));
        tokio::spawn(async move { node.barrier.go(bucket, who, &metrics).await });
    }
    // A round that had begun before, and one's own.
    let told = tokio::time::timeout(barrier.timeout * 2, told).await;
    told.map_err(|_| StoreError::Unconfirmed)?.map_err(|_| StoreError::Unconfirmed)?
}
