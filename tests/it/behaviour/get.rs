//! Looking at a verification by its id.

use serde_json::{Value, json};

use crate::support::{Rig, keys, wrong_code_than};

#[tokio::test]
async fn a_pending_verification_is_shown_without_its_code() {
    let rig = Rig::start(&[]);
    let sent = rig.client.send_for("ada.lovelace", "password_reset").await.is(201);
    let (id, code) = (sent.str("id"), sent.str("code"));
    rig.client.check_id(id, &wrong_code_than(code)).await.rejected("pending", "wrong_code");
    let shown = rig.client.verification(id).await.is(200);
    let fields = ["id", "status", "purpose", "expires_at", "attempts_left"].map(|field| shown.body[field].clone());
    assert_eq!(
        fields,
        [json!(id), json!("pending"), json!("password_reset"), sent.body["expires_at"].clone(), json!(4)]
    );
    assert_eq!(shown.body.get("code"), None);
    assert!(!shown.body.as_object().unwrap().values().any(|value| value == code), "{shown:?}");
    assert!(!shown.text.contains("lovelace"), "{shown:?}");
}

#[tokio::test]
async fn its_status_follows_what_happened_to_it() {
    let rig = Rig::unlimited(&[]);
    let old = rig.client.issue("ada").await;
    let used = rig.client.issue("ada").await;
    rig.client.check_id(&used.id, &used.code).await.approved();
    let canceled = rig.client.issue("ada").await;
    rig.client.cancel(&canceled.id).await.is(200);
    let (burnt, _) = rig.lock_out("bob").await;
    for (id, status) in
        [(&old.id, "superseded"), (&used.id, "approved"), (&canceled.id, "canceled"), (&burnt.id, "burnt")]
    {
        assert_eq!(rig.client.verification(id).await.is(200).str("status"), status);
    }
}

#[tokio::test]
async fn looking_changes_nothing() {
    let rig = Rig::start(&[]);
    let issued = rig.client.issue("ada").await;
    let look = async || {
        let mut body = rig.client.verification(&issued.id).await.is(200).body;
        // All but the seconds that are left.
        body.as_object_mut().unwrap().remove("expires_in");
        body
    };
    let before = look().await;
    for _ in 0..10 {
        assert_eq!(look().await, before);
    }
    assert_eq!(rig.counted("ada").await, (0, 1));
    rig.client.check_id(&issued.id, &issued.code).await.approved();
}

#[tokio::test]
async fn an_unknown_id_is_404() {
    let rig = Rig::start(&[]);
    let issued = rig.client.issue("ada").await;
    let cut = &issued.id[..issued.id.len() - 1];
    for id in ["x", cut, "%00", "..%2f", &"A".repeat(300)] {
        rig.client.verification(id).await.refused(404, "not_found");
    }
    let other = rig.client.clone().with_key(keys::OTHER_KEY);
    other.verification(&issued.id).await.refused(404, "not_found");
    assert_ne!(rig.client.verification(&issued.id).await.is(200).body, Value::Null);
}
