//! Other ways for a code, after one failed and never before.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{ANN, borrowed, channels, provider::Provider, rig, sms_to};
use crate::{
    mail::becomes,
    support::{Sidecar, rig::UNLIMITED, wait},
};

const BOB: &str = "+4917112345699";

fn with_fallback(fallback: Value) -> Value {
    let mut body = sms_to(ANN);
    body["fallback"] = fallback;
    body
}

#[tokio::test]
async fn a_definite_failure_goes_on_at_once_and_the_address_that_took_it_is_proven() {
    let provider = Provider::start();
    let rig = rig(&provider, &[("SMS", "400"), ("CALL", "200")], &[]);
    let answer = rig.client.send_body(with_fallback(json!([{"channel": "call", "to": BOB}]))).await.is(201);
    assert_eq!((answer.str("channel"), answer.str("to")), ("sms", "+49•••••••12"));
    let delivery = becomes(&rig.client, answer.str("id"), "accepted").await;
    assert_eq!((&delivery["channel"], &delivery["tries"]), (&json!("call"), &json!(1)));
    let asked = provider.asked();
    let (ways, ids): (Vec<_>, HashSet<_>) =
        asked.iter().map(|asked| (asked.data()["to"].clone(), asked.headers["webhook-id"].clone())).unzip();
    assert_eq!(
        (ways, ids.len()),
        (vec![json!(ANN), json!(BOB)], 2),
        "who took the first may not know the second by its id"
    );
    assert_eq!(asked[0].code(), asked[1].code());
    assert_eq!(rig.client.check_id(answer.str("id"), &asked[0].code()).await.approved().str("to"), BOB);
    let count = async |channel: &str, outcome: &str| {
        rig.metrics().await.value("otp_deliveries_total", &[("channel", channel), ("outcome", outcome)])
    };
    assert_eq!((count("call", "accepted").await, count("sms", "failed").await), (1.0, 0.0), "it is one message");
}

/// Where an earlier way may have brought it, nobody can tell which address was proven.
#[tokio::test]
async fn after_an_unknown_end_no_address_is_told() {
    let provider = Provider::start();
    let more = [("OTP_DELIVERY_TIMEOUT", "1s"), ("OTP_DELIVERY_TRIES", "1")];
    let rig = rig(&provider, &[("SMS", "hang"), ("CALL", "200")], &more);
    let answer = rig.client.send_body(with_fallback(json!([{"channel": "call", "to": BOB}]))).await.is(201);
    becomes(&rig.client, answer.str("id"), "accepted").await;
    let approved = rig.client.check_id(answer.str("id"), &provider.asked()[0].code()).await.approved();
    assert!(approved.body.get("to").is_none(), "{}", approved.text);
}

#[tokio::test]
async fn all_ways_are_tried_in_their_order_each_as_often_as_one_and_then_it_failed() {
    let provider = Provider::start();
    let all = [("SMS", "503"), ("CALL", "503"), ("WHATSAPP", "400")];
    let rig = rig(&provider, &all, &[("OTP_DELIVERY_TRIES", "2"), ("RESEND_COOLDOWN_SECONDS", "3600")]);
    let ways =
        json!([{"channel": "call", "to": ANN}, {"channel": "whatsapp", "to": ANN}, {"channel": "sms", "to": BOB}]);
    let answer = rig.client.send_body(with_fallback(ways)).await.is(201);
    let delivery = becomes(&rig.client, answer.str("id"), "failed").await;
    assert_eq!((&delivery["channel"], &delivery["tries"]), (&json!("sms"), &json!(2)));
    let asked: Vec<_> =
        provider.asked().iter().map(|asked| asked.data()["channel"].as_str().unwrap().to_owned()).collect();
    assert_eq!(asked, ["sms", "sms", "call", "call", "whatsapp", "sms", "sms"]);
    // The pause is given back, as ever where a message failed.
    rig.client.send_body(sms_to(ANN)).await.is(201);
}

/// A user who is slow is no failure.
#[tokio::test]
async fn who_took_it_is_followed_by_nobody() {
    let provider = Provider::start();
    let rig = rig(&provider, &[("SMS", "slow"), ("CALL", "200")], &[("OTP_DELIVERY_TIMEOUT", "5s")]);
    let answer = rig.client.send_body(with_fallback(json!([{"channel": "call", "to": BOB}]))).await.is(201);
    becomes(&rig.client, answer.str("id"), "accepted").await;
    // As long as a look for what is left over and its answer take.
    wait::until_async("two looks", wait::PATIENCE, || async {
        (rig.metrics().await.value("otp_store_calls_total", &[("script", "backlog")]) >= 192.0).then_some(())
    })
    .await;
    assert_eq!(provider.asked().len(), 1);
    // The look at the server says that nothing is due.
    assert_eq!(rig.metrics().await.value("otp_store_calls_total", &[("script", "due")]), 0.0);
}

/// While a provider is left alone, a message with another way does not wait for it.
#[tokio::test]
async fn a_way_that_rests_is_passed_over() {
    let provider = Provider::start();
    let more = [("OTP_DELIVERY_TIMEOUT", "1s")];
    let rig = rig(&provider, &[("SMS", "hang"), ("CALL", "200")], &more);
    for n in 0..5 {
        rig.client.send_body(sms_to(&format!("+491711234560{n}"))).await.is(201);
    }
    wait::until_async("five failures", wait::PATIENCE, || async {
        (rig.metrics().await.value("otp_delivery_tries_total", &[("result", "unknown")]) >= 5.0).then_some(())
    })
    .await;
    let answer = rig.client.send_body(with_fallback(json!([{"channel": "call", "to": BOB}]))).await.is(201);
    assert_eq!(becomes(&rig.client, answer.str("id"), "accepted").await["channel"], "call");
    let code = provider.asked().iter().find(|asked| asked.data()["to"] == BOB).expect("a call").code();
    assert!(!provider.asked().iter().any(|asked| asked.data()["to"] == ANN), "it was not even tried");
    assert_eq!(rig.client.check_id(answer.str("id"), &code).await.approved().str("to"), BOB);
}

/// A sidecar that dies between two ways: another goes on, and each way gets no more than its tries.
#[tokio::test]
async fn another_sidecar_goes_on_by_the_next_way() {
    let provider = Provider::start();
    let more = [("OTP_DELIVERY_TIMEOUT", "1s"), ("OTP_DELIVERY_TRIES", "1")];
    let all = [("SMS", "hang"), ("CALL", "200")];
    let mut rig = rig(&provider, &all, &more);
    let answer = rig.client.send_body(with_fallback(json!([{"channel": "call", "to": BOB}]))).await.is(201);
    provider.wait(1);
    rig.sidecar.kill();
    let other = Sidecar::builder()
        .on(&rig.redis)
        .set_all(&UNLIMITED)
        .set_all(&borrowed(&channels(&provider, &all)))
        .set_all(&more)
        .start();
    let delivery = becomes(&other.client(), answer.str("id"), "accepted").await;
    assert_eq!((&delivery["channel"], provider.asked().len()), (&json!("call"), 2));
    // What became of the first nobody knows.
    let approved = other.client().check_id(answer.str("id"), &provider.asked()[1].code()).await.approved();
    assert!(approved.body.get("to").is_none());
}
