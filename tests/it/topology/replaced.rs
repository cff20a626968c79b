//! Servers that become primaries and replicas in turn, and what is told meanwhile.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use super::{on, subject_of};
use crate::support::{
    Client, Metrics, Redis, RedisOptions, Sidecar,
    client::nth_wrong_code,
    keys,
    ledger::LIMIT,
    topology::{
        cluster::{Cluster, ClusterOptions},
        sentinel::{Sentinel, SentinelOptions},
    },
    wait,
};
use otp_sidecar::event::Bucket;
use serde_json::json;

const SOON: Duration = wait::PATIENCE;
const BACK_WITHIN: Duration = Duration::from_secs(20);

const PER_HOUR: usize = 8;
/// Calls that were sent to a primary before its end was noticed.
const ON_THE_WAY: usize = 2;

async fn raised(sidecar: &Sidecar) -> u64 {
    Metrics::fetch(sidecar).await.value("otp_store_rollbacks_total", &[]) as u64
}

/// Waits until a code is issued to the subject again.
async fn served(client: &Client, subject: &str) {
    let sent = || async { (client.send(subject).await.status == 201).then_some(()) };
    wait::until_async("a code", BACK_WITHIN, sent).await;
}

/// Two servers take turns, each with the connections that it had from before: with every turn all codes are void.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_was_a_replica_in_between_is_asked_anew() {
    let cluster = Cluster::with(&ClusterOptions { replicas: 1, ..ClusterOptions::default() });
    let sidecar = on(&cluster.url()).start();
    let client = Arc::new(sidecar.client());
    let (subject, _) = subject_of(&cluster, 0, &client).await;
    let buckets = Bucket::all().filter(|bucket| cluster.owner(127 + 256 * u16::from(bucket.number())) == 0).count();
    for (turn, next) in [3, 0].into_iter().enumerate() {
        let issued = client.issue(&subject).await;
        let follows = || (cluster.node(next).info("replication", "master_link_status") == "up").then_some(());
        wait::until("it to have all", SOON, follows);
        cluster.node(next).cli(&["CLUSTER", "FAILOVER", "TAKEOVER"]);
        wait::until("it to take over", SOON, || cluster.is_primary(next).then_some(()));
        let check = || async {
            let answer = client.check_id(&issued.id, &issued.code).await;
            (answer.status != 503).then_some(answer)
        };
        wait::until_async("an answer", SOON, check).await.rejected("expired", "expired");
        // Whether or not anybody asks for their subjects.
        let all = || async { (raised(&sidecar).await >= ((turn + 1) * buckets) as u64).then_some(()) };
        wait::until_async("every bucket's epoch to be raised", SOON, all).await;
    }
    assert_eq!(raised(&sidecar).await, 2 * buckets as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_servers_first_replica_is_no_failover() {
    let primary = Redis::with(RedisOptions { tcp: true, ..RedisOptions::default() });
    let sidecar = on(&primary.sidecars_url()).start();
    let client = sidecar.client();
    let issued = client.issue("ada").await;
    let id = || primary.info("replication", "master_replid");
    let before = id();
    let port = primary.port().unwrap().to_string();
    let replica = Redis::with(RedisOptions {
        tcp: true,
        extra: vec!["--replicaof".into(), format!("127.0.0.1 {port}"), "--repl-diskless-sync-delay".into(), "0".into()],
        ..RedisOptions::default()
    });
    let follows = || (replica.info("replication", "master_link_status") == "up").then_some(());
    wait::until("the replica to follow", SOON, follows);
    assert_ne!(id(), before, "the server has another id now");
    // By then it has been looked at, and whoever succeeds waits for the replica.
    let waits = || async {
        let bob = client.issue("bob").await;
        let answer = client.check_id(&bob.id, &bob.code).await;
        let rounds = Metrics::fetch(&sidecar).await.value("otp_store_barrier_rounds_total", &[]);
        (answer.status == 200 && rounds > 0.0).then_some(())
    };
    wait::until_async("a success that a replica has", SOON, waits).await;
    client.check_id(&issued.id, &issued.code).await.approved();
    assert_eq!(raised(&sidecar).await, 0);
}

/// The lock was told by one sidecar, and ended by an operator at another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_operator_ended_does_not_come_back_with_a_failover() {
    let mut sentinel = Sentinel::with(&SentinelOptions { replicas: 1, ..SentinelOptions::default() });
    let sidecars = [on(&sentinel.url()).start(), on(&sentinel.url()).start()];
    let [client, other] = sidecars.each_ref().map(Sidecar::client);
    for subject in ["ended", "locked"] {
        let issued = client.issue(subject).await;
        for n in 1..=LIMIT {
            client.check_id(&issued.id, &nth_wrong_code(&issued.code, n as u64)).await.is(200);
        }
        client.send(subject).await.refused(429, "subject_locked");
    }
    let body = json!({"subject": "ended", "tenant": keys::TENANT, "reason": "asked for"});
    let unlocked = sidecars[1].admin_client().post("/admin/v1/unlock", &body).await;
    assert_eq!(unlocked.status, 200, "{unlocked:?}");
    let killed = sentinel.kill_primary();
    sentinel.wait_primary_but(killed);
    for client in [&client, &other] {
        served(client, "ended").await;
        let locked = || async {
            let answer = client.send("locked").await;
            (answer.status != 503).then_some(answer)
        };
        wait::until_async("an answer", BACK_WITHIN, locked).await.refused(429, "subject_locked");
    }
}

/// Whoever shares a network with users of a primary that is gone pays nothing for their tries.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_does_not_pay_for_what_a_dead_primary_did_not_do() {
    let mut cluster = Cluster::start();
    let sidecar = on(&cluster.url()).set("MAX_ATTEMPTS_PER_IP_PER_HOUR", &PER_HOUR.to_string()).start();
    let client = Arc::new(sidecar.client());
    let mut subjects = Vec::new();
    for node in [0, 2] {
        subjects.push(subject_of(&cluster, node, &client).await.0);
    }
    let networks =
        || -> BTreeSet<Vec<u8>> { cluster.keys(0).into_iter().filter(|key| key.get(9..12) == Some(b":i:")).collect() };
    let mut address = None;
    for n in 1..100 {
        let (ip, before) = (format!("203.0.113.{n}"), networks());
        client.send_body(json!({"subject": subjects[0], "ip": ip})).await.is(201);
        if networks().len() > before.len() {
            address = Some(ip);
            break;
        }
    }
    let ip = address.expect("a network that lies with the first node");
    cluster.kill(2);
    for _ in 0..3 * PER_HOUR {
        client.send_body(json!({"subject": subjects[1], "ip": ip})).await.refused(503, "store_unavailable");
    }
    let passes = || async {
        let answer = client.send_body(json!({"subject": subjects[0], "ip": ip})).await;
        (answer.status == 201).then_some(())
    };
    wait::until_async("what was charged to be given back", SOON, passes).await;
    // One for the code before, one just now, and what was on its way when the primary died: that may have been done.
    for _ in 2..PER_HOUR - ON_THE_WAY {
        client.send_body(json!({"subject": subjects[0], "ip": ip})).await.is(201);
    }
}
