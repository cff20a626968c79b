//! The owner of a bucket's data, and how far its events went: asked over each new connection before any other function, and each
//! second ([`super::judge`] says what it means). Data that went back to something earlier are fenced by `lua/fence.lua`: the
//! epoch is raised, and every code of before is void.

use std::sync::Arc;

use futures_util::{StreamExt as _, future::join_all, stream::FuturesUnordered};
use redis::Value;

use super::{
    confirm::still_has,
    judge::{Found, Owner, Server, Verdict, judge},
    positions::{Known, Position},
    replication::ReplicationInfo,
};
use crate::{
    event::{BUCKETS, Bucket, Cause, EventContext, NOBODY},
    store::{
        Durability, Store, StoreError,
        connection::{Connection, Primary},
        error::Elsewhere,
        functions::{FENCE, POSITIONS},
        key::OfBucket,
        reply::Reply,
    },
};

/// Data of others, which nothing may be written to.
pub(in crate::store) const ANOTHERS: &str = "OTP_INDEX_KEY is not the key that this Redis's data was written with";
/// Twice is enough, unless somebody else decides in between.
const TRIES: usize = 4;

/// The server at the other end of a connection.
struct Asked<'a> {
    primary: &'a Primary,
    connection: &'a Connection,
    now: Arc<ReplicationInfo>,
}

/// A bucket whose data went back, as the log tells it.
struct Fenced {
    cause: Cause,
    found: Position,
    expected: Option<Known>,
}

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
        let mut buckets = vec![bucket];
        if !connection.owns_any() {
            // Not as it was when the connection was made: it may have led to a replica then.
            let found = connection.ask_replication().await?;
            if !found.primary {
                return Err(self.no_primary(connection, bucket).await);
            }
            primary.saw(&found);
            let map = self.topology.map();
            buckets.extend(Bucket::all().filter(|other| *other != bucket && map.holds(primary, *other)));
        }
        let mut verified = self.look_at(primary, connection, &buckets).await?.into_iter();
        // What becomes of another bucket is for its own calls to find out.
        verified.next().unwrap_or(Err(StoreError::Disconnected))
    }

    /// Looks how far the events of buckets went, and fences those whose data went back; answers each by itself.
    ///
    /// # Errors
    /// [`StoreError`] if it is not known what server was asked.
    pub(in crate::store) async fn look_at(
        &self,
        primary: &Primary,
        connection: &Connection,
        buckets: &[Bucket],
    ) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        // Before the question: what is learned meanwhile may be of a later moment than the answer.
        let known: Vec<Option<Known>> = buckets.iter().map(|bucket| self.positions.of(*bucket)).collect();
        let now = match connection.replication() {
            Some(now) => now,
            None => connection.ask_replication().await?,
        };
        let asked = Asked { primary, connection, now };
        let found = self.ask_positions(connection, buckets).await;
        let same_run = |found: &Found| found.owner().is_none_or(|owner| owner.run == asked.now.run_id);
        let restarted = found.iter().flatten().any(|found| !same_run(found));
        let whole = restarted && self.started_whole(&asked).await;
        let settling = buckets.iter().zip(known).zip(found).map(|((bucket, known), found)| {
            let asked = &asked;
            async move { self.settle_owner(asked, *bucket, known, found?, whole).await }
        });
        let settled: Vec<Result<Option<Fenced>, StoreError>> = join_all(settling).await;
        let of = buckets.iter().zip(&settled);
        let fenced = of.filter_map(|(bucket, settled)| Some((bucket, settled.as_ref().ok()?.as_ref()?)));
        let fenced: Vec<(&Bucket, &Fenced)> = fenced.collect();
        if let Some((bucket, Fenced { cause, found, expected })) = fenced.first() {
            let (buckets, cause, bucket) = (fenced.len(), cause.label(), bucket.number());
            let expected = expected.map(|known| known.position.to_string());
            tracing::warn!(
                buckets, cause, bucket, %found, expected,
                "data of Redis went back to something earlier, or may have: codes issued before are void"
            );
        }
        Ok(settled.into_iter().map(|settled| settled.map(drop)).collect())
    }

    /// Asks what lies in each bucket: on one server all at once.
    async fn ask_positions(&self, connection: &Connection, buckets: &[Bucket]) -> Vec<Result<Found, StoreError>> {
        let at_once = if self.topology.clustered() { 1 } else { BUCKETS };
        let asked = join_all(buckets.chunks(at_once).map(|some| async move {
            let of_one =
                |bucket: &Bucket| [OfBucket::Owner, OfBucket::Epoch, OfBucket::Events].map(|kind| kind.key(*bucket));
            let keys: Vec<Vec<u8>> = some.iter().flat_map(of_one).map(String::into_bytes).collect();
            let Some(first) = some.first() else { return Vec::new() };
            let answer = self.run(&mut connection.redis(), &self.fcall(&POSITIONS, *first, &keys), false).await;
            let answer = answer.map_err(StoreError::from).and_then(|value| Reply::new(POSITIONS.name, value));
            match answer {
                Ok(mut reply) => some.iter().map(|bucket| self.read_found(*bucket, &mut reply)).collect(),
                Err(error) => {
                    // A slot on its way says nothing of its messages: whoever asks for them finds out where it is.
                    some.iter().for_each(|bucket| self.due.note(*bucket, true));
                    some.iter().map(|_| Err(error.clone())).collect()
                }
            }
        }));
        asked.await.into_iter().flatten().collect()
    }

    fn read_found(&self, bucket: Bucket, reply: &mut Reply) -> Result<Found, StoreError> {
        let (owner, epoch, last) = (reply.bytes()?, reply.bytes()?, reply.bytes()?);
        self.due.note(bucket, !reply.bytes()?.is_empty());
        let last = match &*last {
            b"" => None,
            // It is there, and nobody knows how far it went: that is no absence.
            b"?" => {
                self.damaged.name(bucket, OfBucket::Events.key(bucket).as_bytes(), "WRONGTYPE");
                return Err(StoreError::Refused("WRONGTYPE".into()));
            }
            id => Some(std::str::from_utf8(id).ok().and_then(Position::behind).ok_or_else(|| reply.unexpected())?),
        };
        Ok(Found { owner, epoch, last })
    }

    /// What a call hears that came to a replica: in a cluster it says itself where to go.
    async fn no_primary(&self, connection: &Connection, bucket: Bucket) -> StoreError {
        if !self.topology.clustered() {
            return StoreError::Refused("READONLY".into());
        }
        let asked = redis::cmd("GET").arg(OfBucket::Owner.key(bucket)).query_async(&mut connection.redis()).await;
        match asked {
            // A primary after all, since a moment ago: all of it once more.
            Ok(Value::Nil | _) => StoreError::Elsewhere(Elsewhere::TryAgain),
            Err(error) => error.into(),
        }
    }

    /// Does what follows from what was found in a bucket; answers what was fenced.
    async fn settle_owner(
        &self,
        asked: &Asked<'_>,
        bucket: Bucket,
        mut known: Option<Known>,
        mut found: Found,
        whole: bool,
    ) -> Result<Option<Fenced>, StoreError> {
        let Asked { primary, connection, now } = asked;
        for _ in 0..TRIES {
            let owner = found.owner();
            if owner.as_ref().is_some_and(|owner| owner.is_anothers(self.positions.owner())) {
                return Err(StoreError::Unusable(ANOTHERS.into()));
            }
            let had = owner.as_ref().is_some_and(|owner| primary.had(&now.id, &owner.id));
            let server = Server { now, had, whole, single: self.topology.single() };
            let verdict = match judge(&found, known.map(|known| known.position), server) {
                Verdict::UnlessMoved(cause) => match owner {
                    Some(owner) if self.has_moved(primary, &owner.id).await => Verdict::Keep,
                    _ => Verdict::Fence(cause),
                },
                verdict => verdict,
            };
            let cause = match verdict {
                Verdict::Whole => {
                    self.positions.learn(bucket, found.position());
                    connection.set_owned(bucket, true);
                    return Ok(None);
                }
                Verdict::Fence(cause) | Verdict::UnlessMoved(cause) => Some(cause),
                Verdict::Keep => None,
            };
            if let Some(position) = self.fence(asked, bucket, &found, cause, known).await? {
                self.positions.learn(bucket, position);
                connection.set_owned(bucket, true);
                let Some(cause) = cause else { return Ok(None) };
                self.metrics.rollbacks.of(cause.label()).inc();
                return Ok(Some(Fenced { cause, found: found.position(), expected: known }));
            }
            known = self.positions.of(bucket);
            found = self.ask_positions(connection, &[bucket]).await.pop().unwrap_or(Err(StoreError::Disconnected))?;
        }
        Err(StoreError::Unexpected(FENCE.name))
    }

    /// Notes the new owner, and raises the epoch if there is a cause; answers the position then, or `None` where the bucket is not
    /// as it was found any more.
    async fn fence(
        &self,
        asked: &Asked<'_>,
        bucket: Bucket,
        found: &Found,
        cause: Option<Cause>,
        known: Option<Known>,
    ) -> Result<Option<Position>, StoreError> {
        let keys = [OfBucket::Owner, OfBucket::Epoch, OfBucket::Events, OfBucket::Recent]
            .map(|kind| kind.key(bucket).into_bytes());
        let context = EventContext { actor: &self.name, ..EventContext::about(&NOBODY) }.packed();
        let expected = known.unwrap_or(Known { position: Position::default(), since_ms: 0 });
        let [_, _, since @ ..] = expected.since_ms.to_be_bytes();
        let expected = [&expected.position.packed()[..], &since].concat();
        let cause = cause.map_or(0, |cause| cause as u8).to_string();
        let mut cmd = self.fcall(&FENCE, bucket, &keys);
        let owner = Owner::of(&asked.now, self.positions.owner());
        cmd.arg(&found.owner).arg(&found.epoch).arg(owner.bytes()).arg(cause);
        cmd.arg(&found.position().packed()).arg(expected).arg(context);
        let answer = self.run(&mut asked.connection.redis(), &cmd, false).await;
        let value = answer.inspect_err(|error| self.damaged.note(bucket, &keys, error))?;
        let mut reply = Reply::new(FENCE.name, value)?;
        match reply.int()? {
            0 => Ok(None),
            _ => Ok(Some(Position { epoch: reply.natural()?, events: reply.natural()? })),
        }
    }

    /// Whether a run of a server that began a while ago began with all that was written before.
    async fn started_whole(&self, asked: &Asked<'_>) -> bool {
        if self.clean_start.covers(&asked.now.run_id) {
            return true;
        }
        if !asked.now.appends || self.durability == Durability::Fsync {
            return asked.now.appends;
        }
        let mut asking = redis::cmd("CONFIG");
        asking.arg("GET").arg("appendfsync");
        // Where that is denied, it is taken to be no.
        let answer = asking.query_async::<Vec<String>>(&mut asked.connection.redis()).await;
        answer.is_ok_and(|answer| answer.last().is_some_and(|value| value == "always"))
    }

    /// Whether another primary that lives has this replication id, so that a slot came from there as it was.
    async fn has_moved(&self, primary: &Primary, owner: &str) -> bool {
        if !self.topology.clustered() {
            return false;
        }
        let map = self.topology.map();
        let others = || map.primaries.iter().filter(|other| !std::ptr::eq(Arc::as_ptr(other), primary));
        // One that gave away its last slot becomes a replica of whoever has it.
        if others().any(|other| other.was(owner)) {
            return true;
        }
        // One that stands still keeps nobody from the answer of another. Each look goes on to its end: a connection that is given
        // up half-made is not tried again for a while.
        let looks = others().cloned().map(|other| (other, owner.to_owned()));
        let looks = looks.map(|(other, owner)| tokio::spawn(async move { still_has(&other, &owner).await }));
        let asking: FuturesUnordered<_> = looks.collect();
        if asking.any(|has| async move { has.unwrap_or(false) }).await {
            return true;
        }
        // Asked just now, it may have turned out to be one.
        others().any(|other| other.was(owner))
    }
}
