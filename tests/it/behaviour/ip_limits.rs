//! Sends per client address.

use serde_json::json;

use crate::support::{Answer, Rig, keys, wait};

async fn send(rig: &Rig, subject: &str, ip: &str) -> Answer {
    rig.client.send_body(json!({"subject": subject, "ip": ip})).await
}

#[tokio::test]
async fn one_address_gets_five_codes_an_hour_whoever_they_are_for() {
    let rig = Rig::start(&[]);
    for subject in ["a", "b", "c", "d", "e"] {
        send(&rig, subject, "203.0.113.7").await.is(201);
    }
    let refusal = send(&rig, "f", "203.0.113.7").await.refused(429, "quota_ip");
    assert_eq!(refusal.body["limit"], json!({"name": "ip_sends", "max": 5, "window": 3600}));
    assert!((3590..=3600).contains(&refusal.number("retry_after")), "{refusal:?}");
    send(&rig, "f", "203.0.113.8").await.is(201);
}

#[tokio::test]
async fn the_window_of_an_address_slides() {
    let rig = Rig::start(&[("MAX_ATTEMPTS_PER_IP_PER_HOUR", "2/5s")]);
    for subject in ["a", "b"] {
        send(&rig, subject, "203.0.113.7").await.is(201);
    }
    let refusal = send(&rig, "c", "203.0.113.7").await.refused(429, "quota_ip");
    assert!((1..=5).contains(&refusal.number("retry_after")), "{refusal:?}");
    let again = || async { (send(&rig, "c", "203.0.113.7").await.status == 201).then_some(()) };
    wait::until_async("the window to slide", wait::PATIENCE, again).await;
}

#[tokio::test]
async fn what_the_address_may_not_the_subject_does_not_pay_for_and_the_other_way_round() {
    let rig = Rig::start(&[("MAX_ATTEMPTS_PER_IP_PER_HOUR", "2")]);
    send(&rig, "ada", "203.0.113.7").await.is(201);
    for _ in 0..5 {
        send(&rig, "ada", "203.0.113.7").await.refused(429, "resend_cooldown");
    }
    send(&rig, "bob", "203.0.113.7").await.is(201);
    send(&rig, "cyd", "203.0.113.7").await.refused(429, "quota_ip");
    assert_eq!(rig.counted("cyd").await, (0, 0));
}

#[tokio::test]
async fn an_address_of_version_4_is_one_in_either_notation() {
    let rig = Rig::start(&[("MAX_ATTEMPTS_PER_IP_PER_HOUR", "1")]);
    send(&rig, "a", "203.0.113.7").await.is(201);
    for (subject, ip) in [("b", "::ffff:203.0.113.7"), ("c", "::ffff:cb00:7107"), ("d", "0:0:0:0:0:FFFF:CB00:7107")] {
        send(&rig, subject, ip).await.refused(429, "quota_ip");
    }
}

#[tokio::test]
async fn a_network_of_version_6_counts_as_one_client() {
    let rig = Rig::start(&[("MAX_ATTEMPTS_PER_IP_PER_HOUR", "1")]);
    send(&rig, "a", "2001:db8:0:1::1").await.is(201);
    send(&rig, "b", "2001:db8:0:1:ffff:ffff:ffff:ffff").await.refused(429, "quota_ip");
    send(&rig, "b", "2001:db8:0:2::1").await.is(201);
}

#[tokio::test]
async fn how_large_such_a_network_is_can_be_set() {
    let rig = Rig::start(&[("MAX_ATTEMPTS_PER_IP_PER_HOUR", "1"), ("OTP_IPV6_PREFIX", "48")]);
    send(&rig, "a", "2001:db8:0:1::1").await.is(201);
    send(&rig, "b", "2001:db8:0:ffff::1").await.refused(429, "quota_ip");
    send(&rig, "b", "2001:db8:1::1").await.is(201);
}

#[tokio::test]
async fn each_tenant_counts_for_itself() {
    let rig = Rig::start(&[("MAX_ATTEMPTS_PER_IP_PER_HOUR", "1")]);
    send(&rig, "a", "203.0.113.7").await.is(201);
    let bank = rig.client.clone().with_key(keys::OTHER_KEY);
    bank.send_body(json!({"subject": "a", "ip": "203.0.113.7"})).await.is(201);
}

#[tokio::test]
async fn the_address_must_be_named_and_be_one() {
    let rig = Rig::start(&[]);
    rig.client.send_body(json!({"subject": "ada"})).await.refuses_field("ip");
    for ip in
        ["", "203.0.113", "203.0.113.256", "203.0.113.7:80", "host.example", "::g", " 203.0.113.7\0", "fe80::1%eth0"]
    {
        send(&rig, "ada", ip).await.refuses_field("ip");
    }
    assert_eq!(rig.counted("ada").await, (0, 0));
}

#[tokio::test]
async fn it_need_not_be_named_where_the_operator_says_so_or_nothing_counts_it() {
    let lax = Rig::start(&[("OTP_REQUIRE_CLIENT_IP", "false")]);
    lax.client.send_body(json!({"subject": "ada"})).await.is(201);
    let off = Rig::start(&[("MAX_ATTEMPTS_PER_IP_PER_HOUR", "0")]);
    off.client.send_body(json!({"subject": "ada"})).await.is(201);
    for n in 0..10 {
        send(&off, &n.to_string(), "203.0.113.7").await.is(201);
    }
}
