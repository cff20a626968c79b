//! Cancelling a code.

use serde_json::json;

use crate::support::{Rig, keys};

#[tokio::test]
async fn a_canceled_code_opens_nothing_and_costs_nothing() {
    let rig = Rig::start(&[]);
    let issued = rig.client.issue("ada").await;
    assert_eq!(rig.client.cancel(&issued.id).await.is(200).str("status"), "canceled");
    rig.client.check_id(&issued.id, &issued.code).await.rejected("canceled", "canceled");
    assert_eq!(rig.counted("ada").await.0, 0);
}

#[tokio::test]
async fn cancelling_tells_what_the_code_already_was() {
    let rig = Rig::unlimited(&[]);
    let old = rig.client.issue("ada").await;
    let canceled = rig.client.issue("ada").await;
    rig.client.cancel(&canceled.id).await.is(200);
    assert_eq!(rig.client.cancel(&canceled.id).await.is(200).str("status"), "canceled");
    assert_eq!(rig.client.cancel(&old.id).await.is(200).str("status"), "superseded");
    let used = rig.client.issue("ada").await;
    rig.client.check_id(&used.id, &used.code).await.approved();
    assert_ne!(rig.client.cancel(&used.id).await.is(200).str("status"), "canceled");
    rig.client.check_id(&used.id, &used.code).await.rejected("used", "already_used");
}

#[tokio::test]
async fn cancelling_gives_no_quota_and_no_pause_back() {
    let rig = Rig::start(&[]);
    let issued = rig.client.issue("ada").await;
    rig.client.cancel(&issued.id).await.is(200);
    rig.client.send("ada").await.refused(429, "resend_cooldown");
    assert_eq!(rig.counted("ada").await, (0, 1));
    assert_eq!(rig.client.status("ada").await["sends_left"], json!(2));
}

#[tokio::test]
async fn only_its_own_tenant_cancels_a_code() {
    let rig = Rig::start(&[]);
    let issued = rig.client.issue("ada").await;
    rig.client.cancel("unknown").await.refused(404, "not_found");
    rig.client.clone().with_key(keys::OTHER_KEY).cancel(&issued.id).await.refused(404, "not_found");
    rig.client.check_id(&issued.id, &issued.code).await.approved();
}
