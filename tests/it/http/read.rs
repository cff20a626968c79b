//! What is read of a request: its hosts and origin, its trace, and how a wait is told.

use hyper::{
    Uri,
    header::{HeaderMap, HeaderValue},
};
use otp_sidecar::http::{
    Authenticator, Hosts, RequestId,
    request_id::trace_id,
    site::is_foreign,
    wait::{seconds, words},
};

fn with(headers: &[(&'static str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, HeaderValue::from_str(value).unwrap());
    }
    map
}

#[test]
fn without_keys_whatever_names_a_host_must_name_loopback_and_once() {
    let asks = |uri: &'static str, headers: &[(&'static str, &str)]| {
        let who = Authenticator::new(&[], Hosts::Loopback);
        who.operator(&Uri::from_static(uri), &with(headers)).is_ok()
    };
    for host in ["localhost", "LocalHost:8080", "127.0.0.1", "127.9.8.7:1", "[::1]", "[::1]:8080"] {
        assert!(asks("/", &[("host", host)]), "{host}");
    }
    for host in [
        "",
        "localhost.evil.example",
        "localhost.",
        "127.0.0.1.nip.io",
        "128.0.0.1",
        "[::2]",
        "::1",
        "[::1",
        "user@localhost",
        "localhost:80@evil.example",
        "127.1",
        "[::1]x",
        "localhost:x",
    ] {
        assert!(!asks("/", &[("host", host)]), "{host}");
    }
    assert!(!asks("/", &[]) && !asks("/", &[("host", "localhost"), ("host", "localhost")]), "none, or one too many");
    // HTTP/2 names it in the target.
    assert!(asks("http://localhost:8080/", &[]));
    assert!(!asks("http://localhost:8080/", &[("host", "evil.example")]));
    assert!(!asks("http://evil.example/", &[("host", "localhost")]));
}

#[test]
fn an_origin_is_of_the_host_whichever_of_them_names_the_port_of_the_scheme() {
    for (uri, headers, expected) in [
        ("/", &[("host", "Admin.Example:8081"), ("origin", "https://admin.example:8081")][..], false),
        ("/", &[("host", "admin.example"), ("origin", "https://admin.example")], false),
        ("/", &[("host", "admin.example:443"), ("origin", "https://admin.example")], false),
        ("/", &[("host", "admin.example:443"), ("origin", "http://admin.example")], true),
        ("/", &[("host", "admin.example:8081"), ("origin", "http://admin.example")], true),
        ("/", &[("host", "admin.example:8081"), ("origin", "ftp://admin.example:8081")], true),
        ("/", &[("host", "admin.example:8081"), ("origin", "admin.example:8081")], true),
        ("/", &[("origin", "http://a")], true),
        ("/", &[("host", "a"), ("origin", "http://a"), ("origin", "http://a")], true),
        ("/", &[("host", "a"), ("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site")], true),
        ("http://a/x", &[("origin", "http://a")], false),
        ("http://b/x", &[("host", "a"), ("origin", "http://a")], true),
    ] {
        assert_eq!(is_foreign(&Uri::from_static(uri), &with(headers)), expected, "{uri} {headers:?}");
    }
}

#[test]
fn an_id_of_ours_is_a_uuid_and_a_trace_is_that_of_a_valid_parent() {
    assert_eq!(
        RequestId::new(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef).as_str(),
        "01234567-89ab-4def-8123-456789abcdef"
    );
    let (trace, rest, zeros) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7-01", "0".repeat(32));
    for (parent, expected) in [
        (format!("00-{trace}-{rest}"), Some(trace)),
        (format!("cc-{trace}-{rest}-what-the-future-holds"), Some(trace)),
        (format!("00-{zeros}-{rest}"), None),
        (format!("00-{trace}-0000000000000000-01"), None),
        (format!("ff-{trace}-{rest}"), None),
        (format!("00-{trace}-{rest}-more"), None),
        (format!("00-{}-{rest}", trace.to_uppercase()), None),
        (format!("0-{trace}-{rest}"), None),
    ] {
        assert_eq!(trace_id(&with(&[("traceparent", &parent)])), expected, "{parent}");
    }
}

#[test]
fn a_wait_is_rounded_up_never_zero_and_told_in_the_unit_a_person_would_use() {
    assert_eq!([0, 1, 1000, 1001].map(seconds), [1, 1, 1, 2]);
    for (wait, told) in [
        (1, "1 second"),
        (119, "119 seconds"),
        (120, "2 minutes"),
        (121, "3 minutes"),
        (7_140, "119 minutes"),
        (7_141, "2 hours"),
        (7_201, "3 hours"),
    ] {
        assert_eq!(words(wait), told, "{wait} s");
    }
}
