//! Time never runs backwards for a subject, whatever Redis's clock does.

use crate::support::Rig;

/// Where a record keeps the last time it saw: after version and flags, 48 bits, big-endian.
const SEEN: std::ops::Range<usize> = 2..8;

/// A clock that once was an hour ahead and was put back looks like this: the record saw a later time than it is now.
#[tokio::test]
async fn a_clock_put_back_gives_nobody_time() {
    let rig = Rig::start(&[("MAX_ATTEMPTS_PER_IP_PER_HOUR", "off")]);
    let issued = rig.client.issue("ada").await;
    let key = rig.redis.keys().into_iter().find(|key| key.windows(3).any(|w| w == b":s:")).expect("a record");
    let mut record: Vec<u8> = rig.redis.ask_key("GET", &key, &[]);
    let seen = |record: &[u8]| record[SEEN].iter().fold(0u64, |time, byte| time << 8 | u64::from(*byte));
    let ahead = seen(&record) + 3_600_000;
    record[SEEN].copy_from_slice(&ahead.to_be_bytes()[2..]);
    let mut connection = rig.redis.connect();
    redis::cmd("SET").arg(&key).arg(&record).arg("KEEPTTL").exec(&mut connection).expect("SET");
    // Seen from that hour the code has expired, and it stays so.
    rig.client.check_id(&issued.id, &issued.code).await.rejected("not_found", "not_found");
    let again = rig.client.issue("ada").await;
    let record: Vec<u8> = rig.redis.ask_key("GET", &key, &[]);
    assert!(seen(&record) >= ahead, "the time that a record saw never falls");
    rig.client.send("ada").await.refused(429, "resend_cooldown");
    rig.client.check_id(&again.id, &again.code).await.approved();
}
