//! Checking a code.

use serde_json::{Value, json};

use crate::support::{Rig, client::fresh_ip, wait, wrong_code_than};

#[tokio::test]
async fn the_right_code_is_approved_once() {
    let rig = Rig::start(&[]);
    let issued = rig.client.issue("ada").await;
    let answer = rig.client.check_id(&issued.id, &issued.code).await.approved();
    assert_eq!(answer.str("id"), issued.id);
    for _ in 0..3 {
        rig.client.check_id(&issued.id, &issued.code).await.rejected("used", "already_used");
    }
}

#[tokio::test]
async fn a_code_is_found_by_id_by_subject_or_by_both() {
    let rig = Rig::unlimited(&[]);
    let issued = rig.client.issue("ada").await;
    rig.client.check_id(&issued.id, &issued.code).await.approved();
    let issued = rig.client.issue("ada").await;
    let answer = rig.client.check("ada", "login", &issued.code).await.approved();
    assert_eq!(answer.str("id"), issued.id);
    let issued = rig.client.issue("ada").await;
    let both = json!({"id": issued.id, "subject": "ada", "purpose": "login", "code": issued.code, "ip": fresh_ip()});
    rig.client.check_body(both).await.approved();
}

#[tokio::test]
async fn the_purpose_is_login_unless_the_caller_names_one() {
    let rig = Rig::start(&[]);
    let issued = rig.client.issue("ada").await;
    let body = json!({"subject": "ada", "code": issued.code, "ip": fresh_ip()});
    rig.client.check_body(body).await.approved();
}

#[tokio::test]
async fn a_wrong_code_says_how_many_tries_are_left() {
    let rig = Rig::start(&[]);
    let issued = rig.client.issue("ada").await;
    for (wrong, left) in issued.wrong_codes().zip([4, 3, 2, 1]) {
        let answer = rig.client.check_id(&issued.id, &wrong).await.rejected("pending", "wrong_code");
        assert_eq!(answer.number("attempts_left"), left);
    }
    rig.client.check_id(&issued.id, &issued.code).await.approved();
}

#[tokio::test]
async fn a_resend_gives_no_fresh_guesses() {
    let rig = Rig::unlimited(&[]);
    for left in (0..5).rev() {
        let issued = rig.client.issue("ada").await;
        let answer = rig.client.check_id(&issued.id, &wrong_code_than(&issued.code)).await.is(200);
        assert_eq!(answer.number("attempts_left"), left);
        assert_eq!(answer.str("status"), if left == 0 { "locked" } else { "pending" });
    }
    rig.client.send("ada").await.refused(429, "subject_locked");
}

#[tokio::test]
async fn white_space_around_a_code_is_no_mistake() {
    let rig = Rig::start(&[]);
    let issued = rig.client.issue("ada").await;
    rig.client.check_id(&issued.id, &format!(" \t{}\r\n", issued.code)).await.approved();
}

#[tokio::test]
async fn id_and_subject_that_disagree_find_nothing() {
    let rig = Rig::start(&[]);
    let ada = rig.client.issue("ada").await;
    let bob = rig.client.issue("bob").await;
    for (subject, purpose) in [("bob", "login"), ("ada", "reset")] {
        for code in [&ada.code, &bob.code] {
            let body = json!({"id": ada.id, "subject": subject, "purpose": purpose, "code": code, "ip": fresh_ip()});
            rig.client.check_body(body).await.rejected("not_found", "not_found");
        }
    }
    assert_eq!((rig.counted("ada").await.0, rig.counted("bob").await.0), (0, 0));
    rig.client.check_id(&ada.id, &ada.code).await.approved();
}

#[tokio::test]
async fn what_was_never_issued_is_not_found() {
    let rig = Rig::start(&[]);
    let issued = rig.client.issue("ada").await;
    rig.client.check("bob", "login", "123456").await.rejected("not_found", "not_found");
    let mut forged = issued.id.clone();
    let last = if forged.ends_with('A') { 'B' } else { 'A' };
    forged.pop();
    forged.push(last);
    for id in [forged.as_str(), "x", &issued.id[1..], &"A".repeat(200)] {
        rig.client.check_id(id, &issued.code).await.rejected("not_found", "not_found");
    }
    assert_eq!(rig.counted("ada").await.0, 0);
}

#[tokio::test]
async fn neither_id_nor_subject_is_a_mistake_of_the_caller() {
    let rig = Rig::start(&[]);
    rig.client.check_body(json!({"code": "123456", "ip": fresh_ip()})).await.refused(422, "invalid_field");
    rig.client.check_body(json!({"subject": "ada", "ip": fresh_ip()})).await.is(422);
}

#[tokio::test]
async fn an_expired_code_says_so_and_costs_nothing() {
    let rig = Rig::start(&[("OTP_LIFETIME_MINUTES", "10s")]);
    let answer = rig.client.send("ada").await.is(201);
    assert_eq!(answer.number("expires_in"), 10);
    let (id, code) = (answer.str("id"), answer.str("code"));
    let expired = || async { (rig.client.verification(id).await.is(200).body["status"] == "expired").then_some(()) };
    wait::until_async("the code to expire", wait::PATIENCE, expired).await;
    rig.client.check_id(id, code).await.rejected("expired", "expired");
    rig.client.check_id(id, &wrong_code_than(code)).await.rejected("expired", "expired");
    assert_eq!(rig.counted("ada").await.0, 0);
}

#[tokio::test]
async fn only_a_live_code_is_compared_and_counts() {
    let rig = Rig::unlimited(&[]);
    let old = rig.client.issue("ada").await;
    let used = rig.client.issue("ada").await;
    rig.client.check_id(&used.id, &used.code).await.approved();
    for _ in 0..8 {
        rig.client.check_id(&old.id, &wrong_code_than(&old.code)).await.rejected("superseded", "superseded");
        rig.client.check_id(&used.id, &wrong_code_than(&used.code)).await.rejected("used", "already_used");
    }
    assert_eq!(rig.counted("ada").await.0, 0);
}

#[tokio::test]
async fn a_right_code_forgives_the_wrong_ones_before_it() {
    let rig = Rig::unlimited(&[]);
    let issued = rig.client.issue("ada").await;
    for wrong in issued.wrong_codes().take(3) {
        rig.client.check_id(&issued.id, &wrong).await.rejected("pending", "wrong_code");
    }
    assert_eq!(rig.counted("ada").await.0, 3);
    rig.client.check_id(&issued.id, &issued.code).await.approved();
    assert_eq!(rig.counted("ada").await.0, 0);
    assert_eq!(rig.client.send("ada").await.is(201).body["attempts_left"], Value::from(5));
}
