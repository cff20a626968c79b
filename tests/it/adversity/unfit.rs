//! A store that became unfit while it was in use.

use std::time::{Duration, Instant};

use crate::support::{Client, Load, Rig, scheme::both, wait};

/// Several looks.
const OBSERVED_FOR: Duration = Duration::from_secs(4);

async fn readyz(rig: &Rig) -> u16 {
    Client::new(rig.sidecar.app().clone()).get("/readyz").await.status
}

async fn becomes(rig: &Rig, status: u16) {
    let look = || async { (readyz(rig).await == status).then_some(()) };
    wait::until_async(&format!("/readyz to be {status}"), wait::PATIENCE, look).await;
}

/// Something makes the store unfit under load: once that is noticed, no call gets through, however long it lasts.
async fn never_used(variables: &[(&str, &str)], spoil: impl Fn(&Rig), mend: impl Fn(&Rig)) {
    let rig = Rig::unlimited(variables);
    let issued = rig.client.issue("ada").await;
    let load = Load::start(&rig.client, 4);
    load.wait_pairs(5).await;
    spoil(&rig);
    becomes(&rig, 503).await;
    let served = rig.metrics().await.value("otp_requests_total", &[("operation", "send"), ("outcome", "issued")]);
    let start = Instant::now();
    while start.elapsed() < OBSERVED_FOR {
        rig.client.send("bob").await.refused(503, "store_unavailable");
        rig.client.check_id(&issued.id, &issued.code).await.refused(503, "store_unavailable");
        assert_eq!(readyz(&rig).await, 503, "steadily");
    }
    load.stop().await;
    let metrics = rig.metrics().await;
    let now = metrics.value("otp_requests_total", &[("operation", "send"), ("outcome", "issued")]);
    // A call or two may have been under way between the verdict and its metric.
    assert!(now - served <= 4.0, "{} codes issued by a store that must not be used", now - served);
    assert_eq!(metrics.value("otp_store_up", &[]), 0.0);
    mend(&rig);
    becomes(&rig, 200).await;
    rig.client.check_id(&issued.id, &issued.code).await.approved();
}

/// As when another installation's data was restored over ours.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_of_another_index_key_is_not_used() {
    both(async |scheme| {
        let ours = std::cell::RefCell::new(Vec::new());
        let spoil = |rig: &Rig| {
            *ours.borrow_mut() = rig.redis.ask::<Vec<u8>>(&["GET", "otp:index-key"]);
            rig.redis.cli(&["SET", "otp:index-key", "another one's"]);
        };
        let mend = |rig: &Rig| {
            let mut connection = rig.redis.connect();
            redis::cmd("SET").arg("otp:index-key").arg(&*ours.borrow()).exec(&mut connection).expect("SET");
        };
        never_used(scheme, spoil, mend).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_began_to_evict_is_not_used() {
    let set = |rig: &Rig, policy: &str| drop(rig.redis.cli(&["CONFIG", "SET", "maxmemory-policy", policy]));
    never_used(&[], |rig| set(rig, "volatile-ttl"), |rig| set(rig, "noeviction")).await;
}

/// Some calls still work, since they free memory; that must not make it look ready in between.
#[tokio::test]
async fn a_full_store_is_steadily_not_ready() {
    both(async |scheme| {
        let rig = Rig::unlimited(scheme);
        let ids: Vec<_> = rig.issue_all("user", 200).await.into_iter().map(|issued| issued.id).collect();
        rig.redis.cli(&["CONFIG", "SET", "maxmemory", "1"]);
        becomes(&rig, 503).await;
        let start = Instant::now();
        for id in ids.iter().cycle() {
            if start.elapsed() > OBSERVED_FOR {
                break;
            }
            assert_eq!(rig.client.cancel(id).await.is(200).str("status"), "canceled");
            rig.client.verification(id).await.is(200);
            rig.client.status("ada").await;
            assert_eq!(readyz(&rig).await, 503);
            rig.client.send("ada").await.refused(503, "store_unavailable");
        }
        rig.redis.cli(&["CONFIG", "SET", "maxmemory", "0"]);
        becomes(&rig, 200).await;
        rig.client.send("ada").await.is(201);
    })
    .await;
}
