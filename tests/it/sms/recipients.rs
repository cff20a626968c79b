//! Test recipients, decoys, and codes that the caller brings.

use serde_json::json;

use super::{ANN, provider::Provider, rig, sms_to};
use crate::{
    mail::{becomes, events},
    support::{scheme::both, wait},
};

const TESTER: &str = "+15550100123";
const RECIPIENTS: (&str, &str) = ("OTP_TEST_RECIPIENTS", "+15550100123=424242, qa@shop.example=171717");

fn day(from_now: i64) -> String {
    let seconds = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
    let at = std::time::UNIX_EPOCH + std::time::Duration::from_secs((seconds + from_now * 86_400) as u64);
    humantime::format_rfc3339_seconds(at).to_string()[..10].to_owned()
}

#[tokio::test]
async fn a_test_recipient_has_its_code_gets_nothing_and_is_limited_like_any_other() {
    both(async |scheme| {
        let (provider, until) = (Provider::start(), day(30));
        let test = [RECIPIENTS, ("OTP_TEST_RECIPIENTS_UNTIL", &until)];
        let rig = rig(&provider, &[("SMS", "200"), ("EMAIL", "200")], &[scheme, &test].concat());
        let answer = rig.client.send_body(sms_to(TESTER)).await.is(201);
        let other = rig.client.send_body(sms_to(ANN)).await.is(201);
        assert_eq!(answer.body["delivery"], other.body["delivery"]);
        becomes(&rig.client, answer.str("id"), "test").await;
        rig.client.check_id(answer.str("id"), "171717").await.is(200);
        assert_eq!(rig.client.check_id(answer.str("id"), "424242").await.approved().str("to"), TESTER);
        let mut body = sms_to("qa@shop.example");
        body["channel"] = json!("email");
        let mail = rig.client.send_body(body.clone()).await.is(201);
        becomes(&rig.client, mail.str("id"), "test").await;
        // A decoy is none the less one.
        (body["subject_known"], body["purpose"]) = (json!(false), json!("pay"));
        let decoy = rig.client.send_body(body).await.is(201);
        becomes(&rig.client, decoy.str("id"), "test").await;
        rig.client.check_id(decoy.str("id"), "171717").await.rejected("pending", "wrong_code");
        for _ in 0..4 {
            rig.client.check_id(decoy.str("id"), "000000").await.is(200);
        }
        rig.client.check_id(decoy.str("id"), "171717").await.refused(429, "subject_locked");
        provider.wait(1);
        assert!(provider.asked().iter().all(|asked| asked.data()["to"] == ANN));
        assert_eq!(rig.metrics().await.value("otp_test_sends_total", &[]), 3.0);
        wait::until("the events", wait::PATIENCE, || {
            let told = events(&rig.sidecar, "send");
            (told.iter().filter(|told| told["test"] == true && told["outcome"] == "issued").count() == 3).then_some(())
        });
    })
    .await;
}

#[tokio::test]
async fn from_its_last_day_on_a_test_recipient_is_ordinary() {
    let (provider, until) = (Provider::start(), day(0));
    let rig = rig(&provider, &[("SMS", "200")], &[RECIPIENTS, ("OTP_TEST_RECIPIENTS_UNTIL", &until)]);
    rig.sidecar.logs("the warning", |line| line.contains("OTP_TEST_RECIPIENTS_UNTIL"));
    let answer = rig.client.send_body(sms_to(TESTER)).await.is(201);
    becomes(&rig.client, answer.str("id"), "accepted").await;
    let code = provider.asked()[0].code();
    rig.client.check_id(answer.str("id"), &code).await.approved();
}

/// One that is only another way is not sent to either.
#[tokio::test]
async fn a_test_recipient_that_is_a_fallback_gets_nothing_either() {
    let (provider, until) = (Provider::start(), day(30));
    let rig = rig(&provider, &[("SMS", "400")], &[RECIPIENTS, ("OTP_TEST_RECIPIENTS_UNTIL", &until)]);
    let mut body = sms_to(ANN);
    body["fallback"] = json!([{"channel": "sms", "to": TESTER}]);
    let answer = rig.client.send_body(body).await.is(201);
    becomes(&rig.client, answer.str("id"), "test").await;
    assert_eq!(provider.asked().len(), 1);
}

#[tokio::test]
async fn nothing_goes_to_a_decoy_and_it_looks_like_any_other() {
    let provider = Provider::start();
    let rig = rig(&provider, &[("SMS", "slow"), ("CALL", "200")], &[("OTP_CALLER_CODES", "true")]);
    let body = |number: &str, known: bool| {
        let mut body = sms_to(number);
        (body["subject_known"], body["code"]) = (json!(known), json!("272727"));
        body["fallback"] = json!([{"channel": "call", "to": number}]);
        body
    };
    // A decoy takes as long as one of those before.
    let first = rig.client.send_body(body("+4917112345698", true)).await.is(201);
    becomes(&rig.client, first.str("id"), "accepted").await;
    let real = rig.client.send_body(body(ANN, true)).await.is(201);
    let fake = rig.client.send_body(body("+4917112345699", false)).await.is(201);
    let sizes = || {
        let keys = rig.redis.keys().into_iter().filter(|key| key[9..].starts_with(b":m:"));
        keys.map(|key| rig.redis.ask_key::<u64>("STRLEN", &key, &[])).collect::<Vec<_>>()
    };
    let mut size = sizes();
    size.sort_unstable();
    // What is over has no code any more.
    assert!(size.len() == 3 && size[0] < size[1] && size[1] == size[2], "{size:?}");
    let mut told = becomes(&rig.client, real.str("id"), "accepted").await;
    let mut faked = becomes(&rig.client, fake.str("id"), "accepted").await;
    (told["at"], faked["at"]) = (json!(null), json!(null));
    assert_eq!(told, faked);
    assert_eq!(provider.asked().len(), 2);
    rig.client.check_id(fake.str("id"), "272727").await.rejected("pending", "wrong_code");
}

/// It ends as real ones by its own channel do, whatever becomes of those by another.
#[tokio::test]
async fn a_decoy_goes_by_its_own_channel() {
    let provider = Provider::start();
    let rig = rig(&provider, &[("SMS", "400"), ("CALL", "200")], &[]);
    for n in 0..3 {
        let real = rig.client.send_body(sms_to(&format!("+491711234560{n}"))).await.is(201);
        becomes(&rig.client, real.str("id"), "failed").await;
    }
    let mut body = sms_to(ANN);
    (body["subject_known"], body["channel"]) = (json!(false), json!("call"));
    let fake = rig.client.send_body(body).await.is(201);
    becomes(&rig.client, fake.str("id"), "accepted").await;
}

/// While a provider is left alone, no try is spent on a decoy either. What ends first is counted of real ones alone.
#[tokio::test]
async fn a_decoy_waits_where_real_ones_do() {
    let provider = Provider::start();
    let rig = rig(&provider, &[("SMS", "close")], &[]);
    for n in 0..5 {
        rig.client.send_body(sms_to(&format!("+491711234560{n}"))).await.is(201);
    }
    let unknown = || async {
        (rig.metrics().await.value("otp_delivery_tries_total", &[("result", "unknown")]) >= 5.0).then_some(())
    };
    wait::until_async("five failures", wait::PATIENCE, unknown).await;
    let mut body = sms_to(ANN);
    body["subject_known"] = json!(false);
    let fake = rig.client.send_body(body).await.is(201);
    let given_back = || async {
        let delivery = rig.client.verification(fake.str("id")).await.is(200).body["delivery"].clone();
        (delivery["tries"] == 0).then_some(delivery)
    };
    assert_eq!(wait::until_async("the try given back", wait::PATIENCE, given_back).await["state"], "queued");
    rig.client.post(&format!("/v1/verifications/{}/cancel", fake.str("id")), &json!({})).await.is(200);
    wait::until("the event", wait::PATIENCE, || {
        events(&rig.sidecar, "delivery").iter().any(|told| told["outcome"] == "dropped").then_some(())
    });
    assert_eq!(rig.metrics().await.value("otp_deliveries_total", &[("channel", "sms"), ("outcome", "dropped")]), 0.0);
}

#[tokio::test]
async fn a_caller_that_may_brings_its_own_code() {
    both(async |scheme| {
        let provider = Provider::start();
        let rig = rig(&provider, &[("SMS", "200")], &[scheme, &[("OTP_CALLER_CODES", "true")]].concat());
        let mut body = sms_to(ANN);
        body["code"] = json!("271828");
        let answer = rig.client.send_body(body.clone()).await.is(201);
        assert!(answer.body.get("code").is_none());
        assert_eq!(provider.wait(1)[0].code(), "271828");
        rig.client.check_id(answer.str("id"), "271828").await.approved();
        for code in ["27182", "2718281", "27182x", "271 828", "２７１８２８", ""] {
            body["code"] = json!(code);
            let refused = rig.client.send_body(body.clone()).await.refused(422, "invalid_code");
            assert!(code.is_empty() || !refused.text.contains(code), "{}", refused.text);
        }
        body["code"] = json!(271_828);
        rig.client.send_body(body.clone()).await.refuses_field("code");
        (body["code"], body["channel"]) = (json!("271828"), json!("return"));
        rig.client.send_body(body).await.refuses_field("code");
    })
    .await;
    let provider = Provider::start();
    let rig = rig(&provider, &[("SMS", "200")], &[]);
    let mut body = sms_to(ANN);
    body["code"] = json!("271828");
    rig.client.send_body(body).await.refuses_field("code");
}
