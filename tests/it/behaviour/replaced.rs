//! Codes that gave their place to a later one: late mail costs nobody a guess.

use serde_json::json;

use crate::support::{
    Issued, Rig,
    rig::UNLIMITED,
    scheme::{Settings, both},
    wrong_code_than,
};

fn rig(scheme: Settings, variables: &[(&str, &str)]) -> Rig {
    Rig::start(&[&UNLIMITED, scheme, variables].concat())
}

/// So many codes of one user, each another code.
async fn in_turn(rig: &Rig, count: usize) -> Vec<Issued> {
    let mut all: Vec<Issued> = Vec::new();
    while all.len() < count {
        let issued = rig.client.issue("ada").await;
        assert!(all.iter().all(|other| other.code != issued.code), "twelve digits drawn twice");
        all.push(issued);
    }
    all
}

/// So long that none is drawn twice.
const LONG: (&str, &str) = ("OTP_LENGTH", "12");

#[tokio::test]
async fn the_last_two_say_so_by_id_and_by_subject_and_cost_no_guess() {
    both(async |scheme| {
        let rig = rig(scheme, &[LONG]);
        let codes = in_turn(&rig, 4).await;
        let live = &codes[3];
        for _ in 0..3 {
            for old in &codes[1..3] {
                rig.client.check_id(&live.id, &old.code).await.rejected("superseded", "superseded");
                rig.client.check("ada", "login", &old.code).await.rejected("superseded", "superseded");
                rig.client.check_id(&old.id, &old.code).await.rejected("superseded", "superseded");
            }
        }
        let status = rig.client.status("ada").await;
        assert_eq!((&status["failed_attempts"], &status["attempts_left"]), (&json!(0), &json!(5)), "{status}");
        // The one before those is a wrong code like any.
        let answer = rig.client.check_id(&live.id, &codes[0].code).await.rejected("pending", "wrong_code");
        assert_eq!(answer.number("attempts_left"), 4);
        rig.client.check_id(&live.id, &live.code).await.approved();
        rig.client.check("ada", "login", &codes[2].code).await.rejected("used", "already_used");
    })
    .await;
}

#[tokio::test]
async fn even_the_last_guess_is_given_back_and_no_lock_stays() {
    both(async |scheme| {
        let rig = rig(scheme, &[LONG]);
        let codes = in_turn(&rig, 2).await;
        for wrong in codes[1].wrong_codes().take(4) {
            rig.client.check_id(&codes[1].id, &wrong).await.rejected("pending", "wrong_code");
        }
        rig.client.check_id(&codes[1].id, &codes[0].code).await.rejected("superseded", "superseded");
        let status = rig.client.status("ada").await;
        assert_eq!((&status["locked"], &status["attempts_left"]), (&json!(false), &json!(1)), "{status}");
        assert_eq!(rig.indexed("locked"), 0);
        rig.client.check_id(&codes[1].id, &wrong_code_than(&codes[1].code)).await.rejected("locked", "wrong_code");
        rig.client.check_id(&codes[1].id, &codes[0].code).await.refused(429, "subject_locked");
    })
    .await;
}

#[tokio::test]
async fn they_count_against_the_network() {
    both(async |scheme| {
        let rig = Rig::start(&[&UNLIMITED, scheme, &[LONG, ("OTP_MAX_FAILURES_PER_IP_PER_HOUR", "2")]].concat());
        let ip = "198.51.100.7";
        let codes = in_turn(&rig, 2).await;
        let check = async |code: &str| rig.client.check_body(json!({"id": codes[1].id, "code": code, "ip": ip})).await;
        for _ in 0..2 {
            check(&codes[0].code).await.rejected("superseded", "superseded");
        }
        check(&codes[1].code).await.refused(429, "ip_blocked");
    })
    .await;
}

/// Of codes that are short enough, one is drawn again soon: it is the live one then.
#[tokio::test]
async fn a_code_that_is_drawn_twice_is_right() {
    both(async |scheme| {
        let rig = rig(scheme, &[("OTP_LENGTH", "4"), ("OTP_ALLOW_WEAK", "true"), ("OTP_ALPHABET", "01")]);
        let mut before = rig.client.issue("ada").await;
        loop {
            let issued = rig.client.issue("ada").await;
            if issued.code == before.code {
                rig.client.check_id(&issued.id, &before.code).await.approved();
                break;
            }
            before = issued;
        }
    })
    .await;
}
