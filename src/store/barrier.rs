//! The barrier: says when replicas have what a primary was told before.
//!
//! `WAIT` holds up everything behind it on its connection, and on a connection that wrote nothing it proves nothing. So each
//! primary has one connection that does nothing else: whoever must know gathers here, one small write and one `WAIT` speak
//! for all who have gathered, and who comes meanwhile is in the next round.

mod replicas;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use redis::Value;
use replicas::{Replica, Replicas};
use tokio::sync::oneshot;

use super::{
    StoreError,
    ask::{load, unknown_function},
    function::BARRIER,
    key::OfBucket,
    lineage::{self, Lineage},
    link::Link,
    node::Node,
};
use crate::{event::Bucket, metrics::Metrics};

/// How long the barrier's own key stays.
const KEPT_MS: u32 = 60_000;
/// So many more buckets are tried where those that were written to are on their way to another server.
const SPARES: usize = 4;
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
    replicas: Replicas,
}

#[derive(Default)]
struct Gathered {
    going: bool,
    waiting: Vec<Waiter>,
}

/// Who must know, of which write, and who must have it.
struct Waiter {
    write: Write,
    who: Who,
    tell: oneshot::Sender<Result<(), StoreError>>,
}

/// A write that is to be confirmed.
#[derive(Debug, Clone)]
pub(super) struct Write {
    /// Its bucket, and another one of the server that is asked, if it has more.
    pub(super) bucket: Bucket,
    pub(super) spare: Option<Bucket>,
    /// The replication id of the server that carried it out.
    pub(super) id: String,
    /// Whether that is another primary than the one that is asked, from which the bucket has come since, with all that is in
    /// it.
    pub(super) moved: bool,
}

/// What is asked for.
#[derive(Debug, Default, Clone, Copy)]
struct Who {
    replica: Replica,
    disk: bool,
}

/// What a round has found.
struct Found {
    lineage: Arc<Lineage>,
    replica: bool,
    disk: bool,
}

impl Barrier {
    /// Over a connection of its own.
    pub(super) fn new(link: Link, timeout: Duration, expects: bool) -> Self {
        Self { link, timeout, gathered: Mutex::default(), replicas: Replicas::new(expects) }
    }

    /// Its connection.
    pub(super) fn link(&self) -> &Link {
        &self.link
    }

    /// Notes how many replicas the primary has now.
    pub(super) fn note(&self, lineage: &Lineage) {
        self.replicas.note(lineage);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Gathered> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Round after round, until nobody waits.
    async fn go(&self, node: &Node, metrics: &Metrics) {
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
            let who = waiting.iter().fold(Who::default(), |all, Waiter { who, .. }| Who {
                replica: all.replica.max(who.replica),
                disk: all.disk || who.disk,
            });
            let spares = waiting.iter().filter_map(|waiter| waiter.write.spare).take(SPARES);
            let mut buckets: Vec<Bucket> = waiting.iter().map(|waiter| waiter.write.bucket).chain(spares).collect();
            buckets.sort_unstable();
            buckets.dedup();
            let result = self.round(&buckets, who).await;
            // Whose data they are now, and not when somebody last looked.
            if let Ok(found) = &result
                && node.saw(&found.lineage)
            {
                node.forget();
            }
            for Waiter { write, who, tell } in waiting {
                let own = match &result {
                    Ok(found) if found.has(&write, who, node) => Ok(()),
                    Ok(_) => Err(StoreError::Unconfirmed),
                    Err(error) => Err(error.clone()),
                };
                // Who has given up waiting does not want to know.
                let _ = tell.send(own);
            }
        }
    }

    /// A connection that turns out to be broken is made anew: to ask twice does no harm.
    async fn round(&self, buckets: &[Bucket], who: Who) -> Result<Found, StoreError> {
        let until = Instant::now() + self.timeout;
        let mut buckets = buckets.iter().copied();
        let mut bucket = buckets.next().ok_or(StoreError::Unconfirmed)?;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.ask(bucket, who, left).await {
                Err(StoreError::Disconnected) if left > AGAIN * 2 => tokio::time::sleep(AGAIN).await,
                Err(StoreError::TimedOut) => return Err(StoreError::Unconfirmed),
                // Any bucket of this server will do: it is the connection that is waited for.
                Err(error @ StoreError::Elsewhere(_)) => bucket = buckets.next().ok_or(error)?,
                answer => return answer,
            }
        }
    }

    async fn ask(&self, bucket: Bucket, who: Who, left: Duration) -> Result<Found, StoreError> {
        // Answered before the time-out of the call itself.
        let time = u64::try_from((left * 7 / 8).as_millis()).unwrap_or(u64::MAX).max(1);
        let mut asking = redis::Pipeline::new();
        // Even where memory is full: what frees some is to be confirmed as well.
        asking
            .cmd(BARRIER.verb)
            .arg(&BARRIER.registered)
            .arg(1)
            .arg(OfBucket::Barrier.key(bucket))
            .arg(KEPT_MS)
            .ignore();
        if who.replica == Replica::Yes {
            asking.cmd("WAIT").arg(1).arg(time);
        }
        if who.disk {
            asking.cmd("WAITAOF").arg(1).arg(0).arg(time);
        }
        // Last: whose data they were that have been waited for.
        asking.add_command(lineage::question());
        let answers = self.link.run_within(left, |way| async move {
            let mut connection = way.connection;
            let mut answers = match asking.query_async::<Vec<Value>>(&mut connection).await {
                Err(error) if unknown_function(&error) => {
                    load(&mut connection).await?;
                    asking.query_async::<Vec<Value>>(&mut connection).await?
                }
                answers => answers?,
            };
            if who.replica == Replica::IfAny {
                let lineage = read(answers.last())?;
                self.note(&lineage);
                let replicas = match lineage.replicas {
                    0 => Value::Int(1),
                    _ => redis::cmd("WAIT").arg(1).arg(time).query_async(&mut connection).await?,
                };
                answers.insert(0, replicas);
            }
            Ok(answers)
        });
        let (mut replica, mut disk, mut lineage) = (false, false, None);
        for answer in answers.await? {
            match answer {
                Value::Int(replicas) => replica = replicas >= 1,
                Value::Array(both) => disk = matches!(both.first(), Some(Value::Int(local)) if *local >= 1),
                answer => lineage = Some(Arc::new(read(Some(&answer))?)),
            }
        }
        Ok(Found { lineage: lineage.ok_or(StoreError::Unexpected(BARRIER.name))?, replica, disk })
    }
}

/// Reads an answer to [`lineage::question`].
fn read(answer: Option<&Value>) -> Result<Lineage, StoreError> {
    let text = answer.map(redis::from_redis_value_ref::<String>).and_then(Result::ok);
    Lineage::read(&text.ok_or(StoreError::Unexpected(BARRIER.name))?)
}

impl Found {
    /// Whether whoever must has this write, as far as this round tells.
    fn has(&self, write: &Write, who: Who, node: &Node) -> bool {
        let Self { lineage, replica, disk } = self;
        // What a server has that went on from the writer's data need not be all of it.
        let same = node.had(&lineage.id, &write.id) || (write.moved && lineage.before != write.id);
        lineage.primary && same && (*replica || who.replica == Replica::No) && (*disk || !who.disk)
    }
}

/// Returns when whoever must has all that was written to `node` before this call.
///
/// # Errors
/// [`StoreError::Unconfirmed`] if they do not have it in time; [`StoreError::Elsewhere`] if no bucket that is waited for is
/// this server's any more.
pub(super) async fn pass(
    node: &Arc<Node>,
    write: Write,
    durability: Durability,
    metrics: &Arc<Metrics>,
) -> Result<(), StoreError> {
    let barrier = &node.barrier;
    let replicated = barrier.replicas.needed(&write.id);
    let who = match durability {
        Durability::None => return Ok(()),
        Durability::WhereReplicated if replicated == Replica::No => return Ok(()),
        Durability::WhereReplicated => Who { replica: replicated, disk: false },
        Durability::Replica => Who { replica: Replica::Yes, disk: false },
        Durability::Fsync => Who { replica: replicated, disk: true },
    };
    let (tell, told) = oneshot::channel();
    let first = {
        let mut gathered = barrier.lock();
        gathered.waiting.push(Waiter { write, who, tell });
        !std::mem::replace(&mut gathered.going, true)
    };
    if first {
        let (node, metrics) = (Arc::clone(node), Arc::clone(metrics));
        tokio::spawn(async move { node.barrier.go(&node, &metrics).await });
    }
    // A round that had begun before, and one's own.
    match tokio::time::timeout(barrier.timeout * 2, told).await {
        Ok(Ok(Err(error @ StoreError::Elsewhere(_)))) => Err(error),
        Ok(Ok(Ok(()))) => Ok(()),
        _ => Err(StoreError::Unconfirmed),
    }
}
