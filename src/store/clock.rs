//! Whether Redis's clock keeps step with time itself. Only that clock decides, so where it is put forward, codes, pauses
//! and locks end early: nothing prevents that, but it does not go unseen.

use std::time::{Duration, Instant};

use super::{Store, StoreError, call::Command};
use crate::event::Bucket;

/// The label in metrics.
const NAME: &str = "counters";

/// How far the clock may be off before it counts as put: far beyond what a slow answer can hide (half of the longest
/// `OTP_REDIS_TIMEOUT`), far below the shortest lock.
const APART_MS: i64 = 2000;

/// How long one comparison reaches back: a clock that is slewed by 500 ppm, the most that NTP does, gains 30 ms in it.
const REACH: Duration = Duration::from_secs(60);

/// A reading of Redis's clock to compare later ones with.
#[derive(Debug, Clone, Copy)]
struct Reading {
    redis_ms: u64,
    at: Instant,
}

/// See the module.
#[derive(Debug, Default)]
pub struct ClockWatch(Option<Reading>);

impl ClockWatch {
    /// What Redis's clock says by now, ms since 1970; `None` if it was never read.
    pub fn now_ms(&self, at: Instant) -> Option<u64> {
        let passed = |reading: Reading| at.saturating_duration_since(reading.at).as_millis();
        self.0.map(|reading| reading.redis_ms.saturating_add(u64::try_from(passed(reading)).unwrap_or(u64::MAX)))
    }

    /// Takes a reading, in ms since 1970, asked for at `asked` and there at `answered`. Says by how many ms the clock was
    /// put since an earlier reading (negative: back), if it was; once for each time.
    pub fn observe(&mut self, redis_ms: u64, asked: Instant, answered: Instant) -> Option<i64> {
        // Read somewhere in between.
        let now = Reading { redis_ms, at: asked + answered.saturating_duration_since(asked) / 2 };
        let Some(before) = self.0 else {
            self.0 = Some(now);
            return None;
        };
        let passed = now.at.saturating_duration_since(before.at);
        let apart = i64::try_from(redis_ms).unwrap_or(i64::MAX).saturating_sub_unsigned(before.redis_ms);
        let apart = apart.saturating_sub_unsigned(u64::try_from(passed.as_millis()).unwrap_or(u64::MAX));
        let put = apart.abs() > APART_MS;
        if put || passed > REACH {
            self.0 = Some(now);
        }
        put.then_some(apart)
    }
}

impl Store {
    /// Redis's clock, ms since 1970.
    pub async fn now(&self) -> Result<u64, StoreError> {
        let asking = Bucket::all().take(1).map(|bucket| Command { bucket, cmd: redis::cmd("TIME") }).collect();
        let times: Vec<(u64, u64)> = self.read(NAME, asking).await?;
        let (seconds, micros) = times.first().ok_or(StoreError::Unexpected(NAME))?;
        Ok(seconds * 1000 + micros / 1000)
    }
}
