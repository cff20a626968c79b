//! The preflight: whether this Redis may be used at all, asked at start and every second after.

use std::{
    sync::{Arc, PoisonError, atomic::Ordering},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use futures_util::future::join_all;

use super::{
    Durability, Store, StoreError,
    connection::{Lane, Primary},
    failover::{ANOTHERS, ReplicationInfo, field, question},
    fingerprints::Fingerprints,
    functions::START,
    key,
    needs::Setting,
    reason::{denied, missing, not_loaded},
    reply::Reply,
};
use crate::event::Bucket;

/// The oldest Redis that runs `#!lua` functions, expiry times in `SET`, and partial stream ids.
const OLDEST: Version = Version { major: 7, minor: 0 };
/// The oldest that knows `WAITAOF`.
const OLDEST_FSYNC: Version = Version { major: 7, minor: 2 };
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    major: u32,
    minor: u32,
}

impl Version {
    fn read(text: &str) -> Self {
        let mut parts = text.split('.').map(|n| n.parse().unwrap_or(0));
        Self { major: parts.next().unwrap_or(0), minor: parts.next().unwrap_or(0) }
    }
}

/// What a look at the server is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    /// It is going to be used: what is new there is noted there.
    Serving,
    /// To tell what is wrong with it; nothing is written.
    Only,
}

impl Store {
    /// Examines everything that must hold before the first call: version, eviction, rights, fingerprints of keys. Of a
    /// cluster, one primary that can be asked is enough: what the others hold has to wait for them, and nobody else.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] names what is wrong, in words for the operator; others: no server could be asked.
    pub async fn examine(&self, ours: &Fingerprints) -> Result<(), StoreError> {
        self.positions.belongs_to(&ours.index);
        let examined = self.examine_all(ours).await;
        match &examined {
            // Only now, when all of it holds: no call slips through between two of these questions.
            Ok(()) => {
                self.set_unusable(None);
                self.tidy_libraries().await;
            }
            Err(StoreError::Unusable(reason)) => self.set_unusable(Some(reason.clone())),
            Err(_) => {}
        }
        examined
    }

    async fn examine_all(&self, ours: &Fingerprints) -> Result<(), StoreError> {
        let refreshed = self.topology.refresh().await;
        let map = self.topology.map();
        let holders = map.holders();
        if holders.is_empty() {
            return refreshed.and(Err(StoreError::Disconnected));
        }
        let rest = map.primaries.iter().filter(|primary| !Bucket::all().any(|bucket| map.holds(primary, bucket)));
        let looks = holders.iter().map(|held| self.look(&held.primary, &held.buckets, ours, Look::Serving));
        // Those that hold nothing: whether they are primaries still, so that their connections are no longer trusted when not.
        let (looked, _) = tokio::join!(join_all(looks), join_all(rest.map(|primary| primary.look())));
        let up = looked.iter().filter(|looked| looked.is_ok()).count();
        self.metrics.primaries_up.set(i64::try_from(up).unwrap_or(i64::MAX));
        self.metrics.primaries_down.set(i64::try_from(looked.len() - up).unwrap_or(i64::MAX));
        let furthest = looked.iter().flatten().max_by(|one, other| one.abs().total_cmp(&other.abs()));
        if let Some(ahead) = furthest {
            self.metrics.clock_offset.set(*ahead);
        }
        let mut errors: Vec<StoreError> = looked.into_iter().filter_map(Result::err).collect();
        if let Some(unusable) = errors.iter().position(|error| matches!(error, StoreError::Unusable(_))) {
            return Err(errors.swap_remove(unusable));
        }
        match errors.pop() {
            Some(error) if up == 0 => Err(error),
            _ => self.compare_keys(ours, true).await,
        }
    }

    /// Examines the same for whoever only wants to know: stores nothing there, and decides about no bucket's data.
    pub async fn probe(&self, ours: &Fingerprints) -> Result<(), StoreError> {
        let refreshed = self.topology.refresh().await;
        let holders = self.topology.map().holders();
        if holders.is_empty() {
            return refreshed.and(Err(StoreError::Disconnected));
        }
        let looks = holders.iter().map(|held| self.look(&held.primary, &held.buckets, ours, Look::Only));
        join_all(looks).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        self.compare_keys(ours, false).await
    }

    /// Looks at version, eviction, the clock, replicas, and rights; answers how far its clock is ahead of ours, in seconds.
    async fn look(
        &self,
        primary: &Arc<Primary>,
        buckets: &[Bucket],
        ours: &Fingerprints,
        look: Look,
    ) -> Result<f64, StoreError> {
        let asked = primary.link(Lane::Background).within(|connection| async move {
            let mut all = redis::pipe();
            all.add_command(question()).cmd("INFO").arg("memory").cmd("TIME");
            // From here on: to make a connection takes time that says nothing about a clock.
            let asked = Instant::now();
            let answer = all.query_async::<(String, String, (u64, u64))>(&mut connection.redis()).await;
            let answer = answer.map_err(|error| match denied(&error, &["INFO", "TIME"]) {
                Some(why) => StoreError::Unusable(why),
                None => error.into(),
            });
            Ok((answer?, asked))
        });
        let asked = asked.await;
        if matches!(asked, Err(StoreError::Disconnected | StoreError::Unreachable(_))) {
            // The other connections are no better, and none of their calls need find that out.
            primary.forget();
        }
        let ((server, memory, (seconds, micros)), asked) = asked?;
        let redis_ms = seconds.saturating_mul(1000).saturating_add(micros / 1000);
        if !self.topology.clustered() {
            self.watch_clock(redis_ms, asked);
        }
        // Read somewhere in between.
        let here = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().saturating_sub(asked.elapsed() / 2);
        let ahead = Duration::from_millis(redis_ms).as_secs_f64() - here.as_secs_f64();
        let version = field(&server, "redis_version").unwrap_or_default();
        if Version::read(version) < OLDEST {
            return Err(StoreError::Unusable(format!("it is version {version}; 7.0 or newer is needed")));
        }
        if self.durability == Durability::Fsync && Version::read(version) < OLDEST_FSYNC {
            let why = format!("OTP_DURABILITY=fsync needs WAITAOF of 7.2 or newer; it is version {version}");
            return Err(StoreError::Unusable(why));
        }
        let policy = field(&memory, "maxmemory_policy").unwrap_or_default();
        if policy != "noeviction" {
            let why = format!("maxmemory-policy is {policy}; it must be noeviction, or locks and counters get lost");
            return Err(StoreError::Unusable(why));
        }
        let found = Arc::new(ReplicationInfo::read(&server)?);
        // Where it started anew, or was somebody's replica in between, each connection asks anew whose data this is.
        primary.saw(&found);
        if !found.primary {
            self.topology.suspect();
        }
        self.rights(primary, buckets, ours, found.replicas > 0, look).await?;
        if look == Look::Serving {
            self.verify_all(primary, buckets).await?;
            self.open_interactive(primary, buckets).await?;
        }
        Ok(ahead)
    }

    /// Opens the connection that users' calls go over, and verifies over it whose the buckets are, so that no call waits for
    /// that. Once it is open nothing is asked.
    async fn open_interactive(&self, primary: &Arc<Primary>, buckets: &[Bucket]) -> Result<(), StoreError> {
        let Some(bucket) = buckets.first() else { return Ok(()) };
        let opening = primary
            .link(Lane::Interactive)
            .within(|connection| async move { self.verify_owner(primary, &connection, *bucket, false).await });
        // What became of one bucket, its own calls find out.
        opening.await.map(drop).or_else(|error| if error.suspects_map() { Err(error) } else { Ok(()) })
    }

    /// Looks whose all buckets are and how far they went: at once, and not with the first call for one of them.
    async fn verify_all(&self, primary: &Arc<Primary>, buckets: &[Bucket]) -> Result<(), StoreError> {
        let verifying = primary.link(Lane::Background).within(|connection| async move {
            let found = match connection.replication() {
                Some(found) => found,
                None => connection.ask_replication().await?,
            };
            if !found.primary {
                return Err(StoreError::Refused("READONLY".into()));
            }
            // What became of one bucket, its own calls find out: its slot may be on its way, or what lies there unreadable.
            let looked = self.look_at(primary, &connection, buckets).await?;
            let lost = looked.iter().all(Result::is_err).then(|| looked.into_iter().find_map(Result::err)).flatten();
            lost.filter(|error| !matches!(error, StoreError::Elsewhere(_))).map_or(Ok(()), Err)
        });
        verifying.await
    }

    /// Whether all commands are allowed, and whether the data are ours.
    async fn rights(
        &self,
        primary: &Arc<Primary>,
        buckets: &[Bucket],
        ours: &Fingerprints,
        replicas: bool,
        look: Look,
    ) -> Result<(), StoreError> {
        let first = Bucket::all().next();
        let bucket = buckets.first().copied().or(first).ok_or(StoreError::Disconnected)?;
        let clustered = self.topology.clustered();
        let key = if clustered { key::index_key_of(bucket) } else { key::INDEX_KEY.to_owned() };
        // Whoever has the wrong key must not be the first to store it with a primary that has none yet.
        let known = Some(bucket) == first || self.keys_known.load(Ordering::Relaxed);
        let stores = i32::from(known && look == Look::Serving);
        let setting = Setting {
            durability: self.durability,
            replicated: replicas || !self.topology.single(),
            clustered,
            selects: self.selects,
        };
        let mut cmd = self.fcall(&START, bucket, &[key.into_bytes()]);
        cmd.arg(&ours.index).arg(stores).arg(setting.needs().collect::<Vec<_>>());
        let asked = primary.link(Lane::Background).within(|connection| async move {
            let answer = self.run(&mut connection.redis(), &cmd, false).await;
            answer.map_err(|error| {
                let why = denied(&error, &["FCALL", "FUNCTION|LOAD"]).or_else(|| not_loaded(&error));
                why.map_or_else(|| error.into(), StoreError::Unusable)
            })
        });
        let mut reply = Reply::new(START.name, asked.await?)?;
        let same = reply.int()? == 1;
        let (mut denied, mut unknown) = (Vec::new(), Vec::new());
        while let Ok(command) = reply.bytes() {
            let command = String::from_utf8_lossy(&command).into_owned();
            match command.strip_prefix('?') {
                Some(command) => unknown.push(command.to_owned()),
                None => denied.push(command),
            }
        }
        if !denied.is_empty() || !unknown.is_empty() {
            return Err(StoreError::Unusable(missing(&denied, &unknown)));
        }
        if !same {
            return Err(StoreError::Unusable(ANOTHERS.into()));
        }
        if Some(bucket) == first {
            self.keys_known.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Redis's clock, ms since 1970, as far as it is known.
    pub fn clock_ms(&self) -> Option<u64> {
        self.clock.lock().unwrap_or_else(PoisonError::into_inner).now_ms(Instant::now())
    }

    fn watch_clock(&self, redis_ms: u64, asked: Instant) {
        let mut clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(by_ms) = clock.observe(redis_ms, asked, Instant::now()) {
            self.metrics.clock_jumps.inc();
            tracing::warn!(by_ms, "the clock of Redis jumped: codes, pauses and locks follow it where it went ahead");
        }
    }
}
