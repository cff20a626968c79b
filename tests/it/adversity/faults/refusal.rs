//! A server that is there and takes no scripts: every error line that Redis has for it, as a line on the wire and, where
//! it can be had, from Redis itself.

use std::time::Duration;

use super::trial::Trial;
use crate::support::{Fault, RedisOptions};

const LINES: [&str; 11] = [
    "-LOADING Redis is loading the dataset in memory",
    "-MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
    "-NOREPLICAS Not enough good replicas to write.",
    "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
    "-OOM command not allowed when used memory > 'maxmemory'.",
    "-READONLY You can't write against a read only replica.",
    "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    "-NOAUTH Authentication required.",
    "-NOPERM this user has no permissions to run the 'evalsha' command",
    "-CLUSTERDOWN The cluster is down",
    "-ERR nobody knows what this is",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_redis_says_in_place_of_an_answer_is_an_outage() {
    let trial = Trial::start(RedisOptions::default()).await;
    for line in LINES {
        trial.proxy.set(Fault::Refuse(line));
        trial.endure(Duration::from_millis(100)).await;
        trial.client.send("ada").await.refused(503, "store_unavailable");
        trial.proxy.heal();
        trial.issues().await;
    }
    trial.recovers().await;
    trial.end().await;
}

/// What no function of ours answers: of wrong types, cut, of lengths that nobody has, and never ending.
const LIES: [&str; 20] = [
    "+OK",
    ":7",
    ":-9223372036854775808",
    "$-1",
    "*-1",
    "_",
    "*0",
    "$0\r\n",
    "$3\r\nabc",
    "*2\r\n$1\r\nx\r\n:1",
    "*1\r\n*1\r\n*1\r\n*1\r\n:1",
    "%1\r\n+a\r\n+b",
    "#t",
    ",nan",
    "(123456789012345678901234567890",
    "\u{1}\u{2}HTTP/1.1 200 OK",
    "$40\r\nabc",
    "$536870912\r\nabc",
    "*1048576\r\n:1",
    "*2147483647\r\n:1",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_makes_no_sense_is_an_outage_and_never_a_verdict() {
    let trial = Trial::start(RedisOptions::default()).await;
    let issued = trial.client.issue("ada").await;
    for lie in LIES {
        trial.proxy.set(Fault::Refuse(lie));
        trial.client.send("bob").await.refused(503, "store_unavailable");
        trial.client.check_id(&issued.id, &issued.code).await.refused(503, "store_unavailable");
        trial.proxy.heal();
        trial.issues().await;
    }
    trial.recovers().await;
    // Nothing of it ran.
    trial.client.check_id(&issued.id, &issued.code).await.approved();
    trial.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_that_redis_lost_fail_no_call() {
    let trial = Trial::patient().await;
    for _ in 0..5 {
        trial.redis.cli(&["FUNCTION", "FLUSH"]);
        trial.endure(Duration::from_millis(100)).await;
    }
    trial.client.send("ada").await.is(201);
    trial.recovers().await;
    assert_eq!(trial.end().await.unavailable, 0);
}

/// Has Redis refuse by one command until another; the log must tell `code`.
async fn refused(options: RedisOptions, by: &[&str], until: &[&str], code: &str) {
    let trial = Trial::start(options).await;
    trial.redis.cli(by);
    trial.is_ready(false, Duration::from_secs(2)).await;
    trial.logs(&["server refuses", code]);
    trial.client.send("ada").await.refused(503, "store_unavailable");
    trial.redis.cli(until);
    trial.recovers().await;
    assert!(trial.end().await.unavailable > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_out_of_memory() {
    let set = |limit| ["CONFIG", "SET", "maxmemory", limit];
    refused(RedisOptions::default(), &set("1"), &set("0"), "OOM").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_turned_into_a_replica() {
    refused(RedisOptions::default(), &["REPLICAOF", "127.0.0.1", "1"], &["REPLICAOF", "NO", "ONE"], "READONLY").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_without_the_replicas_it_wants() {
    let set = |count| ["CONFIG", "SET", "min-replicas-to-write", count];
    refused(RedisOptions::default(), &set("1"), &set("0"), "NOREPLICAS").await;
}

/// A script of somebody else that does not end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_busy_with_a_script_of_somebody_else() {
    let options = RedisOptions { extra: vec!["--busy-reply-threshold".into(), "50".into()], ..Default::default() };
    let trial = Trial::start(options).await;
    let mut other = trial.redis.connect();
    let endless = std::thread::spawn(move || {
        redis::cmd("EVAL").arg("while true do end").arg(0).query::<redis::Value>(&mut other).is_err()
    });
    trial.is_ready(false, Duration::from_secs(3)).await;
    trial.logs(&["server refuses: BUSY"]);
    trial.client.send("ada").await.refused(503, "store_unavailable");
    trial.redis.cli(&["SCRIPT", "KILL"]);
    assert!(endless.join().unwrap());
    trial.recovers().await;
    assert!(trial.end().await.unavailable > 0);
}

/// A snapshot that cannot be written: where it should lie there is a directory already.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_that_cannot_save() {
    let options = RedisOptions { extra: vec!["--dbfilename".into(), "taken.rdb".into()], ..Default::default() };
    let trial = Trial::start(options).await;
    std::fs::create_dir_all(trial.redis.dir().join("taken.rdb/by-a-directory")).unwrap();
    trial.redis.cli(&["CONFIG", "SET", "save", "3600 100000"]);
    trial.redis.cli(&["BGSAVE"]);
    trial.is_ready(false, Duration::from_secs(4)).await;
    trial.logs(&["server refuses: MISCONF"]);
    trial.client.send("ada").await.refused(503, "store_unavailable");
    trial.redis.cli(&["CONFIG", "SET", "stop-writes-on-bgsave-error", "no"]);
    trial.recovers().await;
    assert!(trial.end().await.unavailable > 0);
}
