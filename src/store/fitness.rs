//! Whether this Redis may be used at all: asked at start and every second after.

use std::time::Instant;

use redis::aio::MultiplexedConnection;

use super::{Store, StoreError, key, script};

/// Commands that the scripts and the exporter send; the ACL must allow each.
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
    "ZSCORE",
    "ZINCRBY",
    "ZREMRANGEBYRANK",
    "STRLEN",
    "APPEND",
    "PEXPIRE",
    "HINCRBY",
    "HGETALL",
    "PEXPIREAT",
    "PEXPIRETIME",
    "EVALSHA",
    "EVAL",
    "INFO",
];

/// The oldest Redis that runs `#!lua` scripts, expiry times in `SET`, and partial stream ids.
const OLDEST: (u32, u32) = (7, 0);

impl Store {
    /// Everything that must hold before the first call: version, eviction, ACL, the index key's fingerprint.
    ///
    /// # Errors
    /// [`StoreError::Unfit`] names what is wrong, in words for the operator; others: the server could not be asked.
    pub async fn examine(&self, fingerprint: &[u8]) -> Result<(), StoreError> {
        self.look().await?;
        let mut args = vec![fingerprint];
        args.extend(COMMANDS.iter().map(|c| c.as_bytes()));
        let keys = [key::INDEX_KEY.as_bytes().to_vec()];
        let started = self.run(&self.background, &script::START, &keys, &args).await;
        let mut reply = self.denied(started, "EVALSHA, EVAL or the keys otp:*")?;
        let ours = reply.int()? == 1;
        let mut denied = Vec::new();
        while let Ok(command) = reply.bytes() {
            denied.push(String::from_utf8_lossy(&command).into_owned());
        }
        if !denied.is_empty() {
            return self.unfit(format!("its ACL denies {} to this user", denied.join(", ")));
        }
        if !ours {
            return self.unfit("OTP_INDEX_KEY is not the key that this Redis's data was written with".into());
        }
        // Only now, when all of it holds: no call slips through between two of these questions.
        self.fit();
        Ok(())
    }

    /// Gives the server all scripts beforehand, so that not even the first call of each needs its text.
    ///
    /// # Errors
    /// [`StoreError`], which harms nothing: a script that is not there is sent with its first call.
    pub async fn load_scripts(&self) -> Result<(), StoreError> {
        self.background
            .run(|mut connection: MultiplexedConnection| async move {
                let mut pipe = redis::pipe();
                for script in script::all() {
                    pipe.cmd("SCRIPT").arg("LOAD").arg(script.body).ignore();
                }
                pipe.exec_async(&mut connection).await
            })
            .await
    }

    /// Version, eviction, and the clock.
    async fn look(&self) -> Result<(), StoreError> {
        let ask = |mut connection: MultiplexedConnection| async move {
            let mut all = redis::pipe();
            all.cmd("INFO").arg("server").cmd("INFO").arg("memory").cmd("TIME");
            // From here on: to make a connection takes time that says nothing about a clock.
            let asked = Instant::now();
            let answer = all.query_async::<(String, String, (u64, u64))>(&mut connection).await?;
            Ok((answer, asked))
        };
        let ((server, memory, (seconds, micros)), asked) =
            self.denied(self.background.run(ask).await, "INFO or TIME")?;
        self.watch_clock(seconds.saturating_mul(1000).saturating_add(micros / 1000), asked);
        let version = field(&server, "redis_version").unwrap_or_default();
        let mut parts = version.split('.').map(|n| n.parse::<u32>().unwrap_or(0));
        let version_number = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
        if version_number < OLDEST {
            return self.unfit(format!("it is version {version}; 7.0 or newer is needed"));
        }
        let policy = field(&memory, "maxmemory_policy").unwrap_or_default();
        if policy != "noeviction" {
            return self
                .unfit(format!("maxmemory-policy is {policy}; it must be noeviction, or locks and counters get lost"));
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

    /// A user that may not even ask is as good as none.
    fn denied<T>(&self, answer: Result<T, StoreError>, what: &str) -> Result<T, StoreError> {
        match answer {
            Err(StoreError::Refused(code)) if code == "NOPERM" => {
                self.unfit(format!("its ACL denies {what} to this user"))
            }
            answer => answer,
        }
    }
}

fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}
