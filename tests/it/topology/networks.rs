//! A client's network whose state lies with another primary than the subject's: it is charged first, and has it back where
//! the subject refuses.

use std::time::Duration;

use serde_json::json;

use super::on;
use crate::support::{Answer, Client, topology::cluster::Cluster, wait};

const SOON: Duration = wait::PATIENCE;
const ADDRESS: &str = "203.0.113.7";

async fn send(client: &Client, subject: &str) -> Answer {
    client.send_body(json!({"subject": subject, "ip": ADDRESS})).await
}

/// As `behaviour::ip_limits` has it on one server, where all of it is one script.
#[tokio::test]
async fn what_the_address_may_not_the_subject_does_not_pay_for_and_the_other_way_round() {
    let cluster = Cluster::start();
    let sidecar =
        on(&cluster.url()).set("MAX_ATTEMPTS_PER_IP_PER_HOUR", "2").set("RESEND_COOLDOWN_SECONDS", "60").start();
    let client = sidecar.client();
    send(&client, "ada").await.is(201);
    for _ in 0..5 {
        let again = send(&client, "ada").await;
        assert!(again.status == 429, "{again:?}");
        let code = again.str("code");
        assert!(code == "resend_cooldown" || code == "quota_ip", "{code}");
    }
    let sent = || async { (send(&client, "bob").await.status == 201).then_some(()) };
    wait::until_async("the address to have back what it was charged", SOON, sent).await;
    for subject in ["cyd", "dan", "eve"] {
        send(&client, subject).await.refused(429, "quota_ip");
        assert_eq!(client.status(subject).await["requests_last_hour"], 0, "{subject}");
    }
}
