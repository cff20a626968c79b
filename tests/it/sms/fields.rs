//! What a call may say of where a code goes.

use serde_json::{Value, json};

use super::{ANN, provider::Provider, rig, sms_to};

#[tokio::test]
async fn what_is_no_number_or_no_other_way_is_refused_and_not_repeated() {
    let provider = Provider::start();
    let rig = rig(&provider, &[("SMS", "200"), ("EMAIL", "200")], &[]);
    for to in [
        "",
        "+",
        "17112345612",
        "0049171123456",
        "+0171123456",
        "+49 171 1234561",
        "+49(171)1234561",
        "+4917112345612\n",
        "+4917112345612\r\nX: y",
        "+4917112345612\u{0}",
        "\u{202e}+4917112345612",
        "+４９１７１１２３４５６",
        "tel:+4917112345612",
        "+4917112345612,+4917112345613",
        "+491711234561234567",
        "ann@example.com",
    ] {
        let mut body = sms_to("ann");
        body["to"] = json!(to);
        let refused = rig.client.send_body(body).await.refuses_field("to");
        assert!(to.len() < 4 || !refused.text.contains(to), "{}", refused.text);
    }
    let mut body = sms_to("ann");
    (body["channel"], body["to"]) = (json!("email"), json!(ANN));
    rig.client.send_body(body).await.refuses_field("to");
    rig.client.send_body(sms_to("ann")).await.refuses_field("to");
    let way = |to: &str| json!({"channel": "sms", "to": to});
    let other = "+4917112345699";
    for fallback in [
        json!("sms"),
        json!({}),
        json!([1]),
        json!([[]]),
        json!([{"channel": "sms"}]),
        json!([{"to": other}]),
        json!([{"channel": "return", "to": other}]),
        json!([{"channel": "pigeon", "to": other}]),
        json!([{"channel": "email", "to": other}]),
        json!([{"channel": "sms", "to": other, "locale": "de"}]),
        json!([way(ANN)]),
        json!([way(other), way(other)]),
        json!([way(other), way("+4917112345698"), way("+4917112345697"), way("+4917112345696")]),
    ] {
        let mut body = sms_to(ANN);
        body["fallback"] = fallback.clone();
        let refused = rig.client.send_body(body).await.refuses_field("fallback");
        assert!(!refused.text.contains("+4917"), "{fallback}: {}", refused.text);
    }
    let twice = format!(
        r#"{{"subject":"{ANN}","channel":"sms","fallback":[{{"channel":"sms","to":"{other}","to":"{ANN}"}}]}}"#
    );
    rig.client.post_text("/v1/verifications", twice).await.refuses_field("fallback");
    for (field, value) in [
        ("app_hash", json!("short")),
        ("app_hash", json!("FA+9qCX9VS\n")),
        ("app_hash", json!("FA+9qCX9VSu=")),
        ("app_hash", json!(1)),
        ("locale", json!("de\u{202e}")),
        ("channel", json!("SMS")),
        ("channel", json!("a_name_that_is_too_long")),
    ] {
        let mut body = sms_to(ANN);
        body[field] = value.clone();
        rig.client.send_body(body).await.refuses_field(field);
    }
    // An app's hash is read from SMS alone, and nothing of this goes with a code that the caller delivers.
    let mut body = sms_to("ann@example.com");
    (body["channel"], body["app_hash"]) = (json!("email"), json!("FA+9qCX9VSu"));
    rig.client.send_body(body).await.refuses_field("app_hash");
    for (field, value) in
        [("to", json!(ANN)), ("fallback", json!([])), ("app_hash", json!("x")), ("code", json!("123456"))]
    {
        let body = json!({"subject": "ann", "ip": "198.51.100.7", field: value});
        rig.client.send_body(body).await.refuses_field(field);
    }
    assert!(provider.asked().is_empty());
}

/// The same ways in another order are another call; the same call in other white space is not.
#[tokio::test]
async fn another_way_is_another_body() {
    let provider = Provider::start();
    let rig = rig(&provider, &[("SMS", "200"), ("CALL", "200")], &[]);
    let client = rig.sidecar.client().with_header("Idempotency-Key", "one");
    let with = |fallback: &Value| {
        let mut body = sms_to(ANN);
        (body["fallback"], body["ip"]) = (fallback.clone(), json!("198.51.100.7"));
        body
    };
    let first = json!([{"channel": "call", "to": ANN}, {"channel": "sms", "to": "+4917112345699"}]);
    let answer = client.send_body(with(&first)).await.is(201);
    assert_eq!(client.send_body(with(&first)).await.is(201).body, answer.body);
    let swapped = json!([first[1], first[0]]);
    client.send_body(with(&swapped)).await.refused(422, "idempotency_key_reused");
    let text = format!(
        r#"{{"ip":"198.51.100.7","channel":"sms", "subject":"{ANN}", "fallback":[ {{"to":"{ANN}","channel":"call"}},{{"channel":"sms","to":"+4917112345699"}}]}}"#
    );
    assert_eq!(client.post_text("/v1/verifications", text).await.is(201).body, answer.body);
}
