//! Stats: exact sums over all sidecars, whatever becomes of one of them.

use std::collections::BTreeMap;

use otp_sidecar::store::{
    Bucket,
    key::{OfBucket, OfTime},
    script::{ACKNOWLEDGE, Script, TALLY},
    tally::Tally,
};
use serde_json::{Value, json};

use super::{SOON, admin, rig, unlock, viewer};
use crate::support::{Chance, Client, Redis, Sidecar, wait, wrong_code_than};

async fn stats(sidecar: &Sidecar) -> Value {
    viewer(sidecar).get("/admin/v1/stats").await.is(200).body
}

fn count(stats: &Value, period: &str, kind: &str, outcome: &str) -> u64 {
    stats[period]["events"][kind][outcome].as_u64().unwrap_or(0)
}

/// What a client did.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Did {
    issued: u64,
    wrong: u64,
    approved: u64,
    canceled: u64,
}

impl Did {
    async fn some(&mut self, client: &Client, prefix: &str, times: u64) {
        for n in 0..times {
            let issued = client.issue(&format!("{prefix}{n}")).await;
            client.check_id(&issued.id, &wrong_code_than(&issued.code)).await.rejected("pending", "wrong_code");
            (self.issued, self.wrong) = (self.issued + 1, self.wrong + 1);
            match n % 4 {
                0 => {
                    client.check_id(&issued.id, &issued.code).await.approved();
                    self.approved += 1;
                }
                1 => {
                    client.cancel(&issued.id).await.is(200);
                    self.canceled += 1;
                }
                _ => {}
            }
        }
    }

    fn told(stats: &Value, period: &str) -> Self {
        Self {
            issued: count(stats, period, "send", "issued"),
            wrong: count(stats, period, "check", "wrong_code"),
            approved: count(stats, period, "check", "approved"),
            canceled: count(stats, period, "cancel", "canceled"),
        }
    }
}

#[tokio::test]
async fn sums_over_three_sidecars_are_exact_even_where_one_is_killed() {
    let mut rig = rig(&[]);
    let others = [rig.another(&[("OTP_VIEWER_KEYS", &crate::support::keys::viewer_keys())]), rig.another(&[])];
    let mut did = Did::default();
    did.some(&others[0].client(), "a", 40).await;
    did.some(&others[1].client(), "b", 40).await;
    did.some(&rig.client.clone(), "c", 40).await;
    rig.sidecar.kill();
    did.some(&others[1].client(), "d", 40).await;
    let told = || async {
        let stats = stats(&others[0]).await;
        let told = Did::told(&stats, "last_hour");
        for (told, did) in [
            (told.issued, did.issued),
            (told.wrong, did.wrong),
            (told.approved, did.approved),
            (told.canceled, did.canceled),
        ] {
            assert!(told <= did, "counted twice: {stats}");
        }
        (told == did).then_some(stats)
    };
    wait::until_async("all to be counted", SOON, told).await;
    // Read once more, since one reading takes several questions.
    let stats = stats(&others[0]).await;
    assert_eq!((Did::told(&stats, "last_hour"), Did::told(&stats, "last_day")), (did, did));
    let live = did.issued - did.approved - did.canceled;
    assert_eq!(stats["live_codes"].as_u64(), Some(live), "{stats}");
    // Nothing comes after: what was written again after the kill was not counted again.
    drop(rig);
}

#[tokio::test]
async fn codes_that_ended_before_their_time_are_live_no_more() {
    let rig = rig(&[]);
    let live = || async {
        // A count that is not complete yet says nothing: wait until all is written out.
        let waiting: u64 = rig.redis.streams().iter().map(|key| rig.redis.ask_key::<u64>("XLEN", key, &[])).sum();
        let live = stats(&rig.sidecar).await["live_codes"].as_u64().unwrap();
        (waiting == 0).then_some(live)
    };
    let live = async || wait::until_async("the outboxes to drain", SOON, live).await;
    let first = rig.client.issue("ada").await;
    rig.client.issue("ada").await;
    assert_eq!(live().await, 1, "a resend takes the place of {}", first.id);
    for purpose in ["p1", "p2", "p3"] {
        rig.client.issue_for("ada", purpose).await;
    }
    assert_eq!(live().await, 4);
    let reported = rig.client.issue_for("ada", "p4").await;
    let path = format!("/v1/verifications/{}/report", reported.id);
    rig.client.post(&path, &json!({"reason": "not_me"})).await.is(204);
    rig.client.issue("bob").await;
    assert_eq!(live().await, 5);
    let issued = rig.client.issue("ada").await;
    for wrong in issued.wrong_codes().take(5) {
        rig.client.check_id(&issued.id, &wrong).await.is(200);
    }
    assert_eq!(live().await, 1, "a lock burns every code of its subject");
    let body = json!({"subject": "bob", "tenant": "shop", "minutes": 1, "reason": "x"});
    admin(&rig.sidecar).post("/admin/v1/lock", &body).await.is(200);
    assert_eq!(live().await, 0);
    unlock(&rig.sidecar, "bob").await.is(200);
    assert_eq!(live().await, 0);
}

#[tokio::test]
async fn with_a_slow_hash_they_are_counted_alike() {
    let rig = rig(crate::support::scheme::CHEAP);
    let mut did = Did::default();
    did.some(&rig.client, "a", 12).await;
    let told = || async {
        let stats = stats(&rig.sidecar).await;
        (Did::told(&stats, "last_hour") == did).then_some(stats)
    };
    wait::until_async("all to be counted", SOON, told).await;
    let stats = stats(&rig.sidecar).await;
    assert_eq!(stats["live_codes"].as_u64(), Some(did.issued - did.approved - did.canceled));
    assert_eq!(count(&stats, "last_hour", "send", "reserved"), did.issued);
}

#[tokio::test]
async fn rates_are_of_the_time_that_is_named_and_who_is_stopped_is_counted() {
    let rig = rig(&[("OTP_MAX_CONSECUTIVE_FAILURES", "5")]);
    rig.lock_out("ada").await;
    for n in 0..30 {
        rig.client.send(&format!("user{n}")).await.is(201);
    }
    let told = || async {
        let stats = stats(&rig.sidecar).await;
        (count(&stats, "last_hour", "send", "issued") == 31).then_some(stats)
    };
    let stats = wait::until_async("all to be counted", SOON, told).await;
    assert_eq!((&stats["locked"], &stats["disabled"]), (&json!(1), &json!(1)));
    for (period, shortest, longest) in [("last_hour", 60, 65), ("last_day", 1440, 1500)] {
        let of = &stats[period];
        let at = |name: &str| humantime::parse_rfc3339(of[name].as_str().unwrap()).unwrap();
        let minutes = at("until").duration_since(at("from")).unwrap().as_secs_f64() / 60.0;
        assert!((f64::from(shortest)..=f64::from(longest)).contains(&minutes), "{period}: {minutes}");
        let rate = of["per_minute"]["send"]["issued"].as_f64().unwrap();
        assert!((rate - 31.0 / minutes).abs() < 0.001, "{period}: {rate}");
    }
}

/// An export of its own: what `lua/acknowledge.lua` is told.
struct Export {
    connection: redis::Connection,
    bucket: Bucket,
    seq: u64,
}

impl Export {
    fn start(redis: &Redis) -> Self {
        let (mut connection, bucket) = (redis.connect(), Bucket::all().nth(5).unwrap());
        redis::cmd("SET").arg(OfBucket::Lease.key(bucket)).arg("me").exec(&mut connection).unwrap();
        Self { connection, bucket, seq: 0 }
    }

    /// One more event waits.
    fn happen(&mut self) {
        self.seq += 1;
        let (key, id) = (OfBucket::Events.key(self.bucket), format!("1-{}", self.seq));
        redis::cmd("XADD").arg(key).arg(id).arg("e").arg("").exec(&mut self.connection).unwrap();
    }

    fn run(&mut self, script: &Script, keys: &[String], args: &[&[u8]]) -> i64 {
        let mut cmd = redis::cmd("EVAL");
        cmd.arg(script.body).arg(keys.len()).arg(keys).arg(args);
        cmd.query(&mut self.connection).unwrap()
    }

    /// Acknowledges all that waits as `who`; answers how many events went.
    fn acknowledge(&mut self, who: &str, tally: &Tally) -> i64 {
        let of_bucket = [OfBucket::Lease, OfBucket::Events, OfBucket::Tally].map(|kind| kind.key(self.bucket));
        let streams = tally.lines().iter().map(|(stream, _)| stream.key(self.bucket));
        let keys: Vec<String> = of_bucket.into_iter().chain(streams).collect();
        let behind = format!("1-{}", self.seq + 1);
        let mut args: Vec<&[u8]> = vec![who.as_bytes(), tally.journal()];
        args.extend(tally.lines().iter().map(|(_, packed)| packed.as_slice()));
        args.extend([b"up to", behind.as_bytes()]);
        self.run(&ACKNOWLEDGE, &keys, &args)
    }

    fn counted(&mut self, counter: OfTime, n: u64) -> BTreeMap<Vec<u8>, i64> {
        let keys = [OfBucket::Tally.key(self.bucket)];
        self.run(&TALLY, &keys, &[]);
        redis::cmd("HGETALL").arg(counter.key(self.bucket, n)).query(&mut self.connection).unwrap()
    }
}

/// A day that is far ahead, so that its counters have not ended.
const DAY: u64 = 40_000;

#[test]
fn what_is_acknowledged_twice_or_by_another_is_counted_once() {
    let redis = Redis::start();
    let mut export = Export::start(&redis);
    let mut tally = Tally::default();
    tally.count(OfTime::Day, DAY, b"abc", 3);
    tally.show(OfBucket::Acts, (DAY * 86_400_000, 10), &[b"{}".to_vec()]);
    export.happen();
    assert_eq!(export.acknowledge("another", &tally), -1);
    assert!(export.counted(OfTime::Day, DAY).is_empty());
    assert_eq!(export.acknowledge("me", &tally), 1);
    assert_eq!(export.acknowledge("me", &tally), 0, "as after a lost answer");
    assert_eq!(export.counted(OfTime::Day, DAY), BTreeMap::from([(b"abc".to_vec(), 3)]));
    assert_eq!(export.counted(OfTime::Day, DAY), BTreeMap::from([(b"abc".to_vec(), 3)]), "and not by looking");
    assert_eq!(redis.ask::<u64>(&["XLEN", &OfBucket::Acts.key(export.bucket)]), 1);
}

#[test]
fn sums_are_right_however_often_the_journal_is_full_or_read() {
    let redis = Redis::start();
    let (mut export, mut chance) = (Export::start(&redis), Chance(20_260_101));
    let mut expected: BTreeMap<(u64, Vec<u8>), i64> = BTreeMap::new();
    for _ in 0..400 {
        let mut tally = Tally::default();
        for _ in 0..chance.below(8) {
            let (n, field) = (DAY + chance.below(2) as u64, vec![b'f', chance.below(40) as u8]);
            let by = chance.below(100) as i64 - 30;
            tally.count(OfTime::Day, n, &field, by);
            *expected.entry((n, field)).or_default() += by;
        }
        export.happen();
        assert_eq!(export.acknowledge("me", &tally), 1);
        if chance.below(50) == 0 {
            export.counted(OfTime::Day, DAY);
        }
    }
    for n in [DAY, DAY + 1] {
        let mut counted = export.counted(OfTime::Day, n);
        counted.retain(|_, sum| *sum != 0);
        let of_day = expected.iter().filter(|((day, _), sum)| *day == n && **sum != 0);
        assert_eq!(counted, of_day.map(|((_, field), sum)| (field.clone(), *sum)).collect());
    }
    let ends: i64 = redis.ask(&["PEXPIRETIME", &OfTime::Day.key(export.bucket, DAY)]);
    assert_eq!(ends, (DAY as i64 + 1) * 86_400_000 + 62 * 86_400_000);
}

#[test]
fn of_many_networks_the_busiest_stay() {
    let redis = Redis::start();
    let mut export = Export::start(&redis);
    for round in 0..30_u8 {
        let mut tally = Tally::default();
        tally.count(OfTime::Networks, DAY, &[255; 16], 5);
        for n in 0..40_u8 {
            let mut network = [0; 16];
            (network[0], network[1]) = (round, n);
            tally.count(OfTime::Networks, DAY, &network, 1);
        }
        export.happen();
        export.acknowledge("me", &tally);
    }
    export.counted(OfTime::Day, DAY);
    let key = OfTime::Networks.key(export.bucket, DAY);
    let kept: u64 = redis.ask(&["ZCARD", &key]);
    assert!(kept <= 3 * 128, "{kept}");
    let busiest: Vec<(Vec<u8>, u64)> = redis.ask(&["ZRANGE", &key, "0", "0", "REV", "WITHSCORES"]);
    assert_eq!(busiest, [(vec![255; 16], 150)]);
}
