//! The owner of a bucket's data: verified over each new connection before any other function, by `lua/home.lua`.
//!
//! Each bucket remembers the replication id of the server that it was last found with. Another one means:
//!
//! | now | so |
//! |---|---|
//! | the server was promoted from the one remembered: it was its replica | writes may be lost: the epoch is raised |
//! | it is the same process, and was no replica since: it took another id | nothing is lost: kept |
//! | the one remembered is another primary of the cluster, and lives | the slot moved, with all that is in it: kept |
//! | a single server that started anew, with an append-only file | it lost nothing but what the disk did not have: kept |
//! | nothing is there, though events of the bucket were exported | it was emptied: the epoch is raised above those |
//! | an earlier epoch than that of an event that was exported | an old copy: refused until an operator accepts it |
//! | anything else | the epoch is raised |
//!
//! A raised epoch fences what was written before: every code issued then is void.

use std::sync::Arc;

use futures_util::{StreamExt as _, future::join_all, stream::FuturesUnordered};
use redis::{RedisResult, Value};

use super::{confirm::still_has, replication::ReplicationInfo};
use crate::{
    event::{Bucket, EventContext, NOBODY},
    store::{
        Store, StoreError,
        connection::{Connection, Primary},
        error::Elsewhere,
        functions::HOME,
        key::OfBucket,
        reply::Reply,
    },
};

const RAISED: i64 = 2;
const ASKED: i64 = 4;
const OLDER: i64 = 5;
/// Twice is enough, unless somebody else decides in between.
const TRIES: usize = 4;

impl Store {
    /// Verifies that a primary is the owner of a bucket's data, over each connection once, for all buckets of that server at
    /// once, so that no later call has to wait for it. Not where the bucket is only on its way there (`asking`). Answers whose
    /// data the server has.
    ///
    /// # Errors
    /// [`StoreError`]: the bucket must not be asked anything over this connection.
    pub(in crate::store) async fn verify_owner(
        &self,
        primary: &Arc<Primary>,
        connection: &Connection,
        bucket: Bucket,
        asking: bool,
    ) -> Result<Arc<ReplicationInfo>, StoreError> {
        if !asking && !connection.owns(bucket) {
            // Seldom, as the question below: no call carries room for it.
            Box::pin(self.verify_owners(primary, connection, bucket)).await?;
        }
        match connection.replication() {
            Some(known) => Ok(known),
            None => Box::pin(connection.ask_replication()).await,
        }
    }

    async fn verify_owners(
        &self,
        primary: &Arc<Primary>,
        connection: &Connection,
        bucket: Bucket,
    ) -> Result<(), StoreError> {
        let _verifying = connection.verifying().await;
        if connection.owns(bucket) {
            return Ok(());
        }
        if !connection.owns_any() {
            // Not as it was when the connection was made: it may have led to a replica then.
            let found = connection.ask_replication().await?;
            if !found.primary {
                return Err(self.no_primary(connection, bucket).await);
            }
            primary.saw(&found);
            let map = self.topology.map();
            let held = |other: &Bucket| *other == bucket || map.holds(primary, *other);
            let buckets: Vec<Bucket> = Bucket::all().filter(held).collect();
            // As a rule they are where they were, and no function need say so.
            self.note_unchanged(connection, &found, &buckets).await?;
            let others = buckets.iter().filter(|other| **other != bucket && !connection.owns(**other));
            let settled = join_all(others.map(|other| self.settle_owner(primary, connection, &found, *other))).await;
            // What else becomes of another bucket is for its own calls to find out.
            if let Some(unusable) = settled.into_iter().find(|it| matches!(it, Err(StoreError::Unusable(_)))) {
                return unusable;
            }
            if connection.owns(bucket) {
                return Ok(());
            }
        }
        let found = connection.replication().ok_or(StoreError::Disconnected)?;
        self.settle_owner(primary, connection, &found, bucket).await
    }

    /// Notes which of these buckets are with this server still, in one round trip.
    async fn note_unchanged(
        &self,
        connection: &Connection,
        found: &ReplicationInfo,
        buckets: &[Bucket],
    ) -> Result<(), StoreError> {
        let keys = |bucket: &Bucket| [OfBucket::Home, OfBucket::Epoch].map(|kind| kind.key(*bucket));
        let mut asking = redis::pipe();
        buckets.iter().for_each(|bucket| {
            asking.cmd("MGET").arg(&keys(bucket));
        });
        asking.ignore_errors();
        type Both = (Option<Vec<u8>>, Option<Vec<u8>>);
        let answers: Vec<RedisResult<Both>> = asking.query_async(&mut connection.redis()).await?;
        for (bucket, answer) in buckets.iter().zip(answers) {
            let Ok((Some(home), epoch)) = answer else { continue };
            let epoch = epoch.as_deref().map_or(Some(1), |epoch| std::str::from_utf8(epoch).ok()?.parse().ok());
            let whole = epoch.is_some_and(|epoch: u32| epoch >= self.highest.of(*bucket));
            if whole && home.starts_with(found.id.as_bytes()) {
                connection.set_owned(*bucket, true);
            }
        }
        Ok(())
    }

    /// What a call hears that came to a replica: in a cluster it says itself where to go.
    async fn no_primary(&self, connection: &Connection, bucket: Bucket) -> StoreError {
        if !self.topology.clustered() {
            return StoreError::Refused("READONLY".into());
        }
        let asked = redis::cmd("GET").arg(OfBucket::Home.key(bucket)).query_async(&mut connection.redis()).await;
        match asked {
            // A primary after all, since a moment ago: all of it once more.
            Ok(Value::Nil | _) => StoreError::Elsewhere(Elsewhere::TryAgain),
            Err(error) => error.into(),
        }
    }

    /// Decides what it means that a bucket is here, and notes that it is.
    async fn settle_owner(
        &self,
        primary: &Primary,
        connection: &Connection,
        found: &ReplicationInfo,
        bucket: Bucket,
    ) -> Result<(), StoreError> {
        let (mut owner, mut verdict) = (Vec::new(), "");
        for _ in 0..TRIES {
            let mut reply = self.ask_owner(connection, found, bucket, &owner, verdict).await?;
            match reply.int()? {
                RAISED => {
                    let epoch = reply.natural()?;
                    self.metrics.epochs_raised.inc();
                    let bucket = bucket.number();
                    tracing::warn!(bucket, epoch, "this server may have lost writes: codes issued before are void");
                }
                OLDER => return Err(self.older(bucket, reply.natural()?)),
                ASKED => {
                    owner = reply.bytes()?;
                    let whole = self.nothing_lost(primary, found, &String::from_utf8_lossy(&owner)).await;
                    verdict = if whole { "keep" } else { "raise" };
                    continue;
                }
                _ => {}
            }
            connection.set_owned(bucket, true);
            return Ok(());
        }
        Err(StoreError::Unexpected(HOME.name))
    }

    async fn ask_owner(
        &self,
        connection: &Connection,
        found: &ReplicationInfo,
        bucket: Bucket,
        owner: &[u8],
        verdict: &str,
    ) -> Result<Reply, StoreError> {
        let keys = [OfBucket::Home, OfBucket::Epoch, OfBucket::Events].map(|kind| kind.key(bucket).into_bytes());
        let context = EventContext { actor: &self.name, ..EventContext::about(&NOBODY) }.packed();
        let promoted_from = if found.promoted() { &*found.replid2 } else { "" };
        let least = self.highest.of(bucket).to_string();
        // A server that was running before that was exported is no backup: it is a replica that was behind.
        let accepted = self.highest.accepts(bucket) || self.highest.older_than(bucket, found.uptime);
        let mut cmd = self.fcall(&HOME, bucket, &keys);
        cmd.arg(&found.id).arg(promoted_from).arg(owner).arg(verdict).arg(context).arg(least).arg(i32::from(accepted));
        let answer = self.run(&mut connection.redis(), &cmd, false).await;
        let value = answer.inspect_err(|error| self.damaged.note(bucket, &keys, error))?;
        Reply::new(HOME.name, value)
    }

    fn older(&self, bucket: Bucket, epoch: u64) -> StoreError {
        let (exported, most) = (self.highest.of(bucket), self.highest.most());
        StoreError::Unusable(format!(
            "it holds older data than were exported to OTP_AUDIT_DIR (bucket {}: epoch {epoch}, exported {exported}): a \
             backup was restored, or it is another server; to go on with what is there, every code void, start with \
             OTP_ACCEPT_OLDER_STORE={most}",
            bucket.number()
        ))
    }

    /// Whether a bucket that was found with the server of this replication id lost nothing on its way here.
    async fn nothing_lost(&self, primary: &Primary, found: &ReplicationInfo, owner: &str) -> bool {
        if primary.had(&found.id, owner) {
            return true;
        }
        if !self.topology.clustered() {
            return self.topology.single() && found.appends && !found.promoted();
        }
        let map = self.topology.map();
        let others = || map.primaries.iter().filter(|other| !std::ptr::eq(Arc::as_ptr(other), primary));
        // One that gave away its last slot becomes a replica of whoever has it.
        if others().any(|other| other.was(owner)) {
            return true;
        }
        // One that stands still keeps nobody from the answer of another.
        let mut asking: FuturesUnordered<_> = others().map(|other| still_has(other, owner)).collect();
        while let Some(has) = asking.next().await {
            if has {
                return true;
            }
        }
        // Asked just now, it may have turned out to be one.
        others().any(|other| other.was(owner))
    }
}
