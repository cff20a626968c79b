//! Several versions over one Redis.

use std::collections::BTreeMap;

use crate::support::{Rig, wrong_code_than};

/// The version is the first byte of a record's field `seen`; 1 is the newest so far.
#[tokio::test]
async fn what_a_newer_version_wrote_is_not_read_and_stays_as_it_is() {
    let rig = Rig::unlimited(&[]);
    let issued = rig.client.issue("ada").await;
    let records: Vec<_> =
        rig.redis.keys().into_iter().filter(|key| key.windows(3).any(|part| part == b":s:")).collect();
    let [record] = &records[..] else { panic!("{records:?}") };
    let fields = || rig.redis.ask_key::<BTreeMap<Vec<u8>, Vec<u8>>>("HGETALL", record, &[]);
    let written = fields()[&b"seen"[..]].clone();
    assert_eq!(written[0], 1);
    let put = |seen: &[u8]| {
        redis::cmd("HSET").arg(record).arg("seen").arg(seen).exec(&mut rig.redis.connect_to(record)).expect("HSET");
    };
    put(&[&[2], &written[1..]].concat());
    let newer = fields();

    rig.client.send("ada").await.refused(503, "store_unavailable");
    rig.client.check_id(&issued.id, &wrong_code_than(&issued.code)).await.refused(503, "store_unavailable");
    rig.client.check_id(&issued.id, &issued.code).await.refused(503, "store_unavailable");
    assert_eq!(fields(), newer);
    assert!(rig.metrics().await.value("otp_store_errors_total", &[("kind", "refused")]) >= 3.0);
    // It is about this user alone.
    rig.client.issue("bob").await;

    put(&written);
    rig.client.check_id(&issued.id, &issued.code).await.approved();
}
