//! Several versions over one Redis.

use crate::support::{Rig, wrong_code_than};

/// The version is a record's first byte; 1 is the newest so far.
#[tokio::test]
async fn what_a_newer_version_wrote_is_not_read_and_stays_as_it_is() {
    let rig = Rig::unlimited(&[]);
    let issued = rig.client.issue("ada").await;
    let records: Vec<_> =
        rig.redis.keys().into_iter().filter(|key| key.windows(3).any(|part| part == b":s:")).collect();
    let [record] = &records[..] else { panic!("{records:?}") };
    let written: Vec<u8> = rig.redis.ask_key("GET", record, &[]);
    assert_eq!(written[0], 1);
    rig.redis.ask_key::<u64>("SETRANGE", record, &["0", "\u{2}"]);
    let newer: Vec<u8> = rig.redis.ask_key("GET", record, &[]);

    rig.client.send("ada").await.refused(503, "store_unavailable");
    rig.client.check_id(&issued.id, &wrong_code_than(&issued.code)).await.refused(503, "store_unavailable");
    rig.client.check_id(&issued.id, &issued.code).await.refused(503, "store_unavailable");
    assert_eq!(rig.redis.ask_key::<Vec<u8>>("GET", record, &[]), newer);
    assert!(rig.metrics().await.value("otp_store_errors_total", &[("kind", "refused")]) >= 3.0);
    // It is about this user alone.
    rig.client.issue("bob").await;

    rig.redis.ask_key::<u64>("SETRANGE", record, &["0", "\u{1}"]);
    rig.client.check_id(&issued.id, &issued.code).await.approved();
}
