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

#[cfg(test)]
mod tests {
    use super::*;

    /// Observes readings of Redis's clock at times of ours, both in ms from an arbitrary start.
    fn observed(readings: &[(u64, u64)]) -> Vec<Option<i64>> {
        let (mut watch, start) = (ClockWatch::default(), Instant::now());
        let observe = |&(redis_ms, ours)| {
            let at = start + Duration::from_millis(ours);
            watch.observe(1_000_000 + redis_ms, at, at)
        };
        readings.iter().map(observe).collect()
    }

    #[test]
    fn a_clock_that_is_put_is_told_once() {
        assert_eq!(observed(&[(0, 0), (3_601_000, 1000), (3_602_000, 2000)]), [None, Some(3_600_000), None]);
        assert_eq!(observed(&[(900_000, 0), (1000, 1000), (2000, 2000)]), [None, Some(-900_000), None]);
    }

    #[test]
    fn small_steps_add_up_and_slewing_does_not() {
        assert_eq!(observed(&[(0, 0), (2500, 1000), (4600, 2000)]), [None, None, Some(2600)]);
        let slewed: Vec<_> = (0..100_000).map(|second| (second * 1000 + second / 2, second * 1000)).collect();
        assert!(observed(&slewed).iter().all(Option::is_none));
    }

    #[test]
    fn it_goes_on_between_readings() {
        let (mut watch, start) = (ClockWatch::default(), Instant::now());
        assert_eq!(watch.now_ms(start), None);
        watch.observe(5000, start, start);
        assert_eq!(watch.now_ms(start + Duration::from_millis(70)), Some(5070));
    }

    #[test]
    fn a_slow_answer_is_no_jump() {
        let (mut watch, start) = (ClockWatch::default(), Instant::now());
        assert_eq!(watch.observe(0, start, start), None);
        assert_eq!(watch.observe(2000, start, start + Duration::from_millis(4000)), None);
        assert_eq!(watch.observe(6100, start + Duration::from_secs(4), start + Duration::from_secs(4)), Some(2100));
    }

    #[test]
    fn an_outage_hides_nothing() {
        assert_eq!(observed(&[(0, 0), (1000, 1000), (3_900_000, 300_000)]), [None, None, Some(3_600_000)]);
    }
}
