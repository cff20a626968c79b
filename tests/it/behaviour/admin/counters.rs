//! Counters of what was exported: each event once, whatever is sent again, and no more of them than are worth it.

use std::collections::BTreeMap;

use crate::support::{Chance, Redis};
use otp_sidecar::{
    event::Bucket,
    store::{
        functions::{self, ACKNOWLEDGE, Operation},
        key::{OfBucket, OfTime},
        tally::Tally,
    },
};

/// An export of its own: what `lua/acknowledge.lua` is told.
struct Export {
    connection: redis::Connection,
    bucket: Bucket,
    seq: u64,
}

impl Export {
    fn start(redis: &Redis) -> Self {
        let bucket = Bucket::all().nth(5).unwrap();
        let lease = OfBucket::Lease.key(bucket);
        let mut connection = redis.connect_to(&lease);
        redis::cmd("SET").arg(lease).arg("me").exec(&mut connection).unwrap();
        // Of servers that tests share, some have it.
        let _ = functions::loading().exec(&mut connection);
        Self { connection, bucket, seq: 0 }
    }

    /// One more event waits.
    fn happen(&mut self) {
        self.seq += 1;
        let (key, id) = (OfBucket::Events.key(self.bucket), format!("1-{}", self.seq));
        redis::cmd("XADD").arg(key).arg(id).arg("e").arg("").exec(&mut self.connection).unwrap();
    }

    fn run(&mut self, function: &Operation, keys: &[String], args: &[&[u8]]) -> i64 {
        let mut cmd = redis::cmd(function.verb);
        cmd.arg(&function.registered).arg(keys.len()).arg(keys).arg(args);
        cmd.query(&mut self.connection).unwrap()
    }

    /// Acknowledges all that waits as `who`; answers how many events went.
    fn acknowledge(&mut self, who: &str, tally: &Tally) -> i64 {
        let keys = [OfBucket::Lease, OfBucket::Events].map(|kind| kind.key(self.bucket));
        let behind = format!("1-{}", self.seq + 1);
        let tally = tally.arguments(self.bucket);
        let mut args: Vec<&[u8]> = vec![who.as_bytes(), b"{}", b"2", b"up to", behind.as_bytes()];
        args.extend(tally.iter().map(Vec::as_slice));
        self.run(&ACKNOWLEDGE, &keys, &args)
    }

    fn counted(&mut self, counter: OfTime, n: u64) -> BTreeMap<Vec<u8>, i64> {
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
    tally.count(OfTime::Day, DAY, *b"abc", 3);
    tally.show(OfBucket::Acts, DAY * 86_400_000, 10, &[b"{}".to_vec()]);
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
fn sums_are_right() {
    let redis = Redis::start();
    let (mut export, mut chance) = (Export::start(&redis), Chance(20_260_101));
    let mut expected: BTreeMap<(u64, [u8; 3]), i64> = BTreeMap::new();
    for _ in 0..400 {
        let mut tally = Tally::default();
        for _ in 0..chance.below(8) {
            let (n, field) = (DAY + chance.below(2) as u64, [b'f', b'g', chance.below(40) as u8]);
            let by = chance.below(100) as i64 - 30;
            tally.count(OfTime::Day, n, field, by);
            *expected.entry((n, field)).or_default() += by;
        }
        export.happen();
        assert_eq!(export.acknowledge("me", &tally), 1);
    }
    for n in [DAY, DAY + 1] {
        let mut counted = export.counted(OfTime::Day, n);
        counted.retain(|_, sum| *sum != 0);
        let of_day = expected.iter().filter(|((day, _), sum)| *day == n && **sum != 0);
        assert_eq!(counted, of_day.map(|((_, field), sum)| (field.to_vec(), *sum)).collect());
    }
    let ends: i64 = redis.ask(&["PEXPIRETIME", &OfTime::Day.key(export.bucket, DAY)]);
    assert_eq!(ends, (DAY as i64 + 1) * 86_400_000 + 62 * 86_400_000);
}
