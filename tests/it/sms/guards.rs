//! Where codes may go, how many: exact whatever is concurrent and over however many sidecars, and nothing is sent beyond.

use serde_json::json;

use super::{ANN, borrowed, channels, provider::Provider, rig, sms_to};
use crate::{
    mail::becomes,
    support::{Client, Rig, Sidecar, rig::UNLIMITED, wait},
};

const SMS: [(&str, &str); 1] = [("SMS", "200")];

#[track_caller]
fn another(rig: &Rig, provider: &Provider, more: &[(&str, &str)]) -> Sidecar {
    let variables = channels(provider, &SMS);
    Sidecar::builder().on(&rig.redis).set_all(&UNLIMITED).set_all(&borrowed(&variables)).set_all(more).start()
}

/// So many sends at once, in turn by each of these; answers how many were issued, and the status and code of the others.
async fn all_at_once(
    clients: &[Client],
    count: usize,
    body: impl Fn(usize) -> serde_json::Value,
) -> (usize, Vec<String>) {
    let sends = (0..count).map(|n| {
        let (client, body) = (clients[n % clients.len()].clone(), body(n));
        tokio::spawn(async move { client.send_body(body).await })
    });
    let (mut issued, mut refused) = (0, Vec::new());
    for send in sends.collect::<Vec<_>>() {
        let answer = send.await.expect("a send");
        match answer.status {
            201 => issued += 1,
            status => refused.push(format!("{status} {}", answer.str("code"))),
        }
    }
    (issued, refused)
}

#[tokio::test]
async fn a_number_that_may_not_be_called_gets_nothing_and_costs_nothing() {
    let provider = Provider::start();
    let rig = rig(
        &provider,
        &[("SMS", "400"), ("CALL", "200")],
        &[("OTP_PHONE_PREFIXES", "+49,+1,-+1876"), ("MAX_ATTEMPTS_PER_USER_PER_HOUR", "1")],
    );
    for number in ["+4317112345612", "+18765550100", "+8617112345612"] {
        let mut body = sms_to("ann");
        body["to"] = json!(number);
        for known in [true, false] {
            body["subject_known"] = json!(known);
            let refused = rig.client.send_body(body.clone()).await.refused(403, "destination_not_allowed");
            assert!(refused.header("retry-after").is_none() && !refused.text.contains(number), "{}", refused.text);
        }
        let mut body = sms_to("ann");
        (body["to"], body["fallback"]) = (json!(ANN), json!([{"channel": "call", "to": number}]));
        rig.client.send_body(body).await.refused(403, "destination_not_allowed");
    }
    let metrics = rig.metrics().await;
    let denied = |prefix| metrics.value("otp_destination_refusals_total", &[("prefix", prefix), ("action", "denied")]);
    assert_eq!((denied("other"), denied("+1876"), denied("+49")), (6.0, 3.0, 0.0));
    let status = rig.client.status("ann").await;
    assert_eq!((&status["requests_last_hour"], &status["sends_left"]), (&json!(0), &json!(1)));
    let refused = wait::until("the events", wait::PATIENCE, || {
        Some(crate::mail::events(&rig.sidecar, "send")).filter(|told| told.len() == 9)
    });
    assert!(refused.iter().all(|told| told["outcome"] == "destination_not_allowed"));
    assert!(provider.asked().is_empty());
    let mut body = sms_to("ann");
    body["to"] = json!("+12025550123");
    rig.client.send_body(body).await.is(201);
}

/// 422, then what was answered before under this key, then 403.
#[tokio::test]
async fn what_comes_first() {
    let provider = Provider::start();
    let rig = rig(&provider, &SMS, &[("OTP_PHONE_BUDGET", "1/1h"), ("OTP_SENDS_PER_RECIPIENT_PER_HOUR", "1")]);
    let client = rig.sidecar.client().with_header("Idempotency-Key", "one");
    let mut body = sms_to("ann");
    body["to"] = json!(ANN);
    let first = client.send_body(body.clone()).await.is(201);
    // The budgets are spent by the very call that is repeated.
    assert_eq!(client.send_body(body.clone()).await.is(201).body, first.body);
    let mut other = body.clone();
    other["to"] = json!("+4317112345612");
    client.send_body(other.clone()).await.refused(422, "idempotency_key_reused");
    other["channel"] = json!("pigeon");
    rig.client.send_body(other).await.refuses_field("channel");
    body["ip"] = json!("198.51.100.7");
    let refused = rig.client.send_body(body.clone()).await;
    assert!(["quota_destination", "quota_recipient"].contains(&refused.str("code")), "{}", refused.text);
    body["to"] = json!("+4317112345612");
    rig.client.send_body(body).await.refused(403, "destination_not_allowed");
    becomes(&rig.client, first.str("id"), "accepted").await;
    assert_eq!(provider.asked().len(), 1);
}

#[tokio::test]
async fn codes_that_nobody_proves_are_so_many_a_prefix_and_a_proven_one_makes_room() {
    let provider = Provider::start();
    let more = [("OTP_PHONE_BUDGET", "7/1h")];
    let rig = rig(&provider, &SMS, &more);
    let other = another(&rig, &provider, &more);
    let number = |n: usize| format!("+49171123456{n:02}");
    let (issued, refused) = all_at_once(&[rig.client.clone(), other.client()], 40, |n| sms_to(&number(n))).await;
    assert_eq!(issued, 7);
    assert!(refused.len() == 33 && refused.iter().all(|told| told == "429 quota_destination"), "{refused:?}");
    let refused = rig.client.send_body(sms_to(&number(50))).await.refused(429, "quota_destination");
    assert_eq!(refused.body["limit"], json!({"name": "destination_unproven", "max": 7, "window": 3600}));
    assert!((1..=3600).contains(&refused.number("retry_after")));
    // Another prefix, and another tenant, have budgets of their own.
    rig.client.send_body(sms_to("+12025550123")).await.is(201);
    let bank = rig.client.clone().with_key(crate::support::keys::OTHER_KEY);
    bank.send_body(sms_to(&number(51))).await.is(201);
    // What was refused was not charged; what is proven, once, makes room for one.
    let of_shop = |data: serde_json::Value| data["tenant"] == "shop" && data["to"] != "+12025550123";
    let asked = provider.wait(9).into_iter().find(|asked| of_shop(asked.data()));
    let asked = asked.expect("one of them");
    let subject = asked.data()["to"].as_str().unwrap().to_owned();
    other.client().check(&subject, "login", &asked.code()).await.approved();
    let room = || async { (rig.client.send_body(sms_to(&number(60))).await.status == 201).then_some(()) };
    wait::until_async("room for one more", wait::PATIENCE, room).await;
    rig.client.send_body(sms_to(&number(61))).await.refused(429, "quota_destination");
    assert_eq!(provider.wait(10).len(), 10);
    let metrics = rig.metrics().await;
    let counted = |event| metrics.value("otp_phone_codes_total", &[("prefix", "+49"), ("event", event)]);
    assert!(counted("sent") >= 2.0 && counted("proven") == 0.0, "it was proven at the other");
}

/// A form where anybody types a number: it must not be a way to bother a stranger through many accounts.
#[tokio::test]
async fn one_recipient_gets_so_many_whoever_asks() {
    let provider = Provider::start();
    let more = [("OTP_SENDS_PER_RECIPIENT_PER_HOUR", "3")];
    let rig = rig(&provider, &SMS, &more);
    let other = another(&rig, &provider, &more);
    let (issued, refused) = all_at_once(&[rig.client.clone(), other.client()], 20, |n| {
        let mut body = sms_to(&format!("account{n}"));
        (body["to"], body["subject_known"]) = (json!(ANN), json!(n % 4 > 0));
        body
    })
    .await;
    assert!(issued == 3 && refused.iter().all(|told| told == "429 quota_recipient"), "{issued}: {refused:?}");
    // Their own limits count those who name themselves.
    rig.client.send_body(sms_to(ANN)).await.is(201);
    let mut body = sms_to("account");
    body["to"] = json!(ANN);
    let refused = rig.client.send_body(body).await.refused(429, "quota_recipient");
    assert_eq!(refused.body["limit"], json!({"name": "recipient_sends", "max": 3, "window": 3600}));
}

/// What the subject's own limits refuse gives back what its destination was charged.
#[tokio::test]
async fn a_send_that_is_refused_for_its_subject_costs_its_destination_nothing() {
    let provider = Provider::start();
    let more = [("OTP_PHONE_BUDGET", "2/1h"), ("RESEND_COOLDOWN_SECONDS", "3600")];
    let rig = rig(&provider, &SMS, &more);
    rig.client.send_body(sms_to(ANN)).await.is(201);
    for _ in 0..5 {
        rig.client.send_body(sms_to(ANN)).await.refused(429, "resend_cooldown");
        let given_back = || {
            rig.redis
                .keys()
                .into_iter()
                .filter(|key| key[9..].starts_with(b":b:"))
                .all(|key| rig.redis.ask_key::<u64>("ZCARD", &key, &[]) == 1)
        };
        wait::until("it to be given back", wait::PATIENCE, || given_back().then_some(()));
    }
    rig.client.send_body(sms_to("+4917112345699")).await.is(201);
    rig.client.send_body(sms_to("+4917112345698")).await.refused(429, "quota_destination");
    for key in rig.redis.keys().into_iter().filter(|key| key[9..].starts_with(b":b:")) {
        let left: i64 = rig.redis.ask_key("PTTL", &key, &[]);
        assert!((1..=3_600_000).contains(&left), "{left}");
    }
}

/// A clock that was an hour ahead: what was charged by it counts as of now, and is no longer in the way than its window.
#[tokio::test]
async fn a_window_ends_and_a_wrong_clock_makes_it_no_longer() {
    let provider = Provider::start();
    let rig = rig(&provider, &SMS, &[("OTP_PHONE_BUDGET", "1/2s")]);
    rig.client.send_body(sms_to(ANN)).await.is(201);
    let key = rig.redis.keys().into_iter().find(|key| key[9..].starts_with(b":b:")).expect("a budget");
    let member: Vec<Vec<u8>> = rig.redis.ask_key("ZRANGE", &key, &["0", "-1"]);
    let ahead = 3_600_000.0;
    let _: f64 =
        redis::cmd("ZINCRBY").arg(&key).arg(ahead).arg(&member[0]).query(&mut rig.redis.connect_to(&key)).unwrap();
    rig.client.send_body(sms_to("+4917112345699")).await.refused(429, "quota_destination");
    let room = || async { (rig.client.send_body(sms_to("+4917112345698")).await.status == 201).then_some(()) };
    wait::until_async("its window to end", wait::PATIENCE, room).await;
}
