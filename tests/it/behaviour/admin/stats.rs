//! Stats: exact sums over all sidecars, whatever becomes of one of them.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hyper::Method;
use otp_sidecar::{
    event::Bucket,
    store::key::{OfBucket, OfTime},
};
use serde_json::{Value, json};

use super::{SOON, admin, rig, unlock, viewer};
use crate::support::{Client, Monitor, Rig, Sidecar, keys, wait, wrong_code_than};

/// One more sidecar. What one has read, it tells for five seconds; a new one has read nothing.
fn new(rig: &Rig) -> Sidecar {
    rig.another(&[("OTP_VIEWER_KEYS", &keys::viewer_keys())])
}

async fn stats(sidecar: &Sidecar) -> Value {
    viewer(sidecar).look(Method::GET, "/admin/v1/stats", &Value::Null).await.body
}

fn count(stats: &Value, period: &str, kind: &str, outcome: &str) -> u64 {
    stats[period]["events"][kind][outcome].as_u64().unwrap_or(0)
}

fn all_is_written_out(rig: &Rig) {
    let waiting = || rig.redis.streams().iter().map(|key| rig.redis.ask_key::<u64>("XLEN", key, &[])).sum::<u64>();
    wait::until("the outboxes to drain", SOON, || (waiting() == 0).then_some(()));
}

/// The next sums that are read, not told again.
async fn next(sidecar: &Sidecar) -> Value {
    let before = stats(sidecar).await["as_of"].clone();
    let read = || async { Some(stats(sidecar).await).filter(|stats| stats["as_of"] != before) };
    wait::until_async("another reading", SOON, read).await
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
    let live = async || {
        // A count that is not complete yet says nothing.
        all_is_written_out(&rig);
        stats(&new(&rig)).await["live_codes"].as_u64().unwrap()
    };
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
    // What a newer version counts and this one does not know is left out: an outcome, a kind, a form.
    let day = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 86_400;
    let key = OfTime::Day.key(Bucket::all().next().unwrap(), day).into_bytes();
    for field in ["\u{1}\u{1}\u{7f}", "\u{1}\u{7f}\n", "\u{1}", "\u{7f}\u{1}\n"] {
        rig.redis.ask_key::<u64>("HINCRBY", &key, &[field, "1000"]);
    }
    let told = || async {
        let stats = stats(&rig.sidecar).await;
        (count(&stats, "last_hour", "send", "issued") == 31).then_some(stats)
    };
    let stats = wait::until_async("all to be counted", SOON, told).await;
    assert!(!stats["last_day"].to_string().contains("1000"), "{stats}");
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

/// Commands as clients send them: what functions call is not among them.
#[tokio::test]
async fn sums_are_read_by_one_function_a_bucket_and_an_idle_sidecar_asks_little() {
    /// How long an idle sidecar is looked at.
    const LOOK: Duration = Duration::from_secs(4);
    let rig = rig(&[]);
    rig.client.issue("ada").await;
    let mut monitor = Monitor::start(&rig.redis);
    let issued = || async { (count(&stats(&rig.sidecar).await, "last_hour", "send", "issued") == 1).then_some(()) };
    wait::until_async("the send to be counted", SOON, issued).await;
    let other = new(&rig);
    monitor.take();
    stats(&other).await;
    let seen = monitor.take();
    drop(other);
    let figures = seen.iter().filter(|command| command.first.ends_with("_figures")).count();
    let plain = ["HGETALL", "ZCOUNT", "ZCARD", "MGET", "XREAD"];
    let others = seen.iter().filter(|command| plain.contains(&command.name.as_str()));
    assert_eq!(figures, 64, "{seen:?}");
    assert!(figures + others.count() <= 70, "{seen:?}");
    monitor.take();
    let since = Instant::now();
    tokio::time::sleep(LOOK).await;
    let idle = monitor.take().len() as f64 / since.elapsed().as_secs_f64();
    assert!(idle < 200.0, "{idle} commands a second");
}

#[tokio::test]
async fn only_what_changed_is_read_again_and_locks_end_without_an_event() {
    /// How long the lock lasts: what was read is told for five seconds.
    const LOCKED: Duration = Duration::from_secs(8);
    let rig = rig(&[]);
    for n in 0..20 {
        rig.client.issue(&format!("user{n}")).await;
    }
    all_is_written_out(&rig);
    let ends = SystemTime::now() + LOCKED;
    let (index, until) =
        (OfBucket::Locked.key(Bucket::all().last().unwrap()), ends.duration_since(UNIX_EPOCH).unwrap());
    rig.redis.ask_key::<u64>("ZADD", index.as_bytes(), &[&until.as_millis().to_string(), "some 16 bytes of"]);
    stats(&rig.sidecar).await;
    let mut monitor = Monitor::start(&rig.redis);
    let (mut issued, mut sent, mut locked) = (20, 0, true);
    while locked {
        let told = next(&rig.sidecar).await;
        let over = humantime::parse_rfc3339(told["as_of"].as_str().unwrap()).unwrap() >= ends;
        assert_eq!((&told["locked"], count(&told, "last_hour", "send", "issued")), (&json!(u64::from(!over)), issued));
        let asked = monitor.take().iter().filter(|command| command.first.ends_with("_figures")).count();
        // Both may be in one bucket.
        let changed = usize::from(over) + sent;
        assert!((changed.min(1)..=changed).contains(&asked), "{asked} for {changed}");
        (locked, sent) = (!over, usize::from(issued == 20));
        if sent == 1 {
            rig.client.issue("one more").await;
            all_is_written_out(&rig);
            issued += 1;
        }
    }
}

#[tokio::test]
async fn a_lock_counts_though_nobody_writes_its_event_out() {
    let rig = rig(&[]);
    all_is_written_out(&rig);
    assert_eq!(stats(&rig.sidecar).await["locked"], json!(0));
    for bucket in Bucket::all() {
        let _: String = rig.redis.ask_key("SET", OfBucket::Lease.key(bucket).as_bytes(), &["somebody else"]);
    }
    rig.lock_out("ada").await;
    let locked = next(&rig.sidecar).await["locked"].clone();
    assert_eq!(locked, json!(1));
    rig.lock_out("bob").await;
    assert_eq!(next(&rig.sidecar).await["locked"], json!(2));
}
