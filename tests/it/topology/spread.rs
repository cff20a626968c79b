//! Every primary gets its share.

use super::on;
use crate::support::{
    Redis, Sidecar,
    topology::cluster::{Cluster, ClusterOptions},
    wait,
};
use otp_sidecar::event::Bucket;

/// How many buckets each node serves, by the cluster's own word.
fn buckets(cluster: &Cluster, primaries: usize) -> Vec<usize> {
    let mut counts = vec![0; primaries];
    for bucket in Bucket::all() {
        let slot: u16 = cluster.node(0).ask(&["CLUSTER", "KEYSLOT", &format!("otp:{{{}}}:epoch", bucket.tag())]);
        counts[cluster.owner_by(0, slot).expect("an owner")] += 1;
    }
    counts
}

/// Where the slots are shared out evenly, so are the buckets: none has two more than another.
#[test]
fn over_three_and_over_five_primaries_the_buckets_are_spread_evenly() {
    for primaries in [3, 5] {
        let cluster = Cluster::with(&ClusterOptions { primaries, ..ClusterOptions::default() });
        let counts = buckets(&cluster, primaries);
        assert_eq!(counts.iter().sum::<usize>(), 64);
        assert!(counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1, "{counts:?}");
    }
}

/// And so are the subjects: of 240 each of three primaries gets 80, give or take what chance allows once in a million times.
#[tokio::test]
async fn subjects_go_where_their_buckets_are() {
    let cluster = Cluster::start();
    let sidecar = on(&cluster.url()).start();
    let client = sidecar.client();
    for n in 0..240 {
        client.issue(&format!("user{n}")).await;
    }
    let records = |n| cluster.keys(n).iter().filter(|key| key.get(9..12) == Some(b":s:")).count();
    let counts = [0, 1, 2].map(records);
    assert_eq!(counts.iter().sum::<usize>(), 240);
    assert!(counts.iter().all(|count| (44..=116).contains(count)), "{counts:?}");
    // The work is where the subjects are.
    let scripts = |n| {
        let stats = cluster.commandstats(n);
        ["fcall", "fcall_ro"].iter().filter_map(|name| stats.get(*name)).sum::<u64>()
    };
    let scripts = [0, 1, 2].map(scripts);
    assert!(scripts.iter().all(|count| count * 6 > scripts.iter().sum()), "{scripts:?}");
    events_are_read_in_one_round(&cluster, &sidecar).await;
}

/// However many buckets and streams there are: each primary is written to once, and not once for each.
async fn events_are_read_in_one_round(cluster: &Cluster, sidecar: &Sidecar) {
    let waiting =
        |redis: &Redis| -> u64 { redis.streams().iter().map(|stream| redis.ask_key::<u64>("XLEN", stream, &[])).sum() };
    let left = || (0..3).map(|n| waiting(cluster.node(n))).sum::<u64>();
    wait::until("an empty outbox", wait::PATIENCE, || (left() == 0).then_some(()));
    let operator = sidecar.admin_client();
    let first = "/admin/v1/events?limit=1".to_owned();
    let next = operator.get(&first).await.is(200).str("next_cursor").to_owned();
    let reads = || -> u64 {
        let of = |n: usize| cluster.node(n).info("stats", "total_reads_processed").parse::<u64>().expect("a number");
        (0..3).map(of).sum()
    };
    for query in [String::new(), format!("after={next}&")] {
        // What was read is told again for a second, so each asks for more.
        let mut least = u64::MAX;
        for limit in 100..103 {
            let before = reads();
            operator.get(&format!("/admin/v1/events?{query}limit={limit}")).await.is(200);
            least = least.min(reads() - before);
        }
        // What an idle sidecar asks meanwhile is among them.
        assert!(least < 40, "{least} reads for {query:?}");
    }
}
