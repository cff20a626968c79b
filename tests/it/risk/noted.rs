//! What `lua/risk.lua` notes, asked of Redis itself: how much, for how long, and beside keys that somebody else wrote.

use std::time::{SystemTime, UNIX_EPOCH};

use otp_sidecar::{
    event::Bucket,
    risk::Pattern,
    secret::Reference,
    store::{
        functions::{self, RISK_PATTERN, RISK_PROFILE, RISK_TABLE},
        key::{OfBucket, OfReference},
    },
};

use crate::support::{Redis, RedisOptions};

const HOUR: u64 = 3_600_000;

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64
}

fn connect(redis: &Redis) -> redis::Connection {
    let mut connection = redis.connect_to(OfBucket::Flagged.key(Bucket::of(&network(0))));
    // Of servers that tests share, some have it.
    let _ = functions::loading().exec(&mut connection);
    connection
}

/// The n-th network, all of one bucket.
fn network(n: u32) -> Reference {
    let mut reference = [7; 16];
    reference[12..].copy_from_slice(&n.to_be_bytes());
    Reference(reference)
}

/// That `who` was seen at `about` now, where ten are too many, or was no stranger; until when it is flagged, ms.
fn sighting(pattern: Pattern, about: Reference, who: u32, withdrawn: bool, until_ms: u64) -> redis::Cmd {
    let (at_ms, set) =
        (now_ms(), if pattern == Pattern::Spraying { OfReference::Strangers } else { OfReference::Guessers });
    let flagged = OfBucket::Flagged.key(Bucket::of(&about)).into_bytes();
    let keys = [set.key(&about), OfReference::Person.key(&about), flagged];
    let noted = [who.to_be_bytes(), ((at_ms / 1000) as u32).to_be_bytes()].concat();
    let mut cmd = redis::cmd("FCALL");
    cmd.arg(&RISK_PATTERN.registered).arg(3).arg(&keys).arg(noted).arg(&pattern.flag(&about)).arg(at_ms);
    cmd.arg(at_ms / 1000 - 3600).arg(64).arg(if withdrawn { 0 } else { 10 }).arg(2 * HOUR).arg(until_ms);
    cmd
}

#[test]
fn ten_are_too_many_once_and_who_is_withdrawn_does_not_count() {
    let redis = Redis::start();
    let mut connection = connect(&redis);
    let mut see = |who, withdrawn| -> i64 {
        sighting(Pattern::Spraying, network(1), who, withdrawn, now_ms() + 2 * HOUR).query(&mut connection).unwrap()
    };
    // The same nine again and again.
    assert_eq!((1..=18).map(|n| see(n % 9 + 1, false)).sum::<i64>(), 0);
    assert_eq!((see(9, true), see(70, true), see(10, false)), (0, 0, 0));
    assert_eq!((see(11, false), see(12, false)), (1, 0));
}

#[test]
fn a_list_of_flags_ends_with_its_last_and_has_room_for_those_that_hold() {
    let redis = Redis::start();
    let mut connection = connect(&redis);
    let key = OfBucket::Flagged.key(Bucket::of(&network(0)));
    let mut flag = |pattern, about, until_ms| {
        for who in 1..=10 {
            sighting(pattern, about, who, false, until_ms).exec(&mut connection).unwrap();
        }
        let left: i64 = redis::cmd("PTTL").arg(&key).query(&mut connection).unwrap();
        let flags: Vec<Vec<u8>> = redis::cmd("ZRANGE").arg(&key).arg(0).arg(-1).query(&mut connection).unwrap();
        (left as u64, flags)
    };
    let now = now_ms();
    flag(Pattern::Guessing, network(1), now + 24 * HOUR);
    let (left, _) = flag(Pattern::Spraying, network(2), now + 2 * HOUR);
    assert!(left > 23 * HOUR, "{left}");
    // One that is over goes, and is not in the way of the others.
    flag(Pattern::Spraying, network(3), now - 1);
    for n in 4..258 {
        flag(Pattern::Spraying, network(n), now + 2 * HOUR + u64::from(n));
    }
    let (_, flags) = flag(Pattern::Spraying, network(2), now + 2 * HOUR);
    assert!(flags.len() == 256 && flags.contains(&Pattern::Guessing.flag(&network(1)).to_vec()), "{}", flags.len());
    let (_, flags) = flag(Pattern::Spraying, network(300), now + 3 * HOUR);
    assert!(flags.len() == 256 && !flags.contains(&Pattern::Spraying.flag(&network(2)).to_vec()));
}

#[test]
fn of_several_profiles_those_stay_that_somebody_else_wrote_or_whose_users_were_erased() {
    use OfReference::{Person, Profile};
    let redis = Redis::start();
    let mut connection = connect(&redis);
    redis::cmd("SET").arg(Profile.key(&network(2))).arg("another's").exec(&mut connection).unwrap();
    let erased = [&[0; 20][..], &now_ms().to_be_bytes()[2..]].concat();
    redis::cmd("SET").arg(Person.key(&network(3))).arg(erased).exec(&mut connection).unwrap();
    let keys: Vec<_> = (1..=4).flat_map(|n| [Profile, Person].map(|kind| kind.key(&network(n)))).collect();
    let mut learn = redis::cmd("FCALL");
    learn.arg(&RISK_PROFILE.registered).arg(keys.len()).arg(&keys).arg("60000");
    for n in 1..=4 {
        learn.arg("").arg(format!("new {n}")).arg(now_ms() - 1000);
    }
    assert_eq!(learn.query(&mut connection), Ok(2));
    let profiles: Vec<_> = (1..=4).map(|n| Profile.key(&network(n))).collect();
    let found: Vec<Option<String>> = redis::cmd("MGET").arg(profiles).query(&mut connection).unwrap();
    assert_eq!(found, [Some("new 1"), Some("another's"), None, Some("new 4")].map(|one| one.map(str::to_owned)));
    let left: i64 = redis::cmd("PTTL").arg(&keys[0]).query(&mut connection).unwrap();
    assert!((1..=60_000).contains(&left), "{left}");
}

#[test]
fn what_somebody_else_wrote_stops_nothing_and_of_whom_was_erased_nothing_is_noted() {
    let redis = Redis::start();
    let mut connection = connect(&redis);
    let mut call = |cmd: redis::Cmd| cmd.query::<i64>(&mut connection).unwrap();
    let spoilt = |kind: OfReference| redis::cmd("HSET").arg(kind.key(&network(1))).arg("a").arg("b").to_owned();
    use OfReference::{Guessers, Person, Profile, Shared, Strangers};
    assert_eq!([Profile, Shared, Strangers, Guessers, Person].map(|kind| call(spoilt(kind))), [1; 5]);
    let function = |name: &str, keys: &[Vec<u8>], args: &[&[u8]]| {
        redis::cmd("FCALL").arg(name).arg(keys.len()).arg(keys).arg(args).to_owned()
    };
    let keys = [Profile, Person].map(|kind| kind.key(&network(1)));
    assert_eq!(call(function(&RISK_PROFILE.registered, &keys, &[b"60000", b"", b"new", b"1"])), 0);
    assert_eq!(call(redis::cmd("HLEN").arg(&keys[0]).to_owned()), 1, "it stays as it was");
    let shared = [Shared.key(&network(1))];
    assert_eq!(call(function(&RISK_TABLE.registered, &shared, &[b"1", b"", b"60000"])), 1);
    let seen = |pattern, n, who| sighting(pattern, network(n), who, false, now_ms() + HOUR);
    for pattern in [Pattern::Spraying, Pattern::Guessing] {
        assert_eq!((1..12).map(|who| call(seen(pattern, 1, who))).sum::<i64>(), 0);
    }
    // A list of flags that is none.
    let flagged = OfBucket::Flagged.key(Bucket::of(&network(1)));
    call(redis::cmd("HSET").arg(&flagged).arg("a").arg("b").to_owned());
    assert_eq!((1..12).map(|who| call(seen(Pattern::Spraying, 2, who))).sum::<i64>(), 0);
    // As `lua/person.lua` remembers an erasure, a minute from now.
    let erased = [&[0; 20][..], &(now_ms() + 60_000).to_be_bytes()[2..]].concat();
    call(redis::cmd("SETRANGE").arg(Person.key(&network(3))).arg(0).arg(erased).to_owned());
    call(seen(Pattern::Guessing, 3, 1));
    assert_eq!(call(redis::cmd("EXISTS").arg(Guessers.key(&network(3))).to_owned()), 0);
}

#[test]
fn a_hundred_thousand_networks_that_spray_take_little_and_go_by_themselves() {
    const NETWORKS: u32 = 100_000;
    let redis = Redis::with(RedisOptions::default());
    let mut connection = connect(&redis);
    let used = |connection: &mut redis::Connection| -> u64 {
        let info: String = redis::cmd("INFO").arg("memory").query(connection).unwrap();
        let used = info.lines().find_map(|line| line.strip_prefix("used_memory:"));
        used.unwrap().trim().parse().unwrap()
    };
    let before = used(&mut connection);
    for chunk in (0..NETWORKS).collect::<Vec<_>>().chunks(10_000) {
        let mut pipeline = redis::pipe();
        for n in chunk {
            pipeline.add_command(sighting(Pattern::Spraying, network(*n), n + 1, false, now_ms() + 2 * HOUR)).ignore();
        }
        pipeline.exec(&mut connection).unwrap();
    }
    let each = (used(&mut connection) - before) / u64::from(NETWORKS);
    println!("{each} bytes a network");
    assert!(each <= 200, "{each} bytes a network");
    let (keys, ends) =
        redis::cmd("INFO").arg("keyspace").query(&mut connection).map(|info: String| keyspace(&info)).unwrap();
    assert_eq!((keys, ends), (u64::from(NETWORKS), u64::from(NETWORKS)));
}

/// Keys, and those of them that end by themselves, of `db0:keys=1,expires=1,avg_ttl=0`.
fn keyspace(info: &str) -> (u64, u64) {
    let number = |name: &str| {
        let (_, rest) = info.split_once(name).unwrap();
        rest.split([',', '\r']).next().unwrap().parse().unwrap()
    };
    (number("keys="), number("expires="))
}
