//! Whether a bucket's data is what we knew: asked over each new connection before any other script, of `lua/home.lua`.
//!
//! Each bucket remembers the replication id of the server that it was last found with. Another one means:
//!
//! | now | so |
//! |---|---|
//! | the server went on from the one remembered: it was its replica | writes may be lost: the epoch is raised |
//! | the one remembered is the id of another primary of the cluster | the slot moved, with all that is in it: kept |
//! | a single server that started anew, with an append-only file | it lost nothing but what the disk did not have: kept |
//! | anything else | the epoch is raised |
//!
//! A raised epoch makes every code void that was issued before; then what this sidecar told callers is put back.

use std::{
    sync::{PoisonError, atomic::Ordering},
    time::{Duration, Instant},
};

use redis::Value;

use super::{Bucket, Store, StoreError, key::OfBucket, link::Way, reply::Reply, script};
use crate::audit::event::{Context, NOBODY};

/// So lately must another primary have been seen with a replication id to be taken for its holder still: the look at all of
/// them comes once a second.
const LATELY: Duration = Duration::from_secs(3);

const NEW: i64 = 1;
const RAISED: i64 = 2;
const ASKED: i64 = 4;

impl Store {
    /// Makes sure of it, once for each bucket and connection.
    ///
    /// # Errors
    /// [`StoreError`]: the bucket must not be asked anything over this connection.
    pub(super) async fn at_home(&self, way: &Way, bucket: Bucket) -> Result<(), StoreError> {
        let bit = 1 << bucket.number();
        if way.at_home.load(Ordering::Acquire) & bit != 0 {
            return Ok(());
        }
        let node = self.nodes.of(bucket).await?;
        node.barrier.note(&way.lineage);
        let raised = self.settle_home(way, bucket).await?;
        let changed = self.replays.found_at(bucket, &way.lineage.id);
        if raised || changed {
            self.put_back(way, bucket).await?;
        }
        way.at_home.fetch_or(bit, Ordering::Release);
        Ok(())
    }

    /// Whether the epoch was raised.
    async fn settle_home(&self, way: &Way, bucket: Bucket) -> Result<bool, StoreError> {
        let (mut found, mut verdict) = (Vec::new(), "");
        // Twice at most, unless somebody else decides in between.
        for _ in 0..4 {
            let mut reply = self.ask_home(way, bucket, &found, verdict).await?;
            match reply.int()? {
                RAISED => {
                    let epoch = reply.natural()?;
                    self.metrics.epochs_raised.inc();
                    tracing::warn!(
                        bucket = bucket.number(),
                        epoch,
                        "this server may have lost writes: codes issued before are void"
                    );
                    return Ok(true);
                }
                ASKED => {
                    found = reply.bytes()?;
                    verdict = if self.nothing_lost(way, &found) { "keep" } else { "raise" };
                }
                NEW.. | i64::MIN..=0 => return Ok(false),
            }
        }
        Err(StoreError::Unexpected(script::HOME.name))
    }

    async fn ask_home(&self, way: &Way, bucket: Bucket, found: &[u8], verdict: &str) -> Result<Reply, StoreError> {
        let keys = [OfBucket::Home, OfBucket::Epoch, OfBucket::Events].map(|kind| kind.key(bucket).into_bytes());
        let context = Context { actor: &self.name, ..Context::about(&NOBODY) }.packed();
        let before = way.lineage.before.trim_start_matches('0');
        let before = if before.is_empty() { "" } else { &way.lineage.before };
        let args: [&[u8]; 5] = [way.lineage.id.as_bytes(), before.as_bytes(), found, verdict.as_bytes(), &context];
        let value: Value = self.run(way.connection.clone(), &script::HOME, bucket, (&keys, &args), false).await?;
        Reply::new(script::HOME.name, value)
    }

    /// Whether a bucket that was found with the server of this replication id lost nothing on its way here.
    fn nothing_lost(&self, way: &Way, found: &[u8]) -> bool {
        if self.nodes.clustered() {
            let map = self.nodes.map();
            return map.holders().iter().any(|(node, _)| {
                let seen = node.seen.lock().unwrap_or_else(PoisonError::into_inner);
                seen.as_ref().is_some_and(|(at, id)| at.elapsed() < LATELY && id.as_bytes() == found)
            });
        }
        !self.nodes.watched() && way.lineage.appends
    }

    /// Which replication id a primary had when it was last looked at.
    pub(super) fn last_seen(node: &super::node::Node) -> Option<String> {
        let seen = node.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.as_ref().map(|(_, id)| id.clone())
    }

    /// Notes which replication id a primary has.
    pub(super) fn seen(node: &super::node::Node, id: &str) {
        *node.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), id.to_owned()));
    }
}
