//! Request files: what is made of one, and which are none.

use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::header::HeaderValue;
use otp_sidecar::{
    delivery::{
        Letter,
        http::{Form, Http, RequestFile},
        templates::{SAMPLE, Words},
    },
    net::{Client, Endpoint},
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

async fn made(file: &str) -> Result<(String, Vec<(String, String)>, String), String> {
    let file = RequestFile::parse(file, Some("s3cret".to_owned().into()))?;
    let client = Client::new(Endpoint::parse("http://127.0.0.1/v1").unwrap(), None, Duration::from_secs(1));
    let http = Http::new(client, Form::File(Box::new(file)));
    let text = Zeroizing::new("1 \"2\"\n".to_owned());
    let words = Words { from: None, subject: Zeroizing::default(), text, html: None };
    let request = http.request(&Letter { id: "id1", to: "a&b=c@d.example", occasion: &SAMPLE, words: &words })?;
    let (head, body) = request.into_parts();
    let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
    let headers = head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    let body = body.collect().await.unwrap().to_bytes();
    Ok((format!("{} {}", head.method, head.uri), headers, String::from_utf8(body.to_vec()).unwrap()))
}

#[tokio::test]
async fn a_value_is_written_as_its_place_wants_it() {
    let form = "# ours\nPOST /send/{{ to }}?x=1 HTTP/1.1\nAuthorization: Basic {{ secret }}\nContent-Type: application/x-www-form-urlencoded\n\nTo={{ to }}&Body={{ text }}\n";
    let (line, headers, body) = made(form).await.unwrap();
    assert_eq!(line, "POST /v1/send/a%26b%3Dc%40d%2Eexample?x=1");
    assert!(headers.contains(&("authorization".into(), "Basic s3cret".into())));
    assert!(headers.contains(&("idempotency-key".into(), "id1".into())));
    assert_eq!(body, "To=a%26b%3Dc%40d%2Eexample&Body=1%20%222%22%0A");
    for kind in ["application/json; charset=utf-8", "Application/JSON ;x", "application/vnd.api+json"] {
        let file = format!("POST /x\nContent-Type: {kind}\n\n{{\"to\": {{{{ to }}}}, \"t\": {{{{ text }}}}}}");
        let (_, _, body) = made(&file).await.unwrap();
        let body: Value = serde_json::from_str(&body).unwrap_or_else(|_| panic!("{kind}: {body}"));
        assert_eq!(body, json!({"to": "a&b=c@d.example", "t": "1 \"2\"\n"}), "{kind}");
    }
}

#[tokio::test]
async fn mistakes_are_found_and_no_value_is_told() {
    for (file, why) in [
        ("", "no line such as"),
        ("POST\n\n", "no line such as"),
        ("POST /x\nnothing\n\n", "no header"),
        ("@accept 200\nPOST /x\n", "neither"),
        ("@accept x = 1\nPOST /x\n", "neither"),
        ("@accept /x = y\nPOST /x\n", "neither"),
        ("POST /x\n\n{{ kode }}", "cannot be used"),
        ("POST /x\n\n{{ to", "has a mistake"),
        ("POST /x\nX: {{ text }}\n\n", "makes no request"),
        ("POST x y\n\n", "makes no request"),
    ] {
        let told = made(file).await.unwrap_err();
        assert!(told.contains(why) && !told.contains("example"), "{file:?}: {told}");
    }
}
