//! What is remembered of verifications that ended, and for how many at once.

use crate::support::{Issued, Rig, wrong_code_than};

const ENOUGH: usize = 40;

/// How an old id answers must not depend on what was issued since.
#[tokio::test]
async fn an_end_is_remembered_beyond_the_next_code() {
    let rig = Rig::unlimited(&[]);
    let used = rig.client.issue("ada").await;
    rig.client.check_id(&used.id, &used.code).await.approved();
    let canceled = rig.client.issue("ada").await;
    rig.client.cancel(&canceled.id).await.is(200);
    let superseded = rig.client.issue("ada").await;
    let live = rig.client.issue("ada").await;
    let word = async |issued: &Issued| rig.client.verification(&issued.id).await.is(200).str("status").to_owned();
    assert_eq!(word(&used).await, "approved");
    assert_eq!(word(&canceled).await, "canceled");
    assert_eq!(word(&superseded).await, "superseded");
    assert_eq!(word(&live).await, "pending");
    rig.client.check_id(&used.id, &used.code).await.rejected("used", "already_used");
    rig.client.check_id(&canceled.id, &canceled.code).await.rejected("canceled", "canceled");
    rig.client.check_id(&superseded.id, &superseded.code).await.rejected("superseded", "superseded");
    assert_eq!(rig.counted("ada").await.0, 0, "only a comparison counts");
    rig.client.check_id(&live.id, &live.code).await.approved();
}

#[tokio::test]
async fn a_burnt_code_stays_burnt_after_the_lock() {
    let rig = Rig::unlimited(&[("ACCOUNT_LOCKOUT_MINUTES", "1s")]);
    let (burnt, _) = rig.lock_out("ada").await;
    let again = crate::support::wait::until_async("the lock to end", crate::support::wait::PATIENCE, async || {
        let answer = rig.client.send("ada").await;
        (answer.status == 201).then_some(answer)
    })
    .await;
    assert_ne!(again.str("id"), burnt.id);
    rig.client.check_id(&burnt.id, &burnt.code).await.rejected("burnt", "too_many_failures");
}

/// Sixteen purposes may be pending; the oldest makes room.
#[tokio::test]
async fn a_seventeenth_purpose_supersedes_the_oldest() {
    let rig = Rig::unlimited(&[]);
    let mut issued = Vec::new();
    for n in 0..17 {
        issued.push(rig.client.issue_for("ada", &format!("purpose{n}")).await);
    }
    rig.client.check_id(&issued[0].id, &issued[0].code).await.rejected("superseded", "superseded");
    for issued in &issued[1..] {
        rig.client.check_id(&issued.id, &issued.code).await.approved();
    }
}

/// However many purposes an app invents, a failure under any of them counts until it is forgotten.
#[tokio::test]
async fn failures_under_more_purposes_than_fit_a_record_still_add_up() {
    let many = (ENOUGH + 1).to_string();
    let rig = Rig::unlimited(&[("MAX_FAILED_VERIFICATIONS_PER_OTP", &many), ("OTP_ALLOW_WEAK", "true")]);
    let mut ended = Vec::new();
    for n in 0..ENOUGH {
        let issued = rig.client.issue_for("ada", &format!("purpose{n}")).await;
        rig.client.check_id(&issued.id, &wrong_code_than(&issued.code)).await.rejected("pending", "wrong_code");
        rig.client.cancel(&issued.id).await.is(200);
        ended.push(issued);
    }
    assert_eq!(rig.counted("ada").await.0, ENOUGH as u64);
    for issued in &ended {
        assert_eq!(rig.client.verification(&issued.id).await.is(200).str("status"), "canceled");
    }
    let last = rig.client.issue("ada").await;
    let answer = rig.client.check_id(&last.id, &wrong_code_than(&last.code)).await.is(200);
    assert_eq!(answer.str("status"), "locked");
}

/// A failover that may have lost writes raises the epoch: whatever was issued before is void.
#[tokio::test]
async fn a_code_of_an_earlier_epoch_is_void() {
    let rig = Rig::unlimited(&[]);
    let before = rig.client.issue("ada").await;
    rig.redis.raise_epochs();
    rig.client.check_id(&before.id, &before.code).await.rejected("expired", "expired");
    let after = rig.client.issue("ada").await;
    rig.client.check_id(&after.id, &after.code).await.approved();
}
