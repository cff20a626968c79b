//! One primary of three is gone: whoever is with the other two notices nothing.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{on, subject_of};
use crate::support::{Client, Issued, Sidecar, topology::cluster::Cluster, wait};

/// The time-out of a call as it comes.
const CALL: Duration = Duration::from_millis(250);
/// For so long from the moment on which it is gone: the second or two until the cluster notices, and some after.
const OBSERVED_FOR: Duration = Duration::from_secs(4);
const BACK_WITHIN: Duration = Duration::from_secs(10);

/// A code is issued and checked; answers how long each took.
async fn round(client: &Client, subject: &str) -> [Duration; 2] {
    let start = Instant::now();
    let Issued { id, code } = client.issue(subject).await;
    let issued = start.elapsed();
    client.check_id(&id, &code).await.approved();
    [issued, start.elapsed() - issued]
}

/// Calls for subjects of nodes 0 and 1 while node 2 is gone, and some for a subject of its own, which fail as they must.
async fn others_are_unharmed(cluster: &Cluster, sidecar: &Sidecar, begin: impl FnOnce()) -> String {
    let client = Arc::new(sidecar.client());
    let mut subjects = Vec::new();
    for node in 0..3 {
        subjects.push(subject_of(cluster, node, &client).await.0);
    }
    begin();
    let (start, mut times) = (Instant::now(), Vec::new());
    let unlucky = tokio::spawn({
        let (client, subject) = (sidecar.client(), subjects[2].clone());
        async move {
            let mut refused = 0;
            while start.elapsed() < OBSERVED_FOR {
                client.send(&subject).await.refused(503, "store_unavailable");
                refused += 1;
            }
            refused
        }
    });
    while start.elapsed() < OBSERVED_FOR {
        for subject in &subjects[..2] {
            times.extend(round(&client, subject).await);
        }
    }
    let refused = unlucky.await.unwrap();
    times.sort();
    let p99 = times[times.len() * 99 / 100];
    println!("{} calls, p99 {p99:?}, slowest {:?}; {refused} refused", times.len(), times[times.len() - 1]);
    assert!(times.len() > 100 && refused > 3, "{} calls, {refused} refused", times.len());
    assert!(p99 < CALL, "p99 {p99:?}");
    subjects.swap_remove(2)
}

async fn is_back(sidecar: &Sidecar, subject: &str) {
    let client = sidecar.client();
    let sent = || async { (client.send(subject).await.status == 201).then_some(()) };
    wait::until_async("the third to serve again", BACK_WITHIN, sent).await;
    round(&client, subject).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_primary() {
    let cluster = Cluster::start();
    let sidecar = on(&cluster.url()).unset("OTP_REDIS_TIMEOUT").start();
    let subject = others_are_unharmed(&cluster, &sidecar, || cluster.freeze(2)).await;
    cluster.thaw(2);
    is_back(&sidecar, &subject).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_primary() {
    let mut cluster = Cluster::start();
    let sidecar = on(&cluster.url()).unset("OTP_REDIS_TIMEOUT").start();
    // What it dies of is none of the sidecar's business.
    let pid: i32 = cluster.node(2).info("server", "process_id").trim().parse().unwrap();
    let kill =
        || rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), rustix::process::Signal::KILL);
    let subject = others_are_unharmed(&cluster, &sidecar, || kill().unwrap()).await;
    cluster.restart(2);
    cluster.wait_up();
    is_back(&sidecar, &subject).await;
}
