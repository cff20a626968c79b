//! Too many wrong codes.

use serde_json::{Value, json};

use crate::support::{Rig, wait};

#[tokio::test]
async fn the_fifth_wrong_code_locks_and_says_until_when() {
    let rig = Rig::unlimited(&[]);
    let issued = rig.client.issue("ada").await;
    let mut wrong = issued.wrong_codes();
    for left in [4, 3, 2, 1] {
        let answer = rig.client.check_id(&issued.id, &wrong.next().unwrap()).await.rejected("pending", "wrong_code");
        assert_eq!(answer.number("attempts_left"), left);
    }
    let locking = rig.client.check_id(&issued.id, &wrong.next().unwrap()).await.rejected("locked", "wrong_code");
    assert_eq!((locking.number("attempts_left"), locking.number("retry_after")), (0, 900));
    assert!(locking.str("locked_until").ends_with('Z'), "{locking:?}");
}

#[tokio::test]
async fn while_locked_nothing_is_verified_and_nothing_is_issued() {
    let rig = Rig::unlimited(&[]);
    let other = rig.client.issue_for("ada", "sign_up").await;
    let (issued, locking) = rig.lock_out("ada").await;
    let refusals = [
        rig.client.check_id(&issued.id, &issued.code).await,
        rig.client.check("ada", "login", &issued.code).await,
        rig.client.check_id(&other.id, &other.code).await,
        rig.client.send("ada").await,
        rig.client.send_for("ada", "sign_up").await,
    ];
    for refusal in refusals {
        let refusal = refusal.refused(429, "subject_locked");
        assert_eq!(refusal.body["locked_until"], locking["locked_until"]);
        assert_eq!(refusal.number("lock_level"), 1);
        assert_eq!(refusal.body["limit"]["name"], "subject_failures");
        assert!((890..=900).contains(&refusal.number("retry_after")), "{refusal:?}");
    }
}

#[tokio::test]
async fn knocking_at_a_lock_neither_lengthens_it_nor_counts() {
    let rig = Rig::unlimited(&[]);
    let (issued, locking) = rig.lock_out("ada").await;
    let before = rig.client.status("ada").await;
    for wrong in issued.wrong_codes().skip(10).take(20) {
        let refusal = rig.client.check_id(&issued.id, &wrong).await.refused(429, "subject_locked");
        assert_eq!(refusal.body["locked_until"], locking["locked_until"]);
    }
    let after = rig.client.status("ada").await;
    for field in ["failed_attempts", "lock_level", "locked_until", "requests_last_hour"] {
        assert_eq!(after[field], before[field], "{field}");
    }
}

#[tokio::test]
async fn a_lock_ends_by_itself_and_its_codes_stay_burnt() {
    let rig = Rig::unlimited(&[("ACCOUNT_LOCKOUT_MINUTES", "1s")]);
    let other = rig.client.issue_for("ada", "sign_up").await;
    let (burnt, locking) = rig.lock_out("ada").await;
    assert_eq!(locking["retry_after"], 1);
    let unlocked = || async { (rig.client.status("ada").await["locked"] == json!(false)).then_some(()) };
    wait::until_async("the end of the lock", wait::PATIENCE, unlocked).await;
    for old in [&burnt, &other] {
        rig.client.check_id(&old.id, &old.code).await.rejected("burnt", "too_many_failures");
    }
    let fresh = rig.client.issue("ada").await;
    rig.client.check_id(&fresh.id, &fresh.code).await.approved();
}

#[tokio::test]
async fn after_a_lock_the_guesses_are_whole_again() {
    let rig = Rig::unlimited(&[("ACCOUNT_LOCKOUT_MINUTES", "1s")]);
    rig.lock_out("ada").await;
    let send = || async {
        let answer = rig.client.send("ada").await;
        (answer.status == 201).then_some(answer)
    };
    let answer = wait::until_async("the end of the lock", wait::PATIENCE, send).await;
    assert_eq!(answer.number("attempts_left"), 5);
}

#[tokio::test]
async fn one_locked_subject_locks_no_other() {
    let rig = Rig::unlimited(&[]);
    rig.lock_out("ada").await;
    let issued = rig.client.issue("bob").await;
    rig.client.check_id(&issued.id, &issued.code).await.approved();
}

#[tokio::test]
async fn how_many_wrong_codes_lock_is_the_operators_choice() {
    let rig = Rig::unlimited(&[("MAX_FAILED_VERIFICATIONS_PER_OTP", "2")]);
    let issued = rig.client.issue("ada").await;
    let wrong: Vec<_> = issued.wrong_codes().take(2).collect();
    rig.client.check_id(&issued.id, &wrong[0]).await.rejected("pending", "wrong_code");
    rig.client.check_id(&issued.id, &wrong[1]).await.rejected("locked", "wrong_code");
}

#[tokio::test]
async fn wrong_codes_are_forgotten_some_time_after_the_last() {
    let rig = Rig::unlimited(&[("ACCOUNT_LOCKOUT_MINUTES", "1s"), ("OTP_LOCKOUT_MEMORY_HOURS", "2s")]);
    let issued = rig.client.issue("ada").await;
    for wrong in issued.wrong_codes().take(3) {
        rig.client.check_id(&issued.id, &wrong).await.rejected("pending", "wrong_code");
    }
    let forgotten = || async { (rig.counted("ada").await.0 == 0).then_some(()) };
    wait::until_async("the failures to be forgotten", wait::PATIENCE, forgotten).await;
    assert_eq!(rig.client.verification(&issued.id).await.is(200).number("attempts_left"), 5);
}

#[tokio::test]
async fn after_too_many_in_a_row_only_an_operator_helps() {
    let rig = Rig::unlimited(&[
        ("MAX_FAILED_VERIFICATIONS_PER_OTP", "2"),
        ("ACCOUNT_LOCKOUT_MINUTES", "1s"),
        ("PROGRESSIVE_LOCKOUT", "false"),
        ("OTP_MAX_CONSECUTIVE_FAILURES", "3"),
    ]);
    rig.lock_out("ada").await;
    let send = || async {
        let answer = rig.client.send("ada").await;
        (answer.status == 201).then_some(answer)
    };
    let fresh = wait::until_async("the end of the lock", wait::PATIENCE, send).await;
    let (id, code) = (fresh.str("id"), fresh.str("code"));
    let third = rig.client.check_id(id, &crate::support::wrong_code_than(code)).await.is(200);
    assert_eq!(third.body["valid"], Value::Bool(false));
    rig.client.check_id(id, code).await.refused(429, "subject_disabled");
    rig.client.send("ada").await.refused(429, "subject_disabled");
    let status = rig.client.status("ada").await;
    assert_eq!((&status["disabled"], &status["can_request"]), (&json!(true), &json!(false)), "{status}");
}
