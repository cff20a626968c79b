//! Lock by hand.

use serde_json::{Value, json};

use super::{admin, events, inspect, rig, unlock};
use crate::support::{Answer, Rig, keys, wrong_code_than};

async fn lock(rig: &Rig, subject: &str, minutes: u32) -> Answer {
    let body = json!({"subject": subject, "tenant": keys::TENANT, "minutes": minutes, "reason": "stolen phone"});
    admin(&rig.sidecar).post("/admin/v1/lock", &body).await
}

#[tokio::test]
async fn it_stops_sends_and_checks_and_burns_every_code() {
    let rig = rig(&[]);
    let issued = [rig.client.issue("ada").await, rig.client.issue_for("ada", "sign_up").await];
    let locked = lock(&rig, "ada", 90).await.is(200);
    assert_eq!((&locked.body["changed"], &locked.body["lock_level"]), (&json!(true), &json!(0)));
    for code in &issued {
        let refusal = rig.client.check_id(&code.id, &code.code).await.refused(429, "subject_locked");
        assert_eq!(refusal.body["locked_until"], locked.body["locked_until"]);
        assert!((5390..=5400).contains(&refusal.number("retry_after")), "{refusal:?}");
    }
    rig.client.send("ada").await.refused(429, "subject_locked");
    unlock(&rig.sidecar, "ada").await.is(200);
    for code in &issued {
        rig.client.check_id(&code.id, &code.code).await.rejected("burnt", "too_many_failures");
    }
    let told = &events(&rig.sidecar, "admin.lock", 1).await[0];
    assert_eq!((&told["actor"], &told["who"]["reason"]), (&json!("ops"), &json!("stolen phone")));
}

#[tokio::test]
async fn a_user_that_never_was_can_be_locked() {
    let rig = rig(&[]);
    lock(&rig, "Eve@example.com", 57_600).await.is(200);
    rig.client.send("eve@example.com").await.refused(429, "subject_locked");
    assert_eq!(rig.indexed("locked"), 1);
}

#[tokio::test]
async fn it_never_shortens_a_longer_lock_and_lengthens_a_shorter_one() {
    let rig = rig(&[]);
    let (_, locking) = rig.lock_out("ada").await;
    let kept = lock(&rig, "ada", 1).await.is(200);
    assert_eq!((&kept.body["changed"], &kept.body["locked_until"]), (&json!(false), &locking["locked_until"]));
    assert_eq!(inspect(&rig.sidecar, "ada").await["lock"]["reason"], json!("too_many_failures"));
    let longer = lock(&rig, "ada", 60).await.is(200);
    assert_eq!((&longer.body["changed"], &longer.body["lock_level"]), (&json!(true), &json!(1)));
    let refusal = rig.client.send("ada").await.refused(429, "subject_locked");
    assert_eq!(refusal.body["locked_until"], longer.body["locked_until"]);
    assert_eq!(inspect(&rig.sidecar, "ada").await["lock"]["reason"], json!("by_hand"));
}

#[tokio::test]
async fn it_neither_raises_the_level_nor_gives_fresh_guesses() {
    let rig = rig(&[]);
    let issued = rig.client.issue("ada").await;
    for wrong in issued.wrong_codes().take(4) {
        rig.client.check_id(&issued.id, &wrong).await.rejected("pending", "wrong_code");
    }
    lock(&rig, "ada", 5).await.is(200);
    // As time would end it, without the minutes: the record is put as it will be once the lock is over.
    end_lock(&rig);
    let status = rig.client.status("ada").await;
    assert_eq!((&status["locked"], &status["failed_attempts"]), (&json!(false), &json!(4)), "{status}");
    let fresh = rig.client.issue("ada").await;
    let last = rig.client.check_id(&fresh.id, &wrong_code_than(&fresh.code)).await.rejected("locked", "wrong_code");
    assert_eq!(last.number("retry_after"), 900, "a first lock, as if the operator's had not been");
}

/// Moves the end of the only lock to the past: `u48 until` stands behind level, reason and since.
fn end_lock(rig: &Rig) {
    let keys = rig.redis.keys();
    let key = keys.iter().find(|key| key.get(9..12) == Some(b":s:")).expect("a record");
    let mut connection = rig.redis.connect_to(key);
    let fields = redis::cmd("HMGET").arg(key).arg("seen").arg("lock").query(&mut connection);
    let [seen, mut lock]: [Vec<u8>; 2] = fields.unwrap();
    lock[8..14].copy_from_slice(&seen[1..7]);
    redis::cmd("HSET").arg(key).arg("lock").arg(lock).exec(&mut connection).unwrap();
}

#[tokio::test]
async fn how_long_and_why_must_be_said() {
    let rig = rig(&[]);
    let post = async |body: Value| admin(&rig.sidecar).post("/admin/v1/lock", &body).await;
    let with = |minutes: Value| json!({"subject": "ada", "tenant": "shop", "minutes": minutes, "reason": "x"});
    for minutes in [json!(0), json!(57_601), json!(-5), json!(1.5), json!("5"), Value::Null] {
        post(with(minutes)).await.refuses_field("minutes");
    }
    post(json!({"subject": "ada", "tenant": "shop", "minutes": 5})).await.refuses_field("reason");
    post(json!({"minutes": 5, "reason": "x"})).await.refuses_field("subject");
    let reference = "0123456789abcdef0123456789abcdef";
    for whom in [json!({"subject_ref": reference}), json!({"all": true})] {
        let mut body = json!({"tenant": "shop", "reason": "x"});
        body.as_object_mut().unwrap().extend(whom.as_object().unwrap().clone());
        let told = admin(&rig.sidecar).post("/admin/v1/unlock", &body).await.refuses_field("tenant");
        assert_eq!(told.str("detail"), "Neither a reference nor all takes a tenant beside it.");
    }
    assert_eq!(rig.client.status("ada").await["locked"], json!(false));
}
