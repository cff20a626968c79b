//! TLS to every server, with certificates that are renewed while it runs.

use std::{sync::Arc, time::Duration};

use super::on;
use crate::support::{
    Sidecar,
    launch::Builder,
    topology::{
        certificates::{Certificates, Clients},
        cluster::{Cluster, ClusterOptions},
        sentinel::{Sentinel, SentinelOptions},
    },
    wait,
};

/// New connections are made at once, and a look comes every second.
const BACK_WITHIN: Duration = Duration::from_secs(20);

fn with_files(builder: Builder, certificates: &Certificates) -> Builder {
    let path = |path: std::path::PathBuf| path.display().to_string();
    builder
        .set("OTP_REDIS_CA", &path(certificates.authority()))
        .set("OTP_REDIS_CERT", &path(certificates.certificate("client")))
        .set("OTP_REDIS_KEY", &path(certificates.key("client")))
}

async fn works(sidecar: &Sidecar) {
    for n in 0..20 {
        let issued = sidecar.client().issue(&format!("user{n}")).await;
        sidecar.client().check_id(&issued.id, &issued.code).await.approved();
    }
}

#[tokio::test]
async fn both_show_each_other_who_they_are_and_both_are_renewed() {
    let certificates = Arc::new(Certificates::new());
    certificates.issue("client");
    let tls = || Some((Arc::clone(&certificates), Clients::Certified));
    let mut sentinel = Sentinel::with(&SentinelOptions { replicas: 1, tls: tls(), ..SentinelOptions::default() });
    let mut cluster = Cluster::with(&ClusterOptions { tls: tls(), ..ClusterOptions::default() });
    let behind_sentinels = with_files(on(&sentinel.url()), &certificates).start();
    let on_cluster = with_files(on(&cluster.url()), &certificates).start();
    works(&behind_sentinels).await;
    works(&on_cluster).await;

    // Nothing of the old authority is good for anything from here on.
    certificates.become_another();
    certificates.issue("client");
    (0..cluster.len()).for_each(|n| cluster.restart(n));
    sentinel.restart_all();
    cluster.wait_up();
    sentinel.wait_followed();
    for sidecar in [&behind_sentinels, &on_cluster] {
        let client = sidecar.client();
        // Until each of the primaries has been reached again: among so many every one has somebody.
        let sent = || async {
            for n in 0..20 {
                (client.send(&format!("user{n}")).await.status == 201).then_some(())?;
            }
            Some(())
        };
        wait::until_async("the new certificates to be in use", BACK_WITHIN, sent).await;
        works(sidecar).await;
        assert_eq!(sidecar.app().get_status("/readyz", wait::PATIENCE).unwrap(), 200);
    }
}
