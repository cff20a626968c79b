//! Confirmation: what must not be lost with a primary is answered when somebody else has it.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::{
    barrier::{Waiter, Who, Write},
    replicas::Replica,
};
use crate::{
    event::Bucket,
    metrics::Metrics,
    policy::Outcome,
    store::{Store, StoreError, connection::Primary, error::Elsewhere, reply::Source},
};

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

/// A slot may move so often while its write is confirmed.
const MOVES: usize = 2;

impl Store {
    /// Confirms a verdict that must not be lost: a success, or a failure that counts against a subject.
    pub(in crate::store) async fn confirm_verdict(
        &self,
        bucket: Bucket,
        outcome: Outcome,
        source: &Source,
    ) -> Result<(), StoreError> {
        let lasting = [Outcome::Approved, Outcome::WrongCode, Outcome::WrongCodeLocks, Outcome::WrongCodeDisables];
        if lasting.contains(&outcome) { self.confirmed(bucket, source).await } else { Ok(()) }
    }

    /// Returns when whoever must has what a call wrote to a bucket, which was answered by `source`.
    ///
    /// # Errors
    /// [`StoreError`]: it is done, and may be lost.
    pub(in crate::store) async fn confirmed(&self, bucket: Bucket, source: &Source) -> Result<(), StoreError> {
        let replica = || source.primary.barrier.needed(&source.replication.id);
        match self.durability {
            Durability::None => Ok(()),
            Durability::WhereReplicated if replica() == Replica::No => Ok(()),
            // In memory of its own: most calls have nothing to be confirmed.
            _ => Box::pin(self.confirm(bucket, source)).await,
        }
    }

    async fn confirm(&self, bucket: Bucket, source: &Source) -> Result<(), StoreError> {
        let (mut primary, mut moved, mut moves) = (Arc::clone(&source.primary), false, MOVES);
        loop {
            let spare = self.topology.clustered().then(|| self.topology.map().spare(&primary, bucket)).flatten();
            let write = Write { bucket, spare, id: source.replication.id.clone(), moved };
            match pass(&primary, write, self.durability, &self.metrics).await {
                Err(StoreError::Elsewhere(elsewhere)) if moves > 0 => {
                    moves -= 1;
                    match elsewhere {
                        Elsewhere::Moved(place) => drop(self.topology.moved(bucket, &place)?),
                        Elsewhere::Ask(_) | Elsewhere::TryAgain => self.topology.refresh().await?,
                    }
                    primary = self.topology.of(bucket).await?;
                    // What the writer still holds as it was, it has handed on as it was.
                    moved = !Arc::ptr_eq(&primary, &source.primary)
                        && still_has(&source.primary, &source.replication.id).await;
                }
                answer => return self.note("barrier", answer),
            }
        }
    }
}

/// Whether a server is the primary that has this replication id, now.
pub(super) async fn still_has(primary: &Primary, id: &str) -> bool {
    let looked = match primary.look().await {
        // Its connections were given up meanwhile, as those of one that holds nothing any more: that says nothing of its data.
        Err(StoreError::Disconnected) => primary.look().await,
        looked => looked,
    };
    looked.is_ok_and(|found| found.primary && primary.had(&found.id, id))
}

/// Returns when whoever must has all that was written to a primary before this call.
///
/// # Errors
/// [`StoreError::Unconfirmed`] if they do not have it in time; [`StoreError::Elsewhere`] if no bucket that is waited for is
/// this server's any more.
async fn pass(
    primary: &Arc<Primary>,
    write: Write,
    durability: Durability,
    metrics: &Arc<Metrics>,
) -> Result<(), StoreError> {
    let needed = primary.barrier.needed(&write.id);
    let who = match durability {
        Durability::Replica => Who { replica: Replica::Yes, disk: false },
        Durability::Fsync => Who { replica: needed, disk: true },
        _ if needed == Replica::No => return Ok(()),
        _ => Who { replica: needed, disk: false },
    };
    let (tell, told) = oneshot::channel();
    if primary.barrier.gather(Waiter { write, who, tell }) {
        tokio::spawn(rounds(Arc::clone(primary), Arc::clone(metrics)));
    }
    // A round that had begun before, and one's own.
    match tokio::time::timeout(primary.barrier.timeout() * 2, told).await {
        Ok(Ok(Err(error @ StoreError::Elsewhere(_)))) => Err(error),
        Ok(Ok(Ok(()))) => Ok(()),
        _ => Err(StoreError::Unconfirmed),
    }
}

/// Round after round, until nobody waits.
async fn rounds(primary: Arc<Primary>, metrics: Arc<Metrics>) {
    while let Some(waiters) = primary.barrier.gathered() {
        metrics.barrier_rounds.inc();
        metrics.barrier_waiters.inc_by(waiters.len() as u64);
        let result = primary.barrier.round(&waiters).await;
        // Whose data they are now, and not when somebody last looked.
        if let Ok(found) = &result {
            primary.saw(&found.replication);
        }
        for Waiter { write, who, tell } in waiters {
            let own = match &result {
                Ok(found) if found.has(&write, who, primary.had(&found.replication.id, &write.id)) => Ok(()),
                Ok(_) => Err(StoreError::Unconfirmed),
                Err(error) => Err(error.clone()),
            };
            // Who has given up waiting does not want to know.
            let _ = tell.send(own);
        }
    }
}
