//! Whatever is wrong is told in Twilio's words, and never as a problem document.

use std::collections::HashMap;

use hyper::Method;

use super::{Door, LOGIN, form, open, refused};
use crate::{
    sms::ANN,
    support::{Answer, keys},
};

const VA: &str = "VA00000000000000000000000000000001";

#[tokio::test]
async fn forms_that_are_none_are_60200() {
    let (rig, provider) = open(&[]);
    let door = Door::of(&rig.sidecar);
    let fields = |n: usize| (0..n).map(|n| format!("&f{n}=1")).collect::<String>();
    let good = "To=%2B4917112345612&Channel=sms";
    let bad = [
        String::new(),
        "Channel=sms".into(),
        "To=&Channel=sms".into(),
        "To=%2B4917112345612".into(),
        "to=%2B4917112345612&channel=sms".into(),
        // A plus that is not encoded is a space.
        "To=+4917112345612&Channel=sms".into(),
        format!("{good}&To=%2B4917112345612"),
        format!("{good}&%54o=%2B4917112345612"),
        format!("{good}&x=1&x=2"),
        format!("{good}{}", fields(99)),
        format!("{good}&x=%"),
        format!("{good}&x=%4"),
        format!("{good}&x=%zz"),
        format!("{good}&%zz=1"),
        format!("{good}&x=%ff"),
        format!("{good}&x={}", "y".repeat(17_000)),
        "{\"To\":\"+4917112345612\",\"Channel\":\"sms\"}".into(),
        "\u{0}".into(),
    ];
    for body in bad {
        let shown = &body[..body.len().min(60)];
        let answer = door.try_post("Verifications", body.clone()).await.unwrap();
        let answer = refused(answer, 400, 60200);
        assert!(answer.str("message").starts_with("Invalid parameter"), "{shown}: {answer:?}");
    }
    let json = Door(door.0.clone().with_header("content-type", "application/json"));
    refused(json.post("Verifications", good).await, 400, 60200);
    let none = Door(door.0.clone().with_header("content-type", "text/plain"));
    refused(none.post("VerificationCheck", good).await, 400, 60200);
    assert!(provider.asked().is_empty());
    door.post("Verifications", &format!("{good}{}", fields(98))).await.is(201);
}

/// Where no key is asked for, a page that somebody has open could send codes to others, and lock them.
#[tokio::test]
async fn a_page_of_another_site_does_nothing() {
    let (rig, provider) = open(&[]);
    let door = Door::of(&rig.sidecar);
    for (name, value) in [("origin", "http://evil.example"), ("sec-fetch-site", "cross-site")] {
        let page = Door(door.0.clone().with_header(name, value));
        refused(page.post("Verifications", "To=%2B4917112345612&Channel=sms").await, 403, 20403);
        refused(page.post("VerificationCheck", "To=%2B4917112345612&Code=123456").await, 403, 20403);
    }
    assert!(provider.asked().is_empty());
}

#[tokio::test]
async fn values_that_are_none_are_60200_and_named() {
    let (rig, provider) = open(&[]);
    let door = Door::of(&rig.sidecar);
    let create = [
        ("To", "4917112345612"),
        ("To", "004917112345612"),
        ("To", "+49 171 12345612"),
        ("To", "ann@shop.example"),
        ("To", "whatsapp:+4917112345612"),
        ("To", "+49171123456121234567"),
        ("To", "+4917112345612\r\nx"),
        ("Channel", "sna"),
        ("Channel", "SMS "),
        ("Channel", "SNA"),
        ("Channel", "return"),
        ("Locale", "de AT"),
        ("AppHash", "short"),
        ("CustomCode", "271828"),
        ("CustomFriendlyName", "a\nb"),
        ("Amount", "39.99"),
        ("Payee", "Acme"),
        ("DeviceIp", "203.0.113.5:80"),
        ("RateLimits", "203.0.113.5"),
        ("RateLimits", "[]"),
    ];
    for (name, value) in create {
        let answer = refused(create_with(&door, name, value).await, 400, 60200);
        assert_eq!(answer.str("message"), format!("Invalid parameter: {name}"), "{value:?}");
    }
    refused(door.create(ANN, &[("Channel", "whatsapp")]).await, 400, 60223);
    let taken = [
        ("Channel", "auto"),
        ("SendDigits", "ww1"),
        ("Tags", "{}"),
        ("RiskCheck", "disable"),
        ("TemplateSid", "HJ00000000000000000000000000000001"),
        ("CustomMessage", "Hi"),
        ("ChannelConfiguration", "{}"),
        ("TemplateCustomSubstitutions", "{}"),
        ("RateLimits", "{\"a\":\"b\"}"),
        ("Later", "whatever comes"),
    ];
    door.create("+4917112345613", &taken).await.is(201);
    let codes = ["12345", "1234567", "12345x", "", "%2B12345"];
    for code in codes {
        let answer = refused(door.check("+4917112345613", code).await, 400, 60200);
        assert_eq!(answer.str("message"), "Invalid parameter: Code");
    }
    let by = |fields: &[(&str, &str)]| form(&fields.iter().copied().collect::<HashMap<_, _>>());
    for (fields, name) in [
        (&[("Code", "123456")][..], "To"),
        (&[("To", "+4917112345613")], "Code"),
        (&[("To", "a\tb"), ("Code", "123456")], "To"),
        (&[("To", "+4917112345613"), ("Code", "123456"), ("Amount", "1")], "Amount"),
        (&[("To", "+4917112345613"), ("Code", "123456"), ("SnaClientToken", "1")], "SnaClientToken"),
    ] {
        let answer = refused(door.post("VerificationCheck", &by(fields)).await, 400, 60200);
        assert_eq!(answer.str("message"), format!("Invalid parameter: {name}"));
    }
    // What was refused was compared with nothing.
    let status = rig.client.status("+4917112345613").await;
    assert_eq!(status["failed_attempts"], 0);
    provider.wait(1);
}

#[tokio::test]
async fn paths_and_sids_that_are_none_are_20404() {
    let (rig, _) = open(&[]);
    let door = Door::of(&rig.sidecar);
    let sid = door.create(ANN, &[]).await.is(201).str("sid").to_owned();
    let changed = format!("{}{}", &sid[..33], if sid.ends_with('0') { '1' } else { '0' });
    let wrong =
        [&sid[..33], &format!("{sid}0"), &sid[2..], "VE", &changed, "%zz", "%", "%ff", "%00", "x/y", "x%2Fy", ""];
    for of in wrong {
        let answer = refused(door.get(&format!("Verifications/{of}")).await, 404, 20404);
        let text = format!("The requested resource /Services/{LOGIN}/Verifications/{of} was not found");
        assert_eq!(answer.str("message"), text);
        refused(door.post(&format!("Verifications/{of}"), "Status=canceled").await, 404, 20404);
    }
    for sid in [&sid[..33], "VE", "x", &changed] {
        let body = form(&[("VerificationSid", sid), ("Code", "123456")].into());
        refused(door.post("VerificationCheck", &body).await, 404, 20404);
    }
    for path in [
        "/v2",
        "/v2/",
        "/v2/Services",
        "/v2/Services/",
        "/v2/Services/VA1/Verifications",
        "/v2/Services/VA00000000000000000000000000000002",
        "/v2/Services/VA00000000000000000000000000000001/",
        "/v2/Services/VA00000000000000000000000000000001/VerificationChecks",
        "/v2/Services/VA00000000000000000000000000000001/Verifications/VE/x",
        "/v2/Services/VA00000000000000000000000000000001/Entities",
    ] {
        let answer = door.0.get(path).await;
        if path == "/v2" {
            answer.refused(404, "not_found")
        } else {
            refused(answer, 404, 20404)
        };
    }
    for (method, path) in [
        (Method::GET, "Verifications".to_owned()),
        (Method::GET, "VerificationCheck".to_owned()),
        (Method::DELETE, format!("Verifications/{sid}")),
        (Method::PUT, "VerificationCheck".to_owned()),
    ] {
        let answer = refused(door.0.call(method, &format!("/v2/Services/{VA}/{path}")).await, 405, 20004);
        assert!(answer.header("allow").is_some());
    }
    // Behind all that the code is still pending.
    door.get(&format!("Verifications/{sid}")).await.is(200);
    refused(Door::at(rig.sidecar.app(), keys::ADMIN_KEY).get("").await, 404, 20404);
}

/// A send with one field other than it should be.
async fn create_with(door: &Door, name: &str, value: &str) -> Answer {
    let (to, more) = if name == "To" { (value, vec![]) } else { (ANN, vec![(name, value)]) };
    door.create(to, &more).await
}
