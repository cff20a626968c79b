//! What apps tell of the end user's client, as programs have it.

use serde_json::{Value, json};

use super::admin::{admin, events, rig};
use crate::support::{Rig, client::fresh_ip, keys};

/// One IPv4 address, in every notation that a proxy or a runtime may give it.
const NOTATIONS: [&str; 8] = [
    "203.0.113.7",
    " 203.0.113.7\t",
    "\u{a0}203.0.113.7\r\n",
    "::ffff:203.0.113.7",
    "0:0:0:0:0:FFFF:CB00:7107",
    "64:ff9b::203.0.113.7",
    "64:ff9b::cb00:7107 ",
    "::cb00:7107",
];

#[tokio::test]
async fn an_address_of_version_4_is_one_in_every_notation_for_limits_and_in_events() {
    let rig = rig(&[("MAX_ATTEMPTS_PER_IP_PER_HOUR", "8"), ("OTP_MAX_FAILURES_PER_IP_PER_HOUR", "8")]);
    for (n, ip) in NOTATIONS.iter().enumerate() {
        rig.client.send_body(json!({"subject": format!("user{n}"), "ip": ip})).await.is(201);
    }
    for ip in NOTATIONS {
        rig.client.send_body(json!({"subject": "ada", "ip": ip})).await.refused(429, "quota_ip");
        rig.client
            .check_body(json!({"id": "nobody's", "code": "123456", "ip": ip}))
            .await
            .rejected("not_found", "not_found");
    }
    for ip in NOTATIONS {
        let check = json!({"id": "nobody's", "code": "123456", "ip": ip});
        rig.client.check_body(check.clone()).await.refused(429, "ip_blocked");
        // An operator names it as it stands in whatever log.
        let inspect = json!({"subject": "ada", "tenant": keys::TENANT, "ip": ip});
        let seen = admin(&rig.sidecar).post("/admin/v1/subjects/inspect", &inspect).await.is(200).body;
        assert_eq!(seen["network"]["failures_left"], json!(0), "{ip:?}");
    }
    let unlock = json!({"ip": NOTATIONS[6], "tenant": keys::TENANT, "reason": "an office"});
    assert_eq!(admin(&rig.sidecar).post("/admin/v1/unlock", &unlock).await.is(200).number("unlocked"), 1);
    let sends = events(&rig.sidecar, "send", NOTATIONS.len()).await;
    for event in &sends {
        assert_eq!((&event["ip_ref"], &event["who"]["ip"]), (&sends[0]["ip_ref"], &json!("203.0.113.7")), "{event}");
    }
}

#[tokio::test]
async fn an_address_of_version_6_that_holds_none_stays_what_it_is() {
    let rig = Rig::unlimited(&[("MAX_ATTEMPTS_PER_IP_PER_HOUR", "1")]);
    let others = ["::1", "64:ff9b:1::cb00:7107", "2002:cb00:7107::1", "2001:db8::cb00:7107", "203.0.113.7"];
    for (n, ip) in others.iter().enumerate() {
        rig.client.send_body(json!({"subject": format!("user{n}"), "ip": ip})).await.is(201);
    }
    for wrong in
        ["", " ", "203.0.113.7:80", "203.0.113.7 203.0.113.8", "[::1]", "fe80::1%eth0", "203.0.113.07", "localhost"]
    {
        rig.client.send_body(json!({"subject": "ada", "ip": wrong})).await.refuses_field("ip");
    }
}

#[tokio::test]
async fn what_adorns_the_trail_is_cut_at_a_character_and_never_refused() {
    let rig = rig(&[]);
    // 510 bytes, then one character of two and one of three.
    let long = format!("{}éあ and more", "a".repeat(510));
    let agents = [
        ("a".repeat(513), "a".repeat(512)),
        (long.clone(), format!("{}é", "a".repeat(510))),
        (format!("a{long}"), "a".repeat(511)),
    ];
    for (n, (agent, _)) in agents.iter().enumerate() {
        let body =
            json!({"subject": format!("user{n}"), "ip": fresh_ip(), "user_agent": agent, "locale": "é".repeat(4000)});
        let sent = rig.client.send_body(body).await.is(201);
        let check = json!({"id": sent.str("id"), "code": sent.str("code"), "ip": fresh_ip(), "user_agent": agent});
        rig.client.check_body(check).await.approved();
        let path = format!("/v1/verifications/{}/delivery", sent.str("id"));
        rig.client.post(&path, &json!({"outcome": "failed", "detail": agent.repeat(9)})).await.is(204);
    }
    for event in events(&rig.sidecar, "send,check", 6).await {
        let Value::String(subject) = &event["who"]["subject"] else { panic!("{event}") };
        let (_, kept) = &agents[subject.strip_prefix("user").and_then(|n| n.parse::<usize>().ok()).expect("a number")];
        assert_eq!(event["who"]["user_agent"], json!(kept), "{event}");
    }
    for field in ["user_agent", "locale"] {
        for wrong in [json!(1), json!(true), json!(["a"]), json!({})] {
            let mut body = json!({"subject": "ada", "ip": fresh_ip()});
            body[field] = wrong;
            rig.client.send_body(body).await.refuses_field(field);
        }
    }
}
