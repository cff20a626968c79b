//! Bodies that are none.

use hyper::{Method, body::Bytes};
use serde_json::json;

use crate::support::{Answer, Client, Rig, client::fresh_ip, keys};

const PATHS: [&str; 3] = ["/v1/verifications", "/v1/verifications/check", "/v1/status"];

async fn post(client: &Client, path: &str, body: impl Into<Bytes>) -> Answer {
    client.try_call(Method::POST, path, body.into()).await.expect("an answer")
}

#[tokio::test]
async fn what_is_no_json_object_is_malformed() {
    let rig = Rig::start(&[]);
    let json = rig.client.clone().with_header("content-type", "application/json");
    let bodies: [&[u8]; 17] = [
        b"",
        b" ",
        b"null",
        b"true",
        b"17",
        b"\"ada\"",
        b"[]",
        b"[{\"subject\":\"ada\"}]",
        b"{",
        b"{\"subject\":\"ada\"",
        b"{\"subject\":\"ada\"}}",
        b"{\"subject\":\"ada\",}",
        b"{subject:\"ada\"}",
        b"{\"subject\":\"ada\"} {\"subject\":\"ada\"}",
        b"{\"subject\":NaN}",
        b"\xef\xbb\xbf{\"subject\":\"ada\"}",
        b"\0",
    ];
    for path in PATHS {
        for body in bodies {
            post(&json, path, body).await.refused(400, "malformed");
        }
    }
    assert_eq!(rig.counted("ada").await, (0, 0));
}

#[tokio::test]
async fn a_byte_order_mark_is_called_by_its_name() {
    let rig = Rig::start(&[]);
    let paths = ["/v1/verifications/x/cancel", "/v1/guard/failure"];
    for path in PATHS.into_iter().chain(paths) {
        for body in [&b"\xef\xbb\xbf{\"subject\":\"ada\"}"[..], b"\xef\xbb\xbf", b"\xff\xfe{\0}\0", b"\xfe\xff\0{\0}"] {
            let answer = post(&rig.client, path, body).await.refused(400, "malformed");
            assert!(answer.str("detail").starts_with("The body begins with a byte order mark"), "{answer:?}");
        }
    }
    let admin = rig.sidecar.admin_client();
    let answer = post(&admin, "/admin/v1/unlock", &b"\xef\xbb\xbf{}"[..]).await.refused(400, "malformed");
    assert!(answer.str("detail").contains("byte order mark"), "{answer:?}");
}

/// What clients send where there is nothing to send: axios and Go's nil map `null`, PHP's empty array `[]`.
#[tokio::test]
async fn a_call_that_needs_no_body_takes_whatever_stands_for_none() {
    let rig = Rig::unlimited(&[]);
    let typed = rig.client.clone().with_header("content-type", "application/json");
    for body in ["", " ", "\r\n", "null", " null\n", "{}", "{ }", "[]", "[ ]"] {
        let issued = rig.client.issue("ada").await;
        let path = format!("/v1/verifications/{}/cancel", issued.id);
        assert_eq!(post(&typed, &path, body).await.is(200).str("status"), "canceled", "{body:?}");
        rig.client.check_id(&issued.id, &issued.code).await.rejected("canceled", "canceled");
    }
    let issued = rig.client.issue("ada").await;
    let path = format!("/v1/verifications/{}/cancel", issued.id);
    for body in ["[null]", "[{}]", "false", "0", "\"\"", "{", "nul", "{}{}"] {
        post(&typed, &path, body).await.refused(400, "malformed");
    }
    post(&typed, &path, "{\"reason\":null}").await.refuses_field("reason");
    rig.client.check_id(&issued.id, &issued.code).await.approved();
    // What a call cannot do without is not there in any of them.
    for path in PATHS {
        for body in ["", "null", "[]"] {
            post(&typed, path, body).await.refused(400, "malformed");
        }
    }
}

#[tokio::test]
async fn what_is_no_utf_8_is_malformed() {
    let rig = Rig::start(&[]);
    for path in PATHS {
        for bad in [&b"\xff"[..], b"\xc3", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\xc0\xaf"] {
            let body = [b"{\"subject\":\"ada", bad, b"\"}"].concat();
            post(&rig.client, path, body).await.refused(400, "malformed");
        }
    }
}

#[tokio::test]
async fn half_a_surrogate_pair_is_malformed() {
    let rig = Rig::start(&[]);
    for half in [r"\ud83d", r"\ude00", r"\ud83dx", r"\ude00\ud83d"] {
        let body = format!(r#"{{"subject":"ada{half}","ip":"203.0.113.7"}}"#);
        post(&rig.client, PATHS[0], body).await.refused(400, "malformed");
    }
}

#[tokio::test]
async fn a_key_said_twice_is_malformed() {
    let rig = Rig::start(&[]);
    for path in PATHS {
        for body in [
            r#"{"subject":"ada","subject":"bob","ip":"203.0.113.7"}"#,
            r#"{"subject":"ada","subject":"ada","ip":"203.0.113.7"}"#,
            r#"{"subject":"ada","\u0073ubject":"bob","ip":"203.0.113.7"}"#,
        ] {
            post(&rig.client, path, body).await.refused(400, "malformed");
        }
    }
    let issued = rig.client.issue("cyd").await;
    let body = format!(r#"{{"id":"{}","code":"000000","code":"{}","ip":"203.0.113.7"}}"#, issued.id, issued.code);
    post(&rig.client, PATHS[1], body).await.refused(400, "malformed");
    assert_eq!((rig.counted("ada").await, rig.counted("cyd").await), ((0, 0), (0, 1)));
}

#[tokio::test]
async fn depth_is_refused_and_not_descended_into() {
    let rig = Rig::start(&[]);
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        for depth in [200, 2000] {
            let body = format!("{{\"subject\":{}1{}}}", open.repeat(depth), close.repeat(depth));
            post(&rig.client, PATHS[0], body).await.refused(400, "malformed");
        }
    }
    post(&rig.client, PATHS[0], "[".repeat(16_000)).await.refused(400, "malformed");
    rig.client.issue("ada").await;
}

#[tokio::test]
async fn a_body_longer_than_allowed_is_refused_unread() {
    let rig = Rig::start(&[("OTP_MAX_BODY_BYTES", "4096")]);
    let body = |length: usize| {
        let empty = json!({"subject": "ada", "ip": "203.0.113.7"}).to_string();
        format!("{}{empty}", " ".repeat(length - empty.len()))
    };
    post(&rig.client, PATHS[0], body(4097)).await.refused(413, "too_large");
    assert_eq!(rig.counted("ada").await, (0, 0));
    post(&rig.client, PATHS[0], body(4096)).await.is(201);
    let request = format!(
        "POST {} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: 99999999999\r\n\r\n{{",
        PATHS[0],
        keys::KEY
    );
    let answer = rig.client.raw(request.as_bytes()).await;
    assert!(answer.starts_with(b"HTTP/1.1 413 "), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn a_chunked_body_is_measured_as_it_comes() {
    let rig = Rig::start(&[("OTP_MAX_BODY_BYTES", "4096")]);
    let chunk = format!("400\r\n{}\r\n", " ".repeat(0x400));
    let request = format!(
        "POST {} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n{}0\r\n\r\n",
        PATHS[0],
        keys::KEY,
        chunk.repeat(5)
    );
    let answer = rig.client.raw(request.as_bytes()).await;
    assert!(answer.starts_with(b"HTTP/1.1 413 "), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn too_many_headers_are_refused() {
    let rig = Rig::start(&[]);
    let request = format!("GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Long: {}\r\n\r\n", "a".repeat(1 << 20));
    let answer = rig.client.raw(request.as_bytes()).await;
    assert!(answer.starts_with(b"HTTP/1.1 431 "), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn what_is_no_http_ends_the_connection_and_nothing_else() {
    let rig = Rig::start(&[]);
    for bytes in [
        &b"\0\0\0\0\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        b"POST /v1/status HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello over tls\r\n\r\n",
    ] {
        let answer = rig.client.raw(bytes).await;
        assert!(!answer.starts_with(b"HTTP/1.1 2"), "{}", String::from_utf8_lossy(&answer));
    }
    rig.client.issue("ada").await;
}

#[tokio::test]
async fn a_field_of_a_wrong_type_is_named() {
    let rig = Rig::start(&[]);
    let wrong = [json!(null), json!(17), json!(true), json!(["ada"]), json!({"a": "ada"}), json!(1.5)];
    for value in &wrong {
        for field in ["subject", "purpose", "ip", "user_agent", "device_id", "locale", "channel", "consent"] {
            // An optional field that is null is as good as one left out.
            if value.is_null() && field != "subject" {
                continue;
            }
            let mut body = json!({"subject": "ada", "ip": fresh_ip()});
            body[field] = value.clone();
            rig.client.send_body(body).await.refuses_field(field);
        }
        rig.client.post(PATHS[2], &json!({"subject": value})).await.refuses_field("subject");
    }
    for value in &wrong[1..] {
        let body = json!({"id": value, "code": "123456", "ip": fresh_ip()});
        rig.client.check_body(body).await.refuses_field("id");
    }
    assert_eq!(rig.counted("ada").await, (0, 0));
}

#[tokio::test]
async fn an_unknown_field_is_named() {
    let rig = Rig::start(&[]);
    for field in ["Subject", "sub ject", "attempts_left", "__proto__", "valid", ""] {
        let mut body = json!({"subject": "ada", "ip": fresh_ip()});
        body[field] = json!("x");
        rig.client.send_body(body.clone()).await.refuses_field(field);
        body["code"] = json!("123456");
        rig.client.check_body(body).await.refuses_field(field);
    }
    // Not at any length.
    let long = json!({"subject": "ada", "é".repeat(100): 1});
    rig.client.send_body(long).await.refuses_field(&"é".repeat(64));
    rig.client.send_body(json!({"ip": fresh_ip()})).await.refuses_field("subject");
    // What was misspelt is named, not what is missing for it.
    for path in PATHS.into_iter().chain(["/v1/guard/request", "/v1/guard/failure", "/v1/guard/success"]) {
        rig.client.post(path, &json!({"email": "x"})).await.refuses_field("email");
        rig.client.post(path, &json!({"email": null, "subject": null})).await.refuses_field("email");
    }
    assert_eq!(rig.counted("ada").await, (0, 0));
}
