//! What a soak is made of, and what must hold at its end.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, RwLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use tokio::{runtime::Runtime, task::JoinSet};

use super::{app::App, chaos::Chaos, gauge};
use crate::support::{
    Chance, Client, Redis, Sidecar,
    launch::Builder,
    rig::UNLIMITED,
    scheme::{CHEAP, HMAC},
};

const APPS: usize = 6;
/// Subjects of one app, which nobody else asks about: so it knows what each was told, in order.
const SUBJECTS: usize = 40;
/// What is kept longest: sends are counted for an hour, by which time, rounded up to a whole minute, a key that nobody touches ends.
const LONGEST_TTL_MS: i64 = 3_660_000;
/// The audit retention, and a month more.
const LONGEST_KEPT_MS: i64 = 431 * 86_400_000;

/// Windows as short as they can be, so that each of them ends many times.
const SHORT: [(&str, &str); 10] = [
    ("OTP_LIFETIME_MINUTES", "10s"),
    ("ACCOUNT_LOCKOUT_MINUTES", "1s"),
    ("OTP_MAX_LOCKOUT_MINUTES", "4s"),
    ("OTP_LOCKOUT_MEMORY_HOURS", "30s"),
    ("OTP_MAX_CONSECUTIVE_FAILURES", "0"),
    ("OTP_ALLOW_WEAK", "true"),
    ("MAX_ATTEMPTS_PER_USER_PER_HOUR__PAY", "20/5s"),
    ("OTP_MAX_FAILURES_PER_IP_PER_HOUR", "200/5s"),
    ("OTP_REDIS_TIMEOUT", "250ms"),
    // A line for each request of half an hour would fill the memory of the test.
    ("OTP_LOG", "info,otp_sidecar::http=warn"),
];

/// What all apps share.
pub struct Shared {
    /// Both sidecars, as they can be reached now.
    pub clients: RwLock<[Client; 2]>,
    /// How often one of them became another.
    pub replaced: AtomicUsize,
    pub stop: AtomicBool,
    /// How often each answer came, by call and word.
    pub tally: Mutex<BTreeMap<String, u64>>,
    pub violations: Mutex<Vec<String>>,
}

impl Shared {
    pub fn violated(&self, what: String) {
        let mut violations = self.violations.lock().unwrap();
        if violations.len() < 50 {
            violations.push(what);
        }
    }
}

/// Runs one; panics if anything did not hold.
pub fn soak(lasts: Duration, seed: u64) {
    eprintln!("soak: SOAK_SEED={seed}, {lasts:?}");
    let redis = Redis::start();
    let builder = || Sidecar::builder().on(&redis).set_all(&UNLIMITED).set_all(&SHORT);
    let builders = [HMAC, CHEAP].map(|scheme| builder().set_all(scheme));
    let sidecars = builders.clone().map(Builder::start);
    let shared = Arc::new(Shared {
        clients: RwLock::new([sidecars[0].client(), sidecars[1].client()]),
        replaced: AtomicUsize::new(0),
        stop: AtomicBool::new(false),
        tally: Mutex::default(),
        violations: Mutex::default(),
    });
    let runtime = Runtime::new().expect("a runtime");
    let mut apps = JoinSet::new();
    for number in 0..APPS {
        let app = App::new(number, SUBJECTS, Chance(seed ^ (number as u64 + 1) << 32), Arc::clone(&shared));
        apps.spawn_on(app.run(), runtime.handle());
    }
    let mut chaos = Chaos::new(redis, sidecars, builders, Chance(seed), Arc::clone(&shared));
    let began = Instant::now();
    let mut samples = Vec::new();
    while began.elapsed() < lasts {
        chaos.act();
        samples.push(chaos.sample());
        thread::sleep(Duration::from_millis(300));
    }
    shared.stop.store(true, Ordering::Relaxed);
    runtime.block_on(apps.join_all());
    told(&chaos, &shared, &samples);
    chaos.assert_no_panic();
    chaos.assert_no_rollback(&runtime);
    let violations = shared.violations.lock().unwrap();
    assert!(violations.is_empty(), "{}", violations.join("\n"));
    assert_used(&shared);
    gauge::assert_flat(&samples);
    assert_ends(&chaos.redis);
}

fn told(chaos: &Chaos, shared: &Shared, samples: &[gauge::Sample]) {
    eprintln!("soak: faults {:?}", chaos.faults);
    for (answer, count) in &*shared.tally.lock().unwrap() {
        eprintln!("soak: {answer:<44} {count}");
    }
    gauge::tell(samples);
}

/// A soak in which nothing happened would hold as well.
fn assert_used(shared: &Shared) {
    let tally = shared.tally.lock().unwrap();
    for answer in ["send issued", "check approved", "check wrong_code", "check subject_locked", "cancel canceled"] {
        assert!(tally.get(answer).is_some_and(|count| *count > 0), "never: {answer} in {tally:?}");
    }
}

/// Every key ends by itself, but for those that are not a subject's or a network's.
fn assert_ends(redis: &Redis) {
    for key in redis.keys() {
        let lasting = [&b":events"[..], b":epoch", b":owner", b"otp:index-key", b":audit-key", b":exported"]
            .iter()
            .any(|end| key.ends_with(end));
        let ttl: i64 = redis.ask_key("PTTL", &key, &[]);
        // What opens personal fields lives as long as the trail, and what a review is made of for two months.
        let of_call = matches!(key.get(10..12), Some([kind, b':']) if !b"pn".contains(kind));
        let longest = if of_call { LONGEST_TTL_MS } else { LONGEST_KEPT_MS };
        // -2: it ended just now.
        let ends = ttl == -2 || (0..=longest).contains(&ttl);
        assert!(lasting || ends, "{} ends in {ttl} ms", key.escape_ascii());
    }
}
