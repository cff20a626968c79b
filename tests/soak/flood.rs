//! A flood of calls with everything that whoever sends them can make up: names, ids, purposes, codes, user agents. Redis holds
//! what the limits of its networks need, and not a key more; asserted by keys, and by bytes for each of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use hyper::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::{Answer, Chance, Client, Redis, RedisOptions, TrailDir, rig::Rig, scheme::HMAC, wait};

/// Attackers at once, each with a connection.
const ATTACKERS: usize = 6;
/// Of one network within the hour (`MAX_ATTEMPTS_PER_IP_PER_HOUR`, `OTP_MAX_FAILURES_PER_IP_PER_HOUR`), as `hardened` has it.
const SENDS: usize = 5;
const FAILURES: usize = 50;
/// Bytes of a key with its name and place in the table: a subject with its quota, code and failures; a network with as many
/// failures as it may have; what opens a person's fields.
const SUBJECT_BYTES: u64 = 320;
const NETWORK_BYTES: u64 = 512;
const PERSON_BYTES: u64 = 128;
/// Lines that are shown of a bucket, and what the block in which a stream ends may have beyond.
const LINES: u64 = 200 + 100;
/// What besides may take more than before: connections, the table that grew, what is counted by the hour and the day.
const BESIDES: u64 = 1 << 20;
/// Keys of a bucket as a whole: its streams, indices, lease and marks, and counters of this hour and the next.
const OF_A_BUCKET: usize = 24;

/// Whence.
#[derive(Debug, Clone, Copy, PartialEq)]
enum From {
    OneAddress,
    /// Of a /48, each time from another of its 65,536 networks.
    ManyNetworks,
}

impl From {
    fn address(self, chance: &mut Chance) -> String {
        match self {
            Self::OneAddress => "203.0.113.9".to_owned(),
            Self::ManyNetworks => format!("2001:db8:77:{:x}::{:x}", chance.below(1 << 16), 1 + chance.below(0xffff)),
        }
    }
}

/// What the limits let through, and what they have to remember for it.
#[derive(Debug, Default)]
struct Let {
    calls: usize,
    networks: BTreeSet<String>,
    /// Codes for nobody.
    issued: usize,
    /// What the guard recorded, of which each made a person.
    guarded: usize,
    /// Guesses that were compared, and others that let nobody in.
    failed: usize,
    /// Outages: what was asked for may have been done.
    unknown: usize,
}

struct Attacker {
    client: Client,
    from: From,
    chance: Chance,
    made_up: String,
    turn: usize,
    /// The last decoy's subject and id.
    last: Option<(String, String)>,
    so_far: Let,
}

impl Attacker {
    async fn run(mut self, until: Instant) -> Let {
        while Instant::now() < until {
            self.turn += 1;
            self.call().await;
        }
        self.so_far
    }

    async fn post(&mut self, path: &str, body: Value) -> Answer {
        self.so_far.calls += 1;
        if let Some(ip) = body["ip"].as_str() {
            let network = ip.rsplit_once("::").map_or(ip, |(network, _)| network);
            self.so_far.networks.insert(network.to_owned());
        }
        let answer = self.client.post(path, &body).await;
        assert!([200, 201, 429, 503].contains(&answer.status), "{path}: {answer:?}");
        self.so_far.unknown += usize::from(answer.status == 503);
        answer
    }

    async fn call(&mut self) {
        const CHECK: &str = "/v1/verifications/check";
        let ip = self.from.address(&mut self.chance);
        let subject = format!("{}-{}@example.com", self.made_up, self.turn);
        let purpose = format!("p_{}", self.turn % 1000);
        let agent = "x".repeat(self.chance.below(500));
        let code = format!("{:06}", self.chance.below(1_000_000));
        let send = |subject: &str| {
            json!({"subject": subject, "purpose": purpose, "ip": ip, "user_agent": agent, "device_id": purpose,
                "subject_known": false})
        };
        let last = self.last.clone();
        match (self.chance.below(10), last) {
            (0..=1, _) | (_, None) => {
                let answer = self.post("/v1/verifications", send(&subject)).await;
                if answer.status == 201 {
                    self.so_far.issued += 1;
                    self.last = Some((subject, answer.str("id").to_owned()));
                }
            }
            // Too soon, or for one purpose more.
            (2, Some((subject, _))) => {
                let answer = self.post("/v1/verifications", send(&subject)).await;
                self.so_far.issued += usize::from(answer.status == 201);
            }
            (3, Some((_, id))) => {
                let body = json!({"id": id, "code": code, "ip": ip, "user_agent": agent});
                let answer = self.post(CHECK, body).await;
                self.so_far.failed += usize::from(answer.status == 200);
            }
            (4, Some((_, id))) => {
                let cut = self.chance.below(id.len());
                let forged: String = id.chars().cycle().skip(cut).take(id.len()).collect();
                let answer = self.post(CHECK, json!({"id": forged, "code": code, "ip": ip})).await;
                self.so_far.failed += usize::from(answer.status == 200);
            }
            (5, _) => {
                let body = json!({"subject": subject, "purpose": purpose, "code": code, "ip": ip, "user_agent": agent});
                let answer = self.post(CHECK, body).await;
                self.so_far.failed += usize::from(answer.status == 200);
            }
            (6, _) => {
                let answer = self.post("/v1/guard/request", json!({"subject": subject, "ip": ip})).await;
                self.so_far.guarded += usize::from(answer.status == 200);
            }
            (7, _) => {
                let answer = self.post("/v1/guard/failure", json!({"subject": subject, "ip": ip})).await;
                self.so_far.guarded += usize::from(answer.status == 200);
            }
            (8, _) => drop(self.post("/v1/status", json!({"subject": subject})).await),
            (_, Some((_, id))) => {
                let act = self.chance.pick(&["", "/cancel", "/report"]);
                let method = if act.is_empty() { Method::GET } else { Method::POST };
                self.so_far.calls += 1;
                self.client.call(method, &format!("/v1/verifications/{id}{act}")).await;
            }
        }
    }
}

/// What Redis holds, by kind of key: how many, and the bytes of all.
#[derive(Debug, Default)]
struct Held {
    kinds: BTreeMap<String, (usize, u64)>,
    /// Lines of the longest stream that is shown.
    lines: u64,
    /// `used_memory_dataset`, without what clients and the tables of keys take.
    bytes: u64,
}

impl Held {
    fn of(redis: &Redis) -> Self {
        let (keys, mut connection) = (redis.keys(), redis.connect());
        let mut held = Self { bytes: redis.info("memory", "used_memory_dataset").parse().unwrap(), ..Self::default() };
        for some in keys.chunks(1000) {
            let mut asking = redis::pipe();
            for key in some {
                asking.cmd("MEMORY").arg("USAGE").arg(key).arg("SAMPLES").arg(0);
            }
            let bytes: Vec<Option<u64>> = asking.query(&mut connection).unwrap();
            for (key, bytes) in some.iter().zip(bytes) {
                let kind = held.kinds.entry(kind(key)).or_default();
                *kind = (kind.0 + usize::from(bytes.is_some()), kind.1 + bytes.unwrap_or(0));
            }
        }
        let shown = keys.iter().filter(|key| kind(key) == "recent");
        held.lines = shown.map(|key| redis.ask_key::<u64>("XLEN", key, &[])).max().unwrap_or(0);
        held
    }

    fn count(&self, kind: &str) -> usize {
        self.kinds.get(kind).map_or(0, |(count, _)| *count)
    }

    fn bytes_of(&self, kind: &str) -> u64 {
        self.kinds.get(kind).map_or(0, |(_, bytes)| *bytes)
    }

    /// Of a kind that there are some of, each takes so many at most.
    fn assert_each(&self, kind: &str, most: u64) {
        let (count, bytes) = self.kinds.get(kind).copied().unwrap_or_default();
        assert!(bytes <= most * count as u64, "{kind}: {bytes} bytes in {count} keys: {self:?}");
    }
}

/// `s` of `otp:{tag}:s:<reference>`, `recent` of `otp:{tag}:recent`.
fn kind(key: &[u8]) -> String {
    let name = key.splitn(3, |byte| *byte == b':').nth(2).unwrap_or(key);
    String::from_utf8_lossy(name.split(|byte| *byte == b':').next().unwrap_or(name)).into_owned()
}

async fn flood(from: From, lasts: Duration, seed: u64) {
    let (redis, trail) = (Redis::with(RedisOptions::default()), TrailDir::new());
    let to_trail = trail.variables();
    let mut variables = [HMAC, &[("OTP_LOG", "info,otp_sidecar::http=warn")]].concat();
    variables.extend(to_trail.iter().map(|(name, value)| (*name, value.as_str())));
    let rig = Rig::over(redis, &variables);
    written_out(&rig, lasts).await;
    let before = Held::of(&rig.redis);
    let until = Instant::now() + lasts;
    let mut attackers = JoinSet::new();
    for n in 0..ATTACKERS {
        let made_up = format!("{seed:x}-{n}");
        let chance = Chance(seed ^ (n as u64 + 1) << 40);
        let client = rig.client.clone();
        let attacker = Attacker { client, from, chance, made_up, turn: 0, last: None, so_far: Let::default() };
        attackers.spawn(attacker.run(until));
    }
    let mut all = Let::default();
    for one in attackers.join_all().await {
        all.calls += one.calls;
        all.issued += one.issued;
        all.guarded += one.guarded;
        all.failed += one.failed;
        all.unknown += one.unknown;
        all.networks.extend(one.networks);
    }
    written_out(&rig, lasts).await;
    let held = Held::of(&rig.redis);
    let networks = all.networks.len();
    let Let { calls, issued, guarded, failed, unknown, .. } = all;
    eprintln!(
        "flood: {from:?}, {calls} calls, {networks} networks; {issued} issued, {guarded} guarded, {failed} failed, \
         {unknown} unknown"
    );
    for (kind, (count, bytes)) in &held.kinds {
        eprintln!("flood: {kind:<12} {count:>7} keys {:>7} bytes each", bytes / (*count as u64).max(1));
    }
    assert!(calls > 500 && issued > 0 && guarded > 0 && failed > 0, "{all:?}");
    if from == From::OneAddress {
        assert!(issued <= SENDS && guarded <= SENDS + FAILURES && failed <= FAILURES, "{all:?}");
    }
    // Each record, network and person is one that a limit let through.
    assert!(held.count("s") <= issued + guarded + unknown, "{held:?}");
    assert!(held.count("i") <= networks, "{held:?}");
    assert!(held.count("p") <= guarded + unknown && held.count("n") == 0, "{held:?}");
    // What was reported is remembered with its record.
    assert!(held.count("h") <= issued + unknown, "{held:?}");
    let of_reference = ["s", "i", "p", "h"];
    let of_buckets: usize =
        held.kinds.iter().filter(|(kind, _)| !of_reference.contains(&&***kind)).map(|(_, (count, _))| count).sum();
    assert!(of_buckets <= 64 * OF_A_BUCKET, "{held:?}");
    assert!(held.lines <= LINES, "{held:?}");
    held.assert_each("s", SUBJECT_BYTES);
    held.assert_each("i", NETWORK_BYTES);
    held.assert_each("p", PERSON_BYTES);
    // And there is nothing beside keys that would grow.
    let of_keys =
        |held: &Held| of_reference.iter().chain(&["recent", "lockouts"]).map(|kind| held.bytes_of(kind)).sum::<u64>();
    let grown = held.bytes.saturating_sub(before.bytes);
    let keys = of_keys(&held).saturating_sub(of_keys(&before));
    eprintln!("flood: {grown} bytes more, {keys} of them in the keys above");
    assert!(grown <= keys + BESIDES, "{grown} bytes more, {keys} of them in keys: {before:?} {held:?}");
    drop(rig);
    trail.is_sound();
}

/// Until no event waits, and no mark of one is left; where others have the processor that takes as long as what came before.
async fn written_out(rig: &Rig, lasts: Duration) {
    let empty = || {
        let left: u64 = rig.redis.streams().iter().map(|key| rig.redis.ask_key::<u64>("XLEN", key, &[])).sum();
        (left == 0).then_some(())
    };
    tokio::task::block_in_place(|| wait::until("all events to be written out", wait::PATIENCE * 2 + lasts, empty));
}

async fn floods(lasts: Duration, seed: u64) {
    tokio::join!(flood(From::OneAddress, lasts, seed), flood(From::ManyNetworks, lasts, !seed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_one_address_and_from_many_networks_leaves_redis_flat() {
    floods(Duration::from_secs(10), 0xf100d).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes FLOOD_MINUTES (10): make soak"]
async fn for_long() {
    let minutes = super::number("FLOOD_MINUTES").unwrap_or(10);
    floods(Duration::from_secs(60 * minutes), rand::random()).await;
}
