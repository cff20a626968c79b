//! Whether this Redis may be used at all: asked at start and every second after.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use futures_util::future::join_all;

use super::{
    Bucket, Durability, Store, StoreError, function, key,
    lineage::{self, Lineage},
    link::Way,
    node::{ABOUT, Node},
    reply::Reply,
};

/// Commands that are sent to one kind of store or another; the ACL must allow each.
const COMMANDS: &[&str] = &[
    "TIME",
    "GET",
    "MGET",
    "SET",
    "DEL",
    "XADD",
    "XRANGE",
    "XREVRANGE",
    "XDEL",
    "XTRIM",
    "XLEN",
    "ZADD",
    "ZREM",
    "ZRANGEBYSCORE",
    "ZRANGE",
    "ZCARD",
    "ZCOUNT",
    "ZINCRBY",
    "ZREMRANGEBYRANK",
    "STRLEN",
    "APPEND",
    "PEXPIRE",
    "HINCRBY",
    "HGETALL",
    "PEXPIREAT",
    "PEXPIRETIME",
    "PERSIST",
    "HSET",
    "HDEL",
    "HLEN",
    "HMGET",
    "FCALL",
    "FCALL_RO",
    "FUNCTION|LOAD",
    "INFO",
    "WAIT",
    "SELECT",
    "ASKING",
    "CLUSTER|SLOTS",
    "CLUSTER|INFO",
];

/// The oldest Redis that runs `#!lua` functions, expiry times in `SET`, and partial stream ids.
const OLDEST: (u32, u32) = (7, 0);
/// The oldest that knows `WAITAOF`.
const OLDEST_FSYNC: (u32, u32) = (7, 2);

/// What a look at the server is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    /// It is going to be used: what is new there is noted there.
    Serving,
    /// To tell what is wrong with it; nothing is written.
    Only,
}

impl Store {
    /// Everything that must hold before the first call: version, eviction, ACL, the index key's fingerprint. Of a cluster,
    /// one primary that can be asked is enough: what the others hold has to wait for them, and nobody else.
    ///
    /// # Errors
    /// [`StoreError::Unfit`] names what is wrong, in words for the operator; others: no server could be asked.
    pub async fn examine(&self, fingerprint: &[u8]) -> Result<(), StoreError> {
        let refreshed = self.nodes.refresh().await;
        let map = self.nodes.map();
        let holders = map.holders();
        if holders.is_empty() {
            return refreshed.and(Err(StoreError::Disconnected)).or_else(|error| self.judged(error));
        }
        let rest = map.all().iter().filter(|node| !holders.iter().any(|(held, _)| Arc::ptr_eq(held, node)));
        let (looked, _) = tokio::join!(
            join_all(holders.iter().map(|(node, buckets)| self.look(node, buckets, fingerprint, Look::Serving))),
            join_all(rest.map(glance)),
        );
        let up = looked.iter().filter(|looked| looked.is_ok()).count();
        self.metrics.primaries_up.set(i64::try_from(up).unwrap_or(i64::MAX));
        let down = looked.len() - up;
        self.metrics.primaries_down.set(i64::try_from(down).unwrap_or(i64::MAX));
        let mut errors = looked.into_iter().filter_map(Result::err).collect::<Vec<_>>();
        if let Some(unfit) = errors.iter().position(|error| matches!(error, StoreError::Unfit(_))) {
            return self.judged(errors.swap_remove(unfit));
        }
        match errors.pop() {
            Some(error) if up == 0 => Err(error),
            _ => {
                // Only now, when all of it holds: no call slips through between two of these questions.
                self.fit();
                self.tidy_libraries(&holders).await;
                Ok(())
            }
        }
    }

    /// The same for whoever only wants to know: stores nothing there, and decides about no bucket's data.
    ///
    /// # Errors
    /// As [`Store::examine`].
    pub async fn probe(&self, fingerprint: &[u8]) -> Result<(), StoreError> {
        let refreshed = self.nodes.refresh().await;
        let map = self.nodes.map();
        let holders = map.holders();
        if holders.is_empty() {
            return refreshed.and(Err(StoreError::Disconnected));
        }
        let looks = holders.iter().map(|(node, buckets)| self.look(node, buckets, fingerprint, Look::Only));
        join_all(looks).await.into_iter().collect()
    }

    /// Keeps why the store must not be used.
    fn judged<T>(&self, error: StoreError) -> Result<T, StoreError> {
        match error {
            StoreError::Unfit(reason) => self.unfit(reason),
            error => Err(error),
        }
    }

    /// Version, eviction, the clock, replicas, and rights.
    async fn look(
        &self,
        node: &Arc<Node>,
        buckets: &[Bucket],
        fingerprint: &[u8],
        look: Look,
    ) -> Result<(), StoreError> {
        let ask = |way: Way| async move {
            let mut connection = way.connection;
            let mut all = redis::pipe();
            all.add_command(lineage::question()).cmd("INFO").arg("memory").cmd("TIME");
            // From here on: to make a connection takes time that says nothing about a clock.
            let asked = Instant::now();
            let answer = all.query_async::<(String, String, (u64, u64))>(&mut connection).await?;
            Ok((answer, asked))
        };
        let answer = node.link(ABOUT).run(ask).await;
        if matches!(answer, Err(StoreError::Disconnected)) {
            // The other connections are no better, and none of their calls need find that out.
            node.forget();
        }
        let ((server, memory, (seconds, micros)), asked) = denied(answer, "INFO or TIME")?;
        if !self.nodes.clustered() {
            self.watch_clock(seconds.saturating_mul(1000).saturating_add(micros / 1000), asked);
        }
        let version = field(&server, "redis_version").unwrap_or_default();
        let mut parts = version.split('.').map(|n| n.parse::<u32>().unwrap_or(0));
        let version_number = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
        if version_number < OLDEST {
            return Err(StoreError::Unfit(format!("it is version {version}; 7.0 or newer is needed")));
        }
        if self.durability == Durability::Fsync && version_number < OLDEST_FSYNC {
            let why = format!("OTP_DURABILITY=fsync needs WAITAOF of 7.2 or newer; it is version {version}");
            return Err(StoreError::Unfit(why));
        }
        let policy = field(&memory, "maxmemory_policy").unwrap_or_default();
        if policy != "noeviction" {
            let why = format!("maxmemory-policy is {policy}; it must be noeviction, or locks and counters get lost");
            return Err(StoreError::Unfit(why));
        }
        let lineage = Arc::new(Lineage::read(&server)?);
        if node.saw(&lineage) {
            // It started anew, or was somebody's replica in between: each connection is to ask anew whose data this is.
            node.forget();
        }
        if !lineage.primary {
            self.nodes.suspect();
        }
        self.rights(node, buckets, fingerprint, look).await?;
        match look {
            Look::Serving => self.homes(node, buckets).await,
            Look::Only => Ok(()),
        }
    }

    /// Whether all buckets are where they were: at once, and not with the first call for one of them.
    async fn homes(&self, node: &Arc<Node>, buckets: &[Bucket]) -> Result<(), StoreError> {
        let Some(first) = buckets.first().copied() else { return Ok(()) };
        let looked = node.link(ABOUT).run(|way| async move { self.at_home(node, &way, first).await });
        match looked.await {
            // The slot is on its way; whatever is asked there finds out by itself.
            Err(StoreError::Elsewhere(_)) => Ok(()),
            looked => looked,
        }
    }

    /// Whether all commands are allowed, and whether the data are ours.
    async fn rights(
        &self,
        node: &Arc<Node>,
        buckets: &[Bucket],
        fingerprint: &[u8],
        look: Look,
    ) -> Result<(), StoreError> {
        let first = Bucket::all().next();
        let bucket = buckets.first().copied().or(first).ok_or(StoreError::Disconnected)?;
        let key = if self.nodes.clustered() { key::index_key_of(bucket) } else { key::INDEX_KEY.to_owned() };
        // Whoever has the wrong key must not be the first to store it with a primary that has none yet.
        let known = Some(bucket) == first || self.index_known.load(Ordering::Relaxed);
        let stores = known && look == Look::Serving;
        let mut args: Vec<&[u8]> = vec![fingerprint, if stores { b"1" } else { b"0" }];
        args.extend(COMMANDS.iter().map(|c| c.as_bytes()));
        if self.durability == Durability::Fsync {
            args.push(b"WAITAOF");
        }
        let (keys, args) = ([key.into_bytes()], &args[..]);
        let started = node.link(ABOUT).run(|way| {
            let keys = &keys;
            async move { Ok(self.run(way.connection, &function::START, bucket, (keys, args), false).await?) }
        });
        let value = denied(started.await, "FCALL, FUNCTION LOAD or the keys otp:*")?;
        let mut reply = Reply::new(function::START.name, value)?;
        let ours = reply.int()? == 1;
        let mut refused = Vec::new();
        while let Ok(command) = reply.bytes() {
            refused.push(String::from_utf8_lossy(&command).replace('|', " "));
        }
        if !refused.is_empty() {
            return Err(StoreError::Unfit(format!("its ACL denies {} to this user", refused.join(", "))));
        }
        if !ours {
            let why = "OTP_INDEX_KEY is not the key that this Redis's data was written with";
            return Err(StoreError::Unfit(why.into()));
        }
        if Some(bucket) == first {
            self.index_known.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    fn watch_clock(&self, redis_ms: u64, asked: Instant) {
        let mut clock = self.clock.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(by_ms) = clock.observe(redis_ms, asked, Instant::now()) {
            self.metrics.clock_jumps.inc();
            tracing::warn!(by_ms, "the clock of Redis jumped: codes, pauses and locks follow it where it went ahead");
        }
    }
}

/// A server that holds nothing: whether it is a primary still, so that its connections are no longer trusted when it was
/// not.
async fn glance(node: &Arc<Node>) {
    let asked = node.link(ABOUT).run(|way| async move { Lineage::ask(&mut way.connection.clone()).await }).await;
    if asked.is_ok_and(|lineage| node.saw(&Arc::new(lineage))) {
        node.forget();
    }
}

/// A user that may not even ask is as good as none.
fn denied<T>(answer: Result<T, StoreError>, what: &str) -> Result<T, StoreError> {
    match answer {
        Err(StoreError::Refused(code)) if code == "NOPERM" => {
            Err(StoreError::Unfit(format!("its ACL denies {what} to this user")))
        }
        answer => answer,
    }
}

/// A field of an answer to `INFO`.
pub(super) fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}
