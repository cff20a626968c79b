//! Redis itself: gone, frozen, slow to start.

use std::time::Duration;

use super::trial::{Trial, number};
use crate::support::{RedisOptions, redis::in_the_way};

/// Loses nothing by being killed.
fn lossless() -> RedisOptions {
    RedisOptions { aof: true, extra: vec!["--appendfsync".into(), "always".into()], ..Default::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_killed_and_back() {
    let mut trial = Trial::start(lossless()).await;
    trial.redis.kill();
    trial.is_ready(false, Duration::from_secs(2)).await;
    trial.logs(&["store is down"]);
    trial.redis.restart();
    trial.recovers().await;
    trial.logs(&["store is back"]);
    assert!(trial.end().await.unavailable > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_frozen_and_thawed() {
    let trial = Trial::start(RedisOptions::default()).await;
    trial.redis.pause();
    trial.is_ready(false, Duration::from_secs(2)).await;
    trial.endure(Duration::from_secs(number("OTP_TEST_FREEZE_SECONDS", 3))).await;
    trial.redis.resume();
    trial.recovers().await;
    assert!(trial.end().await.unavailable > 0);
}

/// Filled by a script of somebody else, so that reading the file takes a while. Redis looks up from that once in 1024
/// commands.
const FILL: &str = "for i = 1, 45000 do redis.call('SET', 'filler' .. i, i) end";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_that_still_loads_its_file() {
    let mut options = lossless();
    options.extra.extend(["--key-load-delay", "0"].map(Into::into));
    let mut trial = Trial::start(options).await;
    trial.redis.cli(&["EVAL", FILL, "0"]);
    trial.redis.kill();
    trial.redis.replace_argument("key-load-delay", "10");
    trial.redis.restart_unready();
    trial.logs(&["server refuses: LOADING"]);
    trial.client.send("ada").await.refused(503, "store_unavailable");
    trial.redis.wait_ready();
    trial.recovers().await;
    assert!(trial.end().await.unavailable > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_that_redis_cannot_load_are_told_once_in_its_words() {
    let trial = Trial::start(RedisOptions::default()).await;
    let mut both = redis::pipe();
    both.atomic().cmd("FUNCTION").arg("FLUSH").cmd("FUNCTION").arg("LOAD").arg(in_the_way());
    both.exec(&mut trial.redis.connect()).unwrap();
    trial.is_ready(false, Duration::from_secs(2)).await;
    let why = "it cannot load our functions: Function otp_";
    trial.logs(&[why]);
    trial.client.send("ada").await.refused(503, "store_unavailable");
    assert_eq!(trial.sidecar.log_lines().iter().filter(|line| line.contains(why)).count(), 1);
    trial.redis.cli(&["FUNCTION", "FLUSH"]);
    trial.recovers().await;
    assert!(trial.end().await.unavailable > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_evicts_is_noticed_and_so_is_its_end() {
    let trial = Trial::start(RedisOptions::default()).await;
    trial.redis.cli(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    trial.is_ready(false, Duration::from_secs(2)).await;
    trial.logs(&["maxmemory-policy is allkeys-lru"]);
    trial.client.send("ada").await.refused(503, "store_unavailable");
    trial.redis.cli(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    trial.recovers().await;
    assert!(trial.end().await.unavailable > 0);
}
