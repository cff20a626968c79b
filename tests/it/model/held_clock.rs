//! A Redis whose clock the test holds, so that no test waits and every moment is exact.
//!
//! Only Redis's clock decides (I9), so holding it is holding time: `held_clock.c` is built with the C compiler that links
//! Rust programs anyway and loaded into the server; the sidecars run on the machine's own clock, which nobody asks.

use std::{
    cell::Cell,
    fs::File,
    os::unix::fs::FileExt,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::support::{Preload, Redis, RedisOptions};

const SOURCE: &str = include_str!("held_clock.c");

/// See the module. Times in ms since 1970.
#[derive(Debug)]
pub struct HeldClock {
    file: File,
    now: Cell<u64>,
    _library: Preload,
}

impl HeldClock {
    /// Starts a server on a clock of its own, which stands at the machine's time until [`HeldClock::set`].
    #[track_caller]
    pub fn start() -> (Self, Redis) {
        let library = Preload::build(SOURCE);
        let path = library.beside("now");
        let file = File::create(&path).expect("a file for the time");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_millis();
        let environment = library.variables("HELD_CLOCK", &path);
        let clock = Self { file, now: Cell::new(0), _library: library };
        clock.set(u64::try_from(now).expect("a time in this age"));
        let redis = Redis::with(RedisOptions { environment, ..Default::default() });
        let (seconds, micros): (u64, u64) = redis.ask(&["TIME"]);
        assert_eq!(seconds * 1000 + micros / 1000, clock.now(), "this Redis reads its clock some other way");
        (clock, redis)
    }

    /// What time it is.
    pub fn now(&self) -> u64 {
        self.now.get()
    }

    /// What time it is from now on.
    pub fn set(&self, now: u64) {
        self.file.write_all_at(&(now * 1000).to_ne_bytes(), 0).expect("the time to be written");
        self.now.set(now);
    }

    /// Moves it on.
    pub fn advance(&self, ms: u64) {
        self.set(self.now() + ms);
    }
}

#[test]
fn time_stands_still_until_it_is_set_and_keys_end_by_it() {
    let (clock, redis) = HeldClock::start();
    redis.cli(&["SET", "brief", "1", "PX", "5000"]);
    clock.advance(4_999);
    assert_eq!(redis.ask::<u64>(&["PTTL", "brief"]), 1);
    clock.advance(2);
    assert!(!redis.ask::<bool>(&["EXISTS", "brief"]));
    let now: (u64, u64) = redis.ask(&["TIME"]);
    assert_eq!(now.0 * 1000 + now.1 / 1000, clock.now());
}
