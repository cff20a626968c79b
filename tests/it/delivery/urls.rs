//! Relays, providers and keys as variables name them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use lettre::transport::smtp::authentication::Credentials;
use otp_sidecar::{
    delivery::smtp::Relay,
    net::{Endpoint, Signer},
    policy::Prefixes,
};

#[test]
fn urls_of_relays() {
    let relay = Relay::parse("smtps://me%40x:p%2Fw@mail.example:2465").unwrap();
    let (server, login) = (relay.server, relay.login.unwrap());
    assert_eq!((server.secure, server.host.as_str(), server.port), (true, "mail.example", 2465));
    assert!(login == Credentials::new("me@x".into(), "p/w".into()) && !format!("{login:?}").contains("p/w"));
    for (url, secure, starts_tls, host, port) in [
        ("smtps://mail.example", true, false, "mail.example", 465),
        ("smtp://mail.example/", true, true, "mail.example", 587),
        ("SMTP+plain://[::1]:2525", false, false, "::1", 2525),
        ("smtp+plain://127.0.0.1", false, false, "127.0.0.1", 25),
    ] {
        let relay = Relay::parse(url).unwrap();
        let (server, starts) = (relay.server, relay.starts_tls);
        assert_eq!(
            (server.secure, starts, server.host.as_str(), server.port),
            (secure, starts_tls, host, port),
            "{url}"
        );
    }
    for url in [
        "",
        "mail.example",
        "https://mail.example",
        "smtps://",
        "smtps://u@mail.example",
        "smtps://u:@mail.example",
        "smtps://u:p/q@mail.example",
        "smtps://mail.example:0",
        "smtps://mail.example:x",
        "smtps://mail.example/x",
        "smtps://[::1]x",
        "smtps://a b",
        "smtps://mail.exam\nple",
        "smtps://u:%ff@mail.example",
    ] {
        let why = Relay::parse(url).unwrap_err();
        assert!(url.is_empty() || !why.contains("p/q"), "{url}: {why}");
    }
}

#[test]
fn urls_of_providers() {
    let endpoint = Endpoint::parse("https://api.example:8443/v1/send?x=1").unwrap();
    assert_eq!((endpoint.host.as_str(), endpoint.port, endpoint.path.as_str()), ("api.example", 8443, "/v1/send?x=1"));
    for (url, authority, port) in [
        ("https://api.example", "api.example", 443),
        ("http://localhost:81/", "localhost:81", 81),
        ("http://[::1]/x", "[::1]", 80),
        ("http://127.0.0.9", "127.0.0.9", 80),
    ] {
        let endpoint = Endpoint::parse(url).unwrap();
        assert_eq!((endpoint.authority.as_str(), endpoint.port), (authority, port), "{url}");
    }
    for url in [
        "",
        "api.example",
        "/x",
        "http://api.example",
        "http://192.0.2.1",
        "http://127.0.0.1.example",
        "ftp://127.0.0.1",
        "https://me:secret@api.example",
        "https://api.example/x#y",
        "https://",
        "https://a b",
        "https://api.example:x",
    ] {
        let why = Endpoint::parse(url).unwrap_err();
        assert!(!why.contains("secret"), "{url}: {why}");
    }
}

/// The example of the specification's own libraries.
#[test]
fn a_signature_as_the_specification_has_it() {
    let key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let signer = Signer::parse(key).unwrap();
    let signature = signer.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
    assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    let two = Signer::parse(&format!("{key}, whsec_{}", STANDARD.encode([7; 32]))).unwrap();
    assert_eq!(two.sign("id", 1, b"x").split(' ').count(), 2);
    for list in ["", "whsec_", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &format!("{key},"), "whsec_!"] {
        assert!(Signer::parse(list).is_err(), "{list}");
    }
}

#[test]
fn the_longest_prefix_decides() {
    let prefixes = Prefixes::parse("+49, +1,-+1876,+18765").unwrap();
    for (number, label, allowed) in [
        ("+4917112345", "+49", true),
        ("+12025550123", "+1", true),
        ("+18761234567", "+1876", false),
        ("+18765234567", "+18765", true),
        ("+4317112345", "other", false),
    ] {
        assert_eq!(prefixes.of(number), (label, allowed), "{number}");
    }
    assert_eq!(Prefixes::parse("*,-+53").unwrap().of("+4917112345"), ("*", true));
    assert_eq!(Prefixes::parse("*,-+53").unwrap().of("+5317112345"), ("+53", false));
    for text in ["", "49", "+", "+049", "+49,,+1", "-*", "+4a", "+49;+1", "--+1", "+1,-+1", "+１"] {
        assert!(Prefixes::parse(text).is_none(), "{text}");
    }
}
