//! What a code is for.

use serde_json::json;

use crate::support::{Rig, wrong_code_than};

#[tokio::test]
async fn a_code_opens_only_what_it_was_issued_for() {
    let rig = Rig::unlimited(&[]);
    let login = rig.client.issue_for("ada", "login").await;
    rig.client.check("ada", "password_reset", &login.code).await.rejected("not_found", "not_found");
    let reset = rig.client.issue_for("ada", "password_reset").await;
    if login.code != reset.code {
        rig.client.check("ada", "password_reset", &login.code).await.rejected("pending", "wrong_code");
    }
    rig.client.check("ada", "password_reset", &reset.code).await.approved();
    rig.client.check("ada", "login", &login.code).await.approved();
}

#[tokio::test]
async fn a_purpose_is_a_short_plain_word() {
    let rig = Rig::unlimited(&[]);
    let longest = "a".repeat(32);
    for purpose in ["a", "sign_up_2", &longest] {
        let sent = rig.client.send_for("ada", purpose).await.is(201);
        assert_eq!(sent.str("purpose"), purpose);
    }
    for purpose in ["", "Login", "sign-up", "a b", "é", &"a".repeat(33), "a\0"] {
        rig.client.send_for("ada", purpose).await.refuses_field("purpose");
        rig.client.check("ada", purpose, "123456").await.refuses_field("purpose");
    }
}

#[tokio::test]
async fn a_purpose_may_have_its_own_length_lifetime_and_alphabet() {
    let rig = Rig::unlimited(&[
        ("OTP_LENGTH__PASSWORD_RESET", "8"),
        ("OTP_LIFETIME_MINUTES__PASSWORD_RESET", "2"),
        ("OTP_ALPHABET__VOUCHER", "ABCDEFGHJKLMNPQR"),
    ]);
    let reset = rig.client.send_for("ada", "password_reset").await.is(201);
    assert_eq!((reset.str("code").len(), reset.number("expires_in")), (8, 120));
    let voucher = rig.client.issue_for("ada", "voucher").await;
    assert!(voucher.code.bytes().all(|c| c.is_ascii_uppercase()), "{}", voucher.code);
    let login = rig.client.send("ada").await.is(201);
    assert_eq!((login.str("code").len(), login.number("expires_in")), (6, 300));
    rig.client.check_id(reset.str("id"), "123456").await.refused(422, "invalid_code");
    rig.client.check("ada", "voucher", &voucher.code).await.approved();
    rig.client.check_id(reset.str("id"), reset.str("code")).await.approved();
}

#[tokio::test]
async fn hopping_between_purposes_shortens_no_pause_and_stretches_no_quota() {
    let rig = Rig::start(&[]);
    rig.client.issue_for("ada", "login").await;
    rig.client.send_for("ada", "sign_up").await.refused(429, "resend_cooldown");
    let rig = Rig::start(&[("RESEND_COOLDOWN_SECONDS", "0")]);
    for purpose in ["login", "sign_up", "password_reset"] {
        rig.client.issue_for("ada", purpose).await;
    }
    rig.client.send_for("ada", "change_mail").await.refused(429, "quota_subject");
}

#[tokio::test]
async fn a_purpose_with_a_limit_of_its_own_has_a_budget_of_its_own() {
    let rig = Rig::start(&[("RESEND_COOLDOWN_SECONDS", "0"), ("MAX_ATTEMPTS_PER_USER_PER_HOUR__SIGN_UP", "1")]);
    let first = rig.client.send_for("ada", "sign_up").await.is(201);
    assert_eq!(first.number("sends_left"), 0);
    let refusal = rig.client.send_for("ada", "sign_up").await.refused(429, "quota_subject");
    assert_eq!(refusal.body["limit"], json!({"name": "subject_sends", "max": 1, "window": 3600}));
    for left in [2, 1, 0] {
        assert_eq!(rig.client.send("ada").await.is(201).number("sends_left"), left);
    }
}

#[tokio::test]
async fn failures_are_summed_over_purposes() {
    let rig = Rig::unlimited(&[]);
    let mut left = 5;
    for purpose in ["a", "b", "c", "d"] {
        let issued = rig.client.issue_for("ada", purpose).await;
        left -= 1;
        let answer = rig.client.check_id(&issued.id, &wrong_code_than(&issued.code)).await;
        assert_eq!(answer.rejected("pending", "wrong_code").number("attempts_left"), left);
    }
    let issued = rig.client.issue_for("ada", "e").await;
    rig.client.check_id(&issued.id, &wrong_code_than(&issued.code)).await.rejected("locked", "wrong_code");
}

#[tokio::test]
async fn being_let_in_at_one_door_gives_no_fresh_guesses_at_another() {
    let rig = Rig::unlimited(&[]);
    let reset = rig.client.issue_for("ada", "password_reset").await;
    for wrong in reset.wrong_codes().take(3) {
        rig.client.check_id(&reset.id, &wrong).await.rejected("pending", "wrong_code");
    }
    let login = rig.client.issue_for("ada", "login").await;
    rig.client.check_id(&login.id, &wrong_code_than(&login.code)).await.rejected("pending", "wrong_code");
    rig.client.check_id(&login.id, &login.code).await.approved();
    assert_eq!(rig.counted("ada").await.0, 3);
    assert_eq!(rig.client.verification(&reset.id).await.is(200).number("attempts_left"), 2);
}

#[tokio::test]
async fn a_seventeenth_pending_purpose_replaces_the_oldest() {
    let rig = Rig::unlimited(&[]);
    let mut issued = Vec::new();
    for n in 0..17 {
        issued.push(rig.client.issue_for("ada", &format!("p{n}")).await);
    }
    rig.client.check_id(&issued[0].id, &issued[0].code).await.rejected("superseded", "superseded");
    for code in &issued[1..] {
        rig.client.check_id(&code.id, &code.code).await.approved();
    }
}
