//! A store that is full, or that would throw things away.

use std::collections::BTreeMap;

use crate::support::{Redis, RedisOptions, Rig, Sidecar};

/// Every record of a subject or a network as Redis would dump it. What the export of events writes comes and grows by itself.
fn records(redis: &Redis) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let lasting = |key: &Vec<u8>| matches!(key.get(9..12), Some(b":s:" | b":h:" | b":i:"));
    let dump = |key: Vec<u8>| {
        let dump: Option<Vec<u8>> = redis.ask_key("DUMP", &key, &[]);
        Some((key, dump?))
    };
    redis.keys().into_iter().filter(lasting).filter_map(dump).collect()
}

#[tokio::test]
async fn a_full_store_refuses_a_send_whole() {
    let rig = Rig::unlimited(&[]);
    let ada = rig.client.issue("ada").await;
    let before = records(&rig.redis);
    assert!(!before.is_empty());
    rig.redis.cli(&["CONFIG", "SET", "maxmemory", "1"]);
    for subject in ["ada", "bob", "cyd"] {
        rig.client.send(subject).await.refused(503, "store_unavailable");
    }
    // As many keys as before, and each as it was.
    assert_eq!(records(&rig.redis), before);
    rig.redis.cli(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_eq!(rig.counted("bob").await, (0, 0));
    rig.client.check_id(&ada.id, &ada.code).await.approved();
}

#[tokio::test]
async fn a_full_store_verifies_nothing_and_gives_no_free_guess() {
    let rig = Rig::unlimited(&[]);
    let ada = rig.client.issue("ada").await;
    rig.redis.cli(&["CONFIG", "SET", "maxmemory", "1"]);
    for wrong in ada.wrong_codes().take(10) {
        rig.client.check_id(&ada.id, &wrong).await.refused(503, "store_unavailable");
    }
    rig.client.check_id(&ada.id, &ada.code).await.refused(503, "store_unavailable");
    rig.redis.cli(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_eq!(rig.counted("ada").await.0, 0);
    rig.client.check_id(&ada.id, &ada.code).await.approved();
}

#[tokio::test]
async fn a_full_store_still_lets_a_code_be_cancelled() {
    let rig = Rig::unlimited(&[]);
    let ada = rig.client.issue("ada").await;
    rig.redis.cli(&["CONFIG", "SET", "maxmemory", "1"]);
    assert_eq!(rig.client.cancel(&ada.id).await.is(200).str("status"), "canceled");
    assert_eq!(rig.client.status("ada").await["requests_last_hour"], 1);
}

#[test]
fn a_store_that_may_evict_is_no_start() {
    for policy in ["allkeys-lru", "volatile-ttl", "volatile-lru", "allkeys-random"] {
        let redis = Redis::with(RedisOptions {
            policy: Some(policy.into()),
            maxmemory: Some("64mb".into()),
            ..Default::default()
        });
        let (code, stderr) = Sidecar::builder().on(&redis).expect_no_start();
        assert!(matches!(code, 64 | 69), "{code}: {stderr}");
        assert!(stderr.contains("maxmemory-policy") && stderr.contains("noeviction"), "{stderr}");
    }
}
