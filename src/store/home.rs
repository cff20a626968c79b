//! Whether a bucket's data is what we knew: asked over each new connection before any other function, of `lua/home.lua`.
//!
//! Each bucket remembers the replication id of the server that it was last found with. Another one means:
//!
//! | now | so |
//! |---|---|
//! | the server went on from the one remembered: it was its replica | writes may be lost: the epoch is raised |
//! | it is the same process, and was no replica since: it took another id | nothing is lost: kept |
//! | the one remembered is another primary of the cluster, and lives | the slot moved, with all that is in it: kept |
//! | a single server that started anew, with an append-only file | it lost nothing but what the disk did not have: kept |
//! | nothing is there, though events of the bucket were exported | it was emptied: the epoch is raised above those |
//! | an earlier epoch than that of an event that was exported | an old copy: refused until an operator accepts it |
//! | anything else | the epoch is raised |
//!
//! A raised epoch makes every code void that was issued before.

use std::sync::{Arc, atomic::Ordering};

use futures_util::{StreamExt as _, future::join_all, stream::FuturesUnordered};
use redis::{RedisResult, Value};

use super::{
    Store, StoreError,
    error::Elsewhere,
    function,
    key::OfBucket,
    lineage::Lineage,
    link::Way,
    node::{ABOUT, Node},
    reply::Reply,
};
use crate::event::{Bucket, EventContext, NOBODY};

const RAISED: i64 = 2;
const ASKED: i64 = 4;
const OLDER: i64 = 5;

impl Store {
    /// Makes sure of it, unless the server only has the bucket on its way (`asking`); answers whose data the server has.
    ///
    /// # Errors
    /// As [`Store::at_home`].
    pub(super) async fn lineage(
        &self,
        node: &Arc<Node>,
        way: &Way,
        bucket: Bucket,
        asking: bool,
    ) -> Result<Arc<Lineage>, StoreError> {
        if !asking {
            self.at_home(node, way, bucket).await?;
        }
        match way.lineage() {
            Some(known) => Ok(known),
            None => Box::pin(way.ask_lineage()).await,
        }
    }

    /// Makes sure of it: over each connection once, for all buckets of that server at once, so that no later call has to
    /// wait for it.
    ///
    /// # Errors
    /// [`StoreError`]: the bucket must not be asked anything over this connection.
    pub(super) async fn at_home(&self, node: &Arc<Node>, way: &Way, bucket: Bucket) -> Result<(), StoreError> {
        if way.at_home.load(Ordering::Acquire) & (1 << bucket.number()) != 0 {
            return Ok(());
        }
        // Seldom: no call carries room for it.
        Box::pin(self.look_for_home(node, way, bucket)).await
    }

    async fn look_for_home(&self, node: &Arc<Node>, way: &Way, bucket: Bucket) -> Result<(), StoreError> {
        let (bit, known) = (1 << bucket.number(), || way.at_home.load(Ordering::Acquire));
        let _looking = way.looking.lock().await;
        if known() & bit != 0 {
            return Ok(());
        }
        if known() == 0 {
            // Not as it was when the connection was made: it may have led to a replica then.
            let lineage = way.ask_lineage().await?;
            if !lineage.primary {
                return Err(self.no_primary(way, bucket).await);
            }
            if node.saw(&lineage) {
                node.forget();
            }
            let map = self.nodes.map();
            let held = |other: &Bucket| map.of(*other).is_some_and(|held| Arc::ptr_eq(held, node));
            let others: Vec<Bucket> = Bucket::all().filter(|other| *other == bucket || held(other)).collect();
            // As a rule they are where they were, and no function need say so.
            self.unchanged(way, &lineage, &others).await?;
            if known() & bit != 0 {
                return Ok(());
            }
            let others = others.into_iter().filter(|other| known() & (1 << other.number()) == 0 && *other != bucket);
            let others: Vec<Bucket> = others.collect();
            let found = join_all(others.into_iter().map(|other| self.find_home(node, way, &lineage, other))).await;
            // What else becomes of another bucket is for its own calls to find out.
            if let Some(Err(unfit)) = found.into_iter().find(|found| matches!(found, Err(StoreError::Unfit(_)))) {
                return Err(unfit);
            }
        }
        let lineage = way.lineage().ok_or(StoreError::Disconnected)?;
        self.find_home(node, way, &lineage, bucket).await
    }

    /// Notes which of these buckets are with this server still, in one round trip.
    async fn unchanged(&self, way: &Way, lineage: &Lineage, buckets: &[Bucket]) -> Result<(), StoreError> {
        let keys = |bucket: &Bucket| [OfBucket::Home, OfBucket::Epoch].map(|kind| kind.key(*bucket));
        let mut asking = redis::pipe();
        // Of several slots at once a cluster answers nothing.
        for some in buckets.chunks(if self.nodes.clustered() { 1 } else { buckets.len().max(1) }) {
            asking.cmd("MGET").arg(some.iter().flat_map(keys).collect::<Vec<_>>());
        }
        asking.ignore_errors();
        let answers: Vec<RedisResult<Vec<Option<Vec<u8>>>>> = asking.query_async(&mut way.connection.clone()).await?;
        let found = answers.into_iter().flat_map(|answer| answer.unwrap_or_default());
        let found: Vec<Option<Vec<u8>>> = found.collect();
        if found.len() != 2 * buckets.len() {
            return Ok(());
        }
        for (bucket, found) in buckets.iter().zip(found.chunks(2)) {
            let [Some(home), epoch] = found else { continue };
            let epoch = epoch.as_deref().map_or(Some(1), |epoch| std::str::from_utf8(epoch).ok()?.parse().ok());
            let whole = epoch.is_some_and(|epoch: u32| epoch >= self.highest.of(*bucket));
            if whole && home.starts_with(lineage.id.as_bytes()) {
                way.at_home.fetch_or(1 << bucket.number(), Ordering::AcqRel);
            }
        }
        Ok(())
    }

    /// What a call hears that came to a replica: in a cluster it says itself where to go.
    async fn no_primary(&self, way: &Way, bucket: Bucket) -> StoreError {
        if !self.nodes.clustered() {
            return StoreError::Refused("READONLY".into());
        }
        let asked = redis::cmd("GET").arg(OfBucket::Home.key(bucket)).query_async(&mut way.connection.clone()).await;
        match asked {
            // A primary after all, since a moment ago: all of it once more.
            Ok(Value::Nil | _) => StoreError::Elsewhere(Elsewhere::TryAgain),
            Err(error) => error.into(),
        }
    }

    async fn find_home(&self, node: &Node, way: &Way, lineage: &Lineage, bucket: Bucket) -> Result<(), StoreError> {
        self.settle_home(node, way, lineage, bucket).await?;
        way.at_home.fetch_or(1 << bucket.number(), Ordering::AcqRel);
        Ok(())
    }

    async fn settle_home(&self, node: &Node, way: &Way, lineage: &Lineage, bucket: Bucket) -> Result<(), StoreError> {
        let (mut found, mut verdict) = (Vec::new(), "");
        // Twice at most, unless somebody else decides in between.
        for _ in 0..4 {
            let mut reply = self.ask_home((way, lineage), bucket, &found, verdict).await?;
            match reply.int()? {
                RAISED => {
                    let epoch = reply.natural()?;
                    self.metrics.epochs_raised.inc();
                    tracing::warn!(
                        bucket = bucket.number(),
                        epoch,
                        "this server may have lost writes: codes issued before are void"
                    );
                    return Ok(());
                }
                OLDER => return Err(self.older(bucket, reply.natural()?)),
                ASKED => {
                    found = reply.bytes()?;
                    let whole = self.nothing_lost(node, lineage, &String::from_utf8_lossy(&found)).await;
                    verdict = if whole { "keep" } else { "raise" };
                }
                _ => return Ok(()),
            }
        }
        Err(StoreError::Unexpected(function::HOME.name))
    }

    async fn ask_home(
        &self,
        (way, lineage): (&Way, &Lineage),
        bucket: Bucket,
        found: &[u8],
        verdict: &str,
    ) -> Result<Reply, StoreError> {
        let keys = [OfBucket::Home, OfBucket::Epoch, OfBucket::Events].map(|kind| kind.key(bucket).into_bytes());
        let context = EventContext { actor: &self.name, ..EventContext::about(&NOBODY) }.packed();
        let before = if lineage.went_on() { &*lineage.before } else { "" };
        let least = self.highest.of(bucket).to_string();
        // A server that was running before that was exported is no backup: it is a replica that was behind.
        let accepted = self.highest.accepts(bucket) || self.highest.older_than(bucket, lineage.uptime);
        let args: [&[u8]; 7] = [
            lineage.id.as_bytes(),
            before.as_bytes(),
            found,
            verdict.as_bytes(),
            &context,
            least.as_bytes(),
            if accepted { b"1" } else { b"0" },
        ];
        let value: Value = self.run(way.connection.clone(), &function::HOME, bucket, (&keys, &args), false).await?;
        Reply::new(function::HOME.name, value)
    }

    fn older(&self, bucket: Bucket, epoch: u64) -> StoreError {
        let (exported, most) = (self.highest.of(bucket), self.highest.most());
        StoreError::Unfit(format!(
            "it holds older data than were exported to OTP_AUDIT_DIR (bucket {}: epoch {epoch}, exported {exported}): a \
             backup was restored, or it is another server; to go on with what is there, every code void, start with \
             OTP_ACCEPT_OLDER_STORE={most}",
            bucket.number()
        ))
    }

    /// Whether a bucket that was found with the server of this replication id lost nothing on its way here.
    async fn nothing_lost(&self, node: &Node, lineage: &Lineage, found: &str) -> bool {
        if node.had(&lineage.id, found) {
            return true;
        }
        if !self.nodes.clustered() {
            return !self.nodes.watched() && lineage.appends && !lineage.went_on();
        }
        let map = self.nodes.map();
        let others = map.all().iter().filter(|other| !std::ptr::eq(&***other, node));
        // One that gave away its last slot becomes a replica of whoever has it.
        if others.clone().any(|other| other.was(found)) {
            return true;
        }
        // One that stands still keeps nobody from the answer of another.
        let mut asking: FuturesUnordered<_> = others.map(|other| still_has(other, found)).collect();
        while let Some(has) = asking.next().await {
            if has {
                return true;
            }
        }
        // Asked just now, it may have turned out to be one.
        map.all().iter().any(|other| !std::ptr::eq(&**other, node) && other.was(found))
    }
}

/// Whether a server is the primary that has this replication id, now.
pub(super) async fn still_has(node: &Arc<Node>, id: &str) -> bool {
    let asked = node.link(ABOUT).run(|way| async move { Lineage::ask(&mut way.connection.clone()).await }).await;
    match asked {
        Ok(lineage) => {
            let lineage = Arc::new(lineage);
            node.saw(&lineage);
            lineage.primary && node.had(&lineage.id, id)
        }
        Err(_) => false,
    }
}
