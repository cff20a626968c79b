//! The straight way through the common case (`lua/fast/`) against the scripts that decide everything: over whatever
//! state, both answer the same and leave the same behind, to the byte and the millisecond.

mod keys;
mod steps;

use std::collections::BTreeMap;

use otp_sidecar::{
    config::Config,
    store::{
        limits::PackedLimits,
        script::{self, Script},
    },
};
use proptest::prelude::*;
use redis::{Connection, Value};

use keys::{OF_SUBJECT, TAG, body_and_name, context, extra_keys, subject_keys, tag};
use steps::{Step, steps};

use super::{held_clock::HeldClock, random_sequences};
use crate::support::Redis;

const CASES: u32 = 100;

/// Where the straight way is tried, in the joined text; in its place a script that never does, and one that counts, for
/// the test, how often it was taken.
const TRIED: &str = "local answer, clock, got = fast()\nif answer then return answer end\n";
const NEVER: &str = "local clock, got\n";
const COUNTED: &str =
    "local answer, clock, got = fast()\nif answer then redis.call('INCR', 'fast') return answer end\n";

/// Limits that the calls come to feel, and others under which only the general script may decide.
const LIMITS: [&[(&str, &str)]; 5] = [
    &[],
    &[("OTP_PRESET", "balanced"), ("OTP_LIFETIME_MINUTES", "2h"), ("RESEND_COOLDOWN_SECONDS", "0")],
    &[
        ("MAX_ATTEMPTS_PER_USER_PER_HOUR", "4/2h"),
        ("RESEND_COOLDOWN_SECONDS", "0"),
        ("MAX_ATTEMPTS_PER_IP_PER_HOUR", "9"),
    ],
    &[
        ("OTP_MAX_CONSECUTIVE_FAILURES", "7"),
        ("OTP_MAX_FAILURES_PER_IP_PER_HOUR", "6"),
        ("RESEND_COOLDOWN_SECONDS", "1"),
    ],
    &[("MAX_ATTEMPTS_PER_USER_PER_HOUR", "200/10m"), ("OTP_MAX_FAILURES_PER_IP_PER_HOUR", "3/1m")],
];

/// One script as it is joined, once without its straight way and once with it.
struct Pair([String; 2]);

impl Pair {
    fn of(script: &Script) -> Self {
        assert!(script.body.contains(TRIED), "{} has no straight way", script.name);
        Self([NEVER, COUNTED].map(|by| script.body.replace(TRIED, by)))
    }
}

/// A code: generation, digest, when it is forgotten.
type Issued = ([u8; 12], [u8; 16], u64);

/// Two databases of one server, which share its clock: in one the general scripts alone decide.
struct World {
    databases: [Connection; 2],
    clock: HeldClock,
    limits: Vec<PackedLimits>,
    /// The last code of each subject and purpose.
    issued: BTreeMap<(u8, u8), Issued>,
    operations: u64,
    _redis: Redis,
}

impl World {
    fn start() -> Self {
        let (clock, redis) = HeldClock::start();
        let databases = [0, 1].map(|number: u8| {
            let mut connection = redis.connect();
            redis::cmd("SELECT").arg(number).exec(&mut connection).unwrap();
            connection
        });
        let limits = LIMITS.iter().map(|pairs| {
            let pairs = pairs.iter().map(|(name, value)| ((*name).into(), (*value).into()));
            PackedLimits::new(&Config::from_env(pairs).unwrap().0.policy)
        });
        Self { databases, clock, limits: limits.collect(), issued: BTreeMap::new(), operations: 0, _redis: redis }
    }

    /// Answers of both, errors included.
    fn both(&mut self, texts: [&str; 2], keys: &[Vec<u8>], args: &[Vec<u8>]) -> [Result<Value, String>; 2] {
        let mut texts = texts.iter();
        self.databases.each_mut().map(|database| {
            let mut cmd = redis::cmd("EVAL");
            cmd.arg(texts.next()).arg(keys.len()).arg(keys).arg(args);
            cmd.query(database).map_err(|error| error.to_string())
        })
    }

    /// Every key with its value and its end.
    fn left(database: &mut Connection) -> BTreeMap<Vec<u8>, (Vec<u8>, i64)> {
        let keys: Vec<Vec<u8>> = redis::cmd("KEYS").arg("otp:*").query(database).unwrap();
        let look = |key: Vec<u8>| {
            let (value, ends) =
                redis::pipe().cmd("DUMP").arg(&key).cmd("PEXPIRETIME").arg(&key).query(database).unwrap();
            (key, (value, ends))
        };
        keys.into_iter().map(look).collect()
    }

    fn run(&mut self, policy: usize, steps: &[Step]) -> Result<u64, String> {
        self.issued.clear();
        for database in &mut self.databases {
            redis::cmd("FLUSHDB").exec(database).unwrap();
        }
        for step in steps {
            let [general, straight] = self.step(policy, step);
            if general != straight {
                return Err(format!("{step:?}: {general:?} but {straight:?} the straight way"));
            }
            let [general, straight] = self.databases.each_mut().map(Self::left);
            if general != straight {
                let differ =
                    |(key, left): &(&Vec<u8>, &(Vec<u8>, i64)), other: &BTreeMap<_, _>| other.get(*key) != Some(*left);
                let [a, b] = [
                    general.iter().filter(|one| differ(one, &straight)).collect::<Vec<_>>(),
                    straight.iter().filter(|one| differ(one, &general)).collect::<Vec<_>>(),
                ];
                return Err(format!("{step:?} left {a:?} but {b:?} the straight way"));
            }
        }
        Ok(redis::cmd("GET").arg("fast").query::<Option<u64>>(&mut self.databases[1]).unwrap().unwrap_or(0))
    }

    fn step(&mut self, policy: usize, step: &Step) -> [Result<Value, String>; 2] {
        self.operations += 1;
        let operation = self.operations.to_be_bytes().to_vec();
        let limits = self.limits[policy].of("login").to_vec();
        match *step {
            Step::Send { subject, purpose, ip, answer, wide } => {
                let (generation, digest) = ([self.operations as u8; 12], [!self.operations as u8; 16]);
                let tag_and_code = [&tag(purpose)[..], &generation, b"SPELLING", b"kid1", &[6, 7]].concat();
                // As long as a digest of argon2id; nothing but its length tells one.
                let digest = if wide { [&digest[..], &digest, &[7; 5]].concat() } else { digest.to_vec() };
                let mut args = vec![limits, [tag_and_code, digest.clone()].concat(), context(subject)];
                args.extend(answer.into_iter().flat_map(|a| [body_and_name(subject, a), b"sealed".to_vec()]));
                let mut keys = subject_keys(subject, &["s", "epoch", "events", "h"]);
                extra_keys(&mut keys, subject, ip, answer);
                let Pair([general, straight]) = Pair::of(&script::SEND);
                let answers = self.both([&general, &straight], &keys, &args);
                if let Ok(Value::BulkString(bytes)) = &answers[0]
                    && bytes[0] == 10
                {
                    let digest = digest[..16].try_into().unwrap();
                    self.issued.insert((subject, purpose), (generation, digest, self.clock.now() + 600_000));
                }
                answers
            }
            Step::Check { subject, purpose, ip, answer, right, by_id, odd } => {
                let issued = self.issued.get(&(subject, purpose)).copied();
                let (generation, digest, forgotten) = issued.unwrap_or(([9; 12], [9; 16], u64::MAX >> 16));
                let mut target = [&tag(purpose)[..], if odd == 1 { b"spelling" } else { b"SPELLING" }].concat();
                target.extend_from_slice(if by_id { &generation } else { &[] });
                let form = [
                    if odd == 2 { 5 } else { 6 },
                    u8::from(odd != 3),
                    u8::from(odd != 4),
                    if odd == 5 { 8 } else { 7 },
                ];
                let forgotten =
                    if by_id { forgotten.min(if odd == 7 { self.clock.now() } else { u64::MAX }) } else { 0 };
                let kid = if odd == 6 { b"kid2" } else { b"kid1" };
                let guess = if right { digest } else { [0xee; 16] };
                let typed = [&form[..], &forgotten.to_be_bytes()[2..], b"kid0", &[3; 16], kid, &guess].concat();
                let mut args = vec![limits, target, typed, context(subject)];
                args.extend(answer.map(|a| body_and_name(subject, a)[..16].to_vec()));
                let mut keys = subject_keys(subject, &OF_SUBJECT);
                extra_keys(&mut keys, subject, ip, answer);
                let Pair([general, straight]) = Pair::of(&script::CHECK);
                self.both([&general, &straight], &keys, &args)
            }
            Step::Claim { subject } => {
                let (generation, _, forgotten) =
                    self.issued.get(&(subject, 0)).copied().unwrap_or(([9; 12], [9; 16], u64::MAX >> 16));
                let target = [&tag(0)[..], b"SPELLING", &generation].concat();
                let args = [
                    limits,
                    target,
                    vec![6, 1, 1, 7],
                    b"kid1".to_vec(),
                    context(subject),
                    forgotten.to_string().into(),
                    b"0".to_vec(),
                    vec![0; 16],
                    operation,
                ];
                self.same(&script::CLAIM, &subject_keys(subject, &OF_SUBJECT), &args)
            }
            Step::GuardRequest { subject, purpose, ip } => {
                let args = guarded(limits, subject, purpose, ip);
                let mut keys = subject_keys(subject, &["s", "epoch", "events", "h"]);
                extra_keys(&mut keys, subject, ip, None);
                let Pair([general, straight]) = Pair::of(&script::GUARD_REQUEST);
                self.both([&general, &straight], &keys, &args)
            }
            Step::GuardFailure { subject, purpose, ip } => {
                let args = guarded(limits, subject, purpose, ip);
                let mut keys = subject_keys(subject, &OF_SUBJECT);
                extra_keys(&mut keys, subject, ip, None);
                let Pair([general, straight]) = Pair::of(&script::GUARD_FAILURE);
                self.both([&general, &straight], &keys, &args)
            }
            Step::Cancel { subject } | Step::Deliver { subject } => {
                let target = [&tag(0)[..], b"SPELLING"].concat();
                let mut args = vec![limits, target, context(subject), b"0".to_vec()];
                let keys = subject_keys(subject, &OF_SUBJECT);
                if matches!(step, Step::Cancel { .. }) {
                    return self.same(&script::CANCEL, &keys, &args);
                }
                args.push(b"1".to_vec());
                self.same(&script::DELIVERY, &keys, &args)
            }
            Step::Epoch => {
                let raise = |database: &mut Connection| {
                    let epoch = format!("otp:{{{TAG}}}:epoch");
                    let next: u64 =
                        redis::cmd("GET").arg(&epoch).query::<Option<u64>>(database).unwrap().unwrap_or(1) + 1;
                    redis::cmd("SET").arg(&epoch).arg(next).query(database).map_err(|error| error.to_string())
                };
                self.databases.each_mut().map(raise)
            }
            Step::Pass { ms } => {
                self.clock.set(self.clock.now().saturating_add_signed(ms));
                // What has ended goes from both at once, or one of them might have it again when time runs backwards.
                for database in &mut self.databases {
                    redis::cmd("SCAN").arg(0).arg("COUNT").arg(1_000_000).exec(database).unwrap();
                }
                [Ok(Value::Nil), Ok(Value::Nil)]
            }
        }
    }

    /// A script that has but one way.
    fn same(&mut self, script: &Script, keys: &[Vec<u8>], args: &[Vec<u8>]) -> [Result<Value, String>; 2] {
        self.both([script.body; 2], keys, args)
    }
}

/// Arguments of a guard call.
fn guarded(limits: Vec<u8>, subject: u8, purpose: u8, ip: Option<u8>) -> [Vec<u8>; 4] {
    [limits, tag(purpose).to_vec(), context(subject), u8::from(ip.is_some()).to_string().into()]
}

#[test]
fn the_straight_way_and_the_general_scripts_agree_over_any_state() {
    let world = std::cell::RefCell::new(World::start());
    let taken = std::cell::Cell::new(0);
    let run = |(policy, steps): (usize, Vec<Step>)| {
        taken.set(taken.get() + world.borrow_mut().run(policy, &steps).map_err(TestCaseError::fail)?);
        Ok(())
    };
    random_sequences(CASES, (0..LIMITS.len(), steps()), run);
    // Agreeing by never taking it would prove nothing.
    assert!(taken.get() > u64::from(CASES) * 3, "the straight way was taken {} times only", taken.get());
}

/// Chance leads there too seldom.
#[test]
fn they_agree_behind_a_lock_that_has_ended() {
    let mut world = World::start();
    let failure = Step::GuardFailure { subject: 65, purpose: 0, ip: Some(70) };
    let request = Step::GuardRequest { subject: 65, purpose: 0, ip: Some(70) };
    let send = Step::Send { subject: 65, purpose: 0, ip: None, answer: None, wide: false };
    let (pass, mut taken) = (|ms| Step::Pass { ms }, 0);
    for policy in 0..LIMITS.len() {
        for then in [&request, &failure, &send] {
            let locked = std::iter::repeat_n(failure.clone(), 10).chain([pass(7_200_001)]);
            let after =
                [then, &pass(5_001), &request, &pass(400_000), then, &pass(60_000), &request, then].map(Step::clone);
            let steps: Vec<Step> = locked.chain(after).collect();
            taken += world.run(policy, &steps).unwrap();
        }
    }
    assert!(taken > 20, "the straight way was taken {taken} times only");
}
