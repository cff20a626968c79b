//! What a call may say of where a code goes.

use serde_json::json;

use super::{becomes, mail_to, relay::Relay, rig};
use crate::support::Rig;

#[tokio::test]
async fn what_is_no_plain_address_is_refused_and_not_repeated() {
    let relay = Relay::plain();
    let rig = rig(&relay, &[]);
    for to in [
        "",
        "ann",
        "ann@localhost",
        "ann@example.com\r\nBcc: eve@example.com",
        "ann\u{0}@example.com",
        "a@b@example.com",
        "\"ann\"@example.com",
        "ann(x)@example.com",
        "ann@[1.2.3.4]",
        "ann@exam\u{202e}ple.com",
        " ann@example.com",
        "ann@example.com, eve@example.com",
        "+49171234567",
        &format!("{}@example.com", "a".repeat(250)),
    ] {
        let mut body = mail_to("ann");
        body["to"] = json!(to);
        let refused = rig.client.send_body(body).await.refuses_field("to");
        assert!(to.len() < 4 || !refused.text.contains(to), "{}", refused.text);
    }
    for to in [json!(1), json!(["ann@example.com"]), json!({})] {
        let mut body = mail_to("ann");
        body["to"] = to;
        rig.client.send_body(body).await.refuses_field("to");
    }
    rig.client.send_body(mail_to("ann")).await.refuses_field("to");
    for (field, value) in
        [("locale", json!("de\nX: y")), ("locale", json!("../de")), ("channel", json!("sms")), ("channel", json!(7))]
    {
        let mut body = mail_to("ann@example.com");
        body[field] = value;
        rig.client.send_body(body).await.refuses_field(field);
    }
    assert!(relay.noted().is_empty());
}

#[tokio::test]
async fn an_address_in_another_script_is_asked_for_as_dns_has_it_and_answered_as_it_came() {
    let relay = Relay::plain();
    let rig = rig(&relay, &[]);
    let answer = rig.client.send_body(mail_to("ann@müller.example")).await.is(201);
    assert_eq!(answer.str("to"), "a•••@müller.example");
    becomes(&rig.client, answer.str("id"), "accepted").await;
    let mail = relay.wait_mails("ann@xn--mller-kva.example", 1).remove(0);
    let approved = rig.client.check_id(answer.str("id"), mail.code()).await.approved();
    assert_eq!(approved.str("to"), "ann@müller.example");
}

/// Where nothing is configured, everything is as it was.
#[tokio::test]
async fn without_a_channel_there_is_only_return() {
    let rig = Rig::unlimited(&[]);
    rig.client.send_body(mail_to("ann@example.com")).await.refuses_field("channel");
    let answer = rig.client.send("ann@example.com").await.is(201);
    assert!(
        answer.body.get("delivery").is_none() && answer.body.get("to").is_none() && answer.str("channel") == "return"
    );
    let seen = rig.client.verification(answer.str("id")).await.is(200);
    assert!(seen.body.get("delivery").is_none() && seen.str("channel") == "return");
    assert!(!rig.redis.keys().iter().any(|key| key.ends_with(b":due")));
}

#[tokio::test]
async fn what_the_app_says_of_a_delivery_of_ours_changes_nothing() {
    let relay = Relay::plain();
    let rig = rig(&relay, &[]);
    let answer = rig.client.send_body(mail_to("ann@example.com")).await.is(201);
    let path = format!("/v1/verifications/{}/delivery", answer.str("id"));
    rig.client.post(&path, &json!({"outcome": "failed"})).await.is(204);
    becomes(&rig.client, answer.str("id"), "accepted").await;
    assert_eq!(rig.metrics().await.value("otp_deliveries_total", &[("channel", "return"), ("outcome", "failed")]), 0.0);
}

/// An operator sees where a code went, until the person is erased.
#[tokio::test]
async fn operators_are_shown_where_a_code_went_and_an_erasure_forgets_it() {
    let relay = Relay::plain();
    let rig = rig(&relay, &[]);
    let answer = rig.client.send_body(mail_to("ann@example.com")).await.is(201);
    becomes(&rig.client, answer.str("id"), "accepted").await;
    let admin = rig.sidecar.admin_client();
    let whom = json!({"subject": "ann@example.com", "tenant": "shop"});
    let erase = json!({"subject": "ann@example.com", "tenant": "shop", "reason": "asked for"});
    let inspected = admin.post("/admin/v1/subjects/inspect", &whom).await.is(200);
    let held = &inspected.body["purposes"][0]["delivery"];
    assert_eq!((&held["state"], &held["to"]), (&json!("accepted"), &json!("ann@example.com")));
    let exported = admin.post("/admin/v1/subjects/export", &whom).await.is(200);
    assert!(exported.text.contains("\"to\":\"ann@example.com\""), "{}", exported.text);
    admin.post("/admin/v1/subjects/erase", &erase).await.is(200);
    let inspected = admin.post("/admin/v1/subjects/inspect", &whom).await.is(200);
    let held = &inspected.body["purposes"][0]["delivery"];
    assert_eq!((&held["state"], held.get("to")), (&json!("accepted"), None));
    let mail = relay.wait_mails("ann@example.com", 1).remove(0);
    let approved = rig.client.check_id(answer.str("id"), mail.code()).await.approved();
    assert!(approved.body.get("to").is_none());
}
