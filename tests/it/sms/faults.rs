//! Providers that say no, lie, say nothing, too much, or go: what is tried again, and what the caller is told.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{ANN, provider::Provider, rig, sms_to};
use crate::{mail::becomes, support::wait};

const QUICK: (&str, &str) = ("OTP_DELIVERY_TIMEOUT", "1s");

/// How a provider behaves, the result of each try, and how often it is asked.
#[tokio::test]
async fn what_a_provider_does_and_what_is_made_of_it() {
    let faults = [
        ("400", "permanent", "refused", 1),
        ("redirect", "permanent", "refused", 1),
        ("429", "transient", "refused", 2),
        ("408", "transient", "refused", 2),
        ("503", "transient", "refused", 2),
        ("hang", "unknown", "timeout", 2),
        ("close", "unknown", "unreachable", 2),
        ("garbage", "unknown", "unreachable", 2),
        ("endless", "unknown", "unreachable", 2),
        ("continue", "unknown", "unreachable", 2),
    ];
    let provider = Provider::start();
    let names: Vec<String> = faults.iter().map(|(how, ..)| format!("C{}", how.to_ascii_uppercase())).collect();
    let channels: Vec<_> = names.iter().map(String::as_str).zip(faults.map(|(how, ..)| how)).collect();
    let rig = rig(&provider, &channels, &[QUICK, ("OTP_DELIVERY_TRIES", "2")]);
    let mut ids = Vec::new();
    for name in &names {
        let mut body = sms_to(ANN);
        (body["subject"], body["to"], body["channel"]) = (json!(name), json!(ANN), json!(name.to_ascii_lowercase()));
        ids.push(rig.client.send_body(body).await.is(201).str("id").to_owned());
    }
    for ((name, (how, result, reason, tries)), id) in names.iter().zip(faults).zip(&ids) {
        let delivery = becomes(&rig.client, id, "failed").await;
        assert_eq!((&delivery["reason"], &delivery["tries"]), (&json!(reason), &json!(tries)), "{how}");
        let asked: Vec<_> = provider.asked().into_iter().filter(|asked| asked.path == format!("/{how}")).collect();
        assert_eq!(asked.len(), tries, "{how}");
        let same = |name: &str| asked.iter().all(|other| other.headers[name] == asked[0].headers[name]);
        assert!(same("webhook-id") && same("idempotency-key"), "{how}");
        assert!(asked.iter().all(|other| other.code() == asked[0].code()), "{how}");
        let channel = name.to_ascii_lowercase();
        let labels = [("channel", channel.as_str()), ("result", result)];
        assert_eq!(rig.metrics().await.value("otp_delivery_tries_total", &labels), tries as f64, "{how}");
        assert_eq!(rig.client.verification(id).await.is(200).str("status"), "pending", "{how}");
    }
    assert!(!provider.asked().iter().any(|asked| asked.path == "/200"), "nothing is followed");
}

/// Nobody listens: it was not handed over, so that whoever has another way proves the address of that one.
#[tokio::test]
async fn a_provider_that_is_down_fails_for_now_and_its_message_goes_another_way() {
    let provider = Provider::start();
    let down = ("OTP_DELIVERY_URL__SMS", "http://127.0.0.1:1/");
    let rig = rig(&provider, &[("SMS", "200"), ("CALL", "200")], &[down, ("OTP_DELIVERY_TRIES", "2")]);
    let id = rig.client.send_body(sms_to(ANN)).await.is(201);
    let delivery = becomes(&rig.client, id.str("id"), "failed").await;
    assert_eq!((&delivery["reason"], &delivery["tries"]), (&json!("unreachable"), &json!(2)));
    let labels = [("channel", "sms"), ("result", "transient")];
    assert_eq!(rig.metrics().await.value("otp_delivery_tries_total", &labels), 2.0);
    let mut body = sms_to(ANN);
    body["fallback"] = json!([{"channel": "call", "to": "+4917112345699"}]);
    let id = rig.client.send_body(body).await.is(201);
    becomes(&rig.client, id.str("id"), "accepted").await;
    let approved = rig.client.check_id(id.str("id"), &provider.asked()[0].code()).await.approved();
    assert_eq!(approved.str("to"), "+4917112345699");
}

#[tokio::test]
async fn a_flood_behind_an_acceptance_is_not_read() {
    let provider = Provider::start();
    let rig = rig(&provider, &[("SMS", "flood")], &[QUICK]);
    let id = rig.client.send_body(sms_to(ANN)).await.is(201);
    becomes(&rig.client, id.str("id"), "accepted").await;
    assert_eq!(provider.asked().len(), 1);
}

/// Where the answer must be read to know what it means: a failure inside a 200 is one, and a flood may be anything.
#[tokio::test]
async fn a_provider_that_lies_about_success_is_not_believed() {
    let (provider, dir) = (Provider::start(), tempfile::tempdir().unwrap());
    for channel in ["sms", "call", "whatsapp", "push"] {
        let more = if channel == "push" { "@accept /n = 1\n" } else { "" };
        let file = "@accept /messages/0/status = \"0\"\nPOST /x\nContent-Type: application/json\n\n{\"to\": {{ to }}, \"code\": {{ code }}}\n";
        std::fs::write(dir.path().join(format!("{channel}.http")), format!("{more}{file}")).unwrap();
    }
    let templates = dir.path().display().to_string();
    let more = [("OTP_TEMPLATES_DIR", templates.as_str()), QUICK, ("OTP_DELIVERY_TRIES", "2")];
    let rig = rig(&provider, &[("SMS", "lie"), ("CALL", "flood"), ("WHATSAPP", "200"), ("PUSH", "200/n")], &more);
    for (channel, state, tries, result) in [
        ("sms", "failed", 1, "permanent"),
        ("call", "failed", 2, "unknown"),
        ("whatsapp", "accepted", 1, "accepted"),
        ("push", "failed", 1, "permanent"),
    ] {
        let mut body = sms_to(ANN);
        body["channel"] = json!(channel);
        let id = rig.client.send_body(body).await.is(201);
        assert_eq!(becomes(&rig.client, id.str("id"), state).await["tries"], tries, "{channel}");
        let labels = [("channel", channel), ("result", result)];
        assert_eq!(rig.metrics().await.value("otp_delivery_tries_total", &labels), f64::from(tries), "{channel}");
    }
}

/// It asks for a second; without that, the next try is two seconds later, and with a shorter wait it is no sooner.
#[tokio::test]
async fn a_transient_refusal_is_tried_again_and_taken() {
    let provider = Provider::start();
    let rig = rig(&provider, &[("SMS", "once-429")], &[]);
    let began = Instant::now();
    let id = rig.client.send_body(sms_to(ANN)).await.is(201);
    let delivery = becomes(&rig.client, id.str("id"), "accepted").await;
    assert_eq!(delivery["tries"], 2);
    assert!(began.elapsed() > Duration::from_millis(1500));
    rig.client.check_id(id.str("id"), &provider.asked()[0].code()).await.approved();
}

/// Five failures to reach it in a row: nobody speaks to it for a while, and no try is spent on it.
#[tokio::test]
async fn a_provider_that_does_not_answer_is_left_alone() {
    let provider = Provider::start();
    let rig = rig(&provider, &[("SMS", "hang")], &[QUICK, ("OTP_DELIVERY_CONNECTIONS", "8")]);
    for n in 0..5 {
        rig.client.send_body(sms_to(&format!("+491711234560{n}"))).await.is(201);
    }
    let unknown = async || rig.metrics().await.value("otp_delivery_tries_total", &[("result", "unknown")]);
    let five = || async { (unknown().await >= 5.0).then_some(()) };
    wait::until_async("five failures", wait::PATIENCE, five).await;
    let asked = provider.asked().len();
    let id = rig.client.send_body(sms_to("+4917112345699")).await.is(201);
    let given_back = || async {
        let delivery = rig.client.verification(id.str("id")).await.is(200).body["delivery"].clone();
        (delivery["tries"] == 0).then_some(delivery)
    };
    assert_eq!(wait::until_async("the try given back", wait::PATIENCE, given_back).await["state"], "queued");
    assert!(!provider.asked()[asked..].iter().any(|asked| asked.data()["to"] == "+4917112345699"));
}

/// An answer, whichever, ends a row of failures: a provider that says no is there. Who is left alone is passed over.
#[tokio::test]
async fn who_answers_now_and_then_is_not_left_alone() {
    let provider = Provider::start();
    let how = [&["close"; 4][..], &["503"], &["close"; 5]].concat().join(",");
    let rig = rig(&provider, &[("SMS", &how), ("CALL", "200")], &[("OTP_DELIVERY_TRIES", "1")]);
    for asked in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10] {
        let mut body = sms_to(ANN);
        body["fallback"] = json!([{"channel": "call", "to": ANN}]);
        let id = rig.client.send_body(body).await.is(201);
        becomes(&rig.client, id.str("id"), "accepted").await;
        assert_eq!(provider.asked().iter().filter(|asked| asked.data()["channel"] == "sms").count(), asked);
    }
}

/// What a start could not find: words that fail for one code. Nobody is asked, and nothing is tried again.
#[tokio::test]
async fn words_that_cannot_be_made_are_no_message() {
    let (provider, dir) = (Provider::start(), tempfile::tempdir().unwrap());
    std::fs::create_dir(dir.path().join("sms")).unwrap();
    let text = "{{ code }}{% if locale == 'de' %}{{ nothing }}{% endif %}";
    std::fs::write(dir.path().join("sms/default.txt"), text).unwrap();
    let rig = rig(&provider, &[("SMS", "200")], &[("OTP_TEMPLATES_DIR", &dir.path().display().to_string())]);
    let mut body = sms_to(ANN);
    body["locale"] = json!("de");
    let id = rig.client.send_body(body).await.is(201);
    let delivery = becomes(&rig.client, id.str("id"), "failed").await;
    assert_eq!((&delivery["reason"], &delivery["tries"]), (&json!("refused"), &json!(1)));
    assert_eq!(rig.metrics().await.value("otp_delivery_tries_total", &[("result", "broken")]), 1.0);
    let line = rig.sidecar.logs("what it was", |line| line.contains("not delivered"));
    assert!(line.contains("broken") && !line.contains(&ANN[1..]) && !line.contains("locale"), "{line}");
    assert!(provider.asked().is_empty());
}

/// The provider took it, and Redis is gone for a moment: that is told as soon as it is back, and nobody is asked again.
#[tokio::test]
async fn an_acceptance_is_told_when_redis_is_back() {
    let provider = Provider::start();
    let rig = rig(&provider, &[("SMS", "slow")], &[]);
    let id = rig.client.send_body(sms_to(ANN)).await.is(201);
    provider.wait(1);
    rig.redis.pause();
    let taken = || async {
        let tries = rig.metrics().await.value("otp_delivery_tries_total", &[("result", "accepted")]);
        (tries == 1.0).then(Instant::now)
    };
    let since = wait::until_async("it to be taken", wait::PATIENCE, taken).await;
    // Longer than the first attempt to tell it is waited for.
    let in_vain = || async { (since.elapsed() > Duration::from_millis(1200)).then_some(()) };
    wait::until_async("it to be told in vain", wait::PATIENCE, in_vain).await;
    rig.redis.resume();
    assert_eq!(becomes(&rig.client, id.str("id"), "accepted").await["tries"], 1);
    assert_eq!(provider.asked().len(), 1);
}
