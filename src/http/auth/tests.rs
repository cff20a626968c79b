use hyper::header::HeaderValue;

use super::*;
use crate::http::code::Code;

const OLD: &str = "0123456789abcdef0123456789abcdef";
const NEW: &str = "fedcba9876543210fedcba9876543210";

fn shop_and_bank() -> Authenticator {
    let key = |name: &str, secret: &str| NamedKey { name: name.into(), secret: secret.into() };
    Authenticator::new(&[key("shop", OLD), key("shop", NEW), key("bank", &"b".repeat(32))], Hosts::Loopback)
}

fn with(headers: &[(&'static str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, HeaderValue::from_str(value).unwrap());
    }
    map
}

fn ask(who: &Authenticator, headers: &[(&'static str, &str)]) -> Result<String, Code> {
    let uri = Uri::from_static("/v1/status");
    who.authenticate(&uri, &with(headers)).map(|name| name.to_string()).map_err(|problem| problem.code())
}

#[test]
fn each_key_names_its_tenant_in_any_spelling_of_the_scheme() {
    let who = shop_and_bank();
    for (value, name) in [
        (format!("Bearer {OLD}"), "shop"),
        (format!("bearer {NEW}"), "shop"),
        (format!("BEARER   {} ", "b".repeat(32)), "bank"),
    ] {
        assert_eq!(ask(&who, &[("authorization", &value)]).as_deref(), Ok(name), "{value}");
    }
}

#[test]
fn anything_else_is_unauthenticated() {
    let who = shop_and_bank();
    let good = format!("Bearer {OLD}");
    for value in ["", "Bearer", "Bearer ", "Basic YTpi", OLD, &good[..good.len() - 1], &format!("{good}0")] {
        assert_eq!(ask(&who, &[("authorization", value)]), Err(Code::Unauthenticated), "{value}");
    }
    assert_eq!(ask(&who, &[]), Err(Code::Unauthenticated));
    assert_eq!(ask(&who, &[("authorization", &good), ("authorization", &good)]), Err(Code::Unauthenticated));
    assert_eq!(ask(&who, &[("host", "localhost")]), Err(Code::Unauthenticated));
}

#[test]
fn without_keys_only_loopback_names_are_answered() {
    let who = Authenticator::new(&[], Hosts::Loopback);
    for host in ["localhost", "LocalHost:8080", "127.0.0.1", "127.9.8.7:1", "[::1]", "[::1]:8080"] {
        assert_eq!(ask(&who, &[("host", host)]).as_deref(), Ok("default"), "{host}");
    }
    for host in [
        "",
        "evil.example",
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
        assert_eq!(ask(&who, &[("host", host)]), Err(Code::Forbidden), "{host}");
    }
    assert_eq!(ask(&who, &[]), Err(Code::Forbidden), "no Host at all, as HTTP/1.0 allows");
    assert_eq!(ask(&who, &[("host", "localhost"), ("host", "evil.example")]), Err(Code::Forbidden));
    assert_eq!(ask(&who, &[("host", "localhost"), ("host", "localhost")]), Err(Code::Forbidden), "one too many");
}

#[test]
fn without_keys_a_unix_socket_takes_any_name_or_none() {
    let who = Authenticator::new(&[], Hosts::Any);
    for headers in [&[][..], &[("host", "unix")], &[("host", "")], &[("host", "evil.example"), ("host", "a")]] {
        assert_eq!(ask(&who, headers).as_deref(), Ok("default"), "{headers:?}");
    }
}

#[test]
fn the_target_of_the_request_counts_like_its_host() {
    let who = Authenticator::new(&[], Hosts::Loopback);
    let h2 = Uri::from_static("http://localhost:8080/livez");
    let absolute = Uri::from_static("http://evil.example/livez");
    assert!(who.authenticate(&h2, &HeaderMap::new()).is_ok());
    assert!(who.authenticate(&h2, &with(&[("host", "evil.example")])).is_err());
    assert!(who.authenticate(&absolute, &with(&[("host", "localhost")])).is_err());
}

#[test]
fn of_operators_some_may_only_look() {
    let key = |name: &str, secret: &str| NamedKey { name: name.into(), secret: secret.into() };
    let (admins, viewers) = ([key("ops", OLD)], [key("desk", NEW)]);
    let ask = |who: &Authenticator, header: &'static str, value: &str| {
        let operator = who.operator(&Uri::from_static("/"), &with(&[(header, value)]));
        operator.map(|operator| (operator.name.to_string(), operator.changes)).map_err(|problem| problem.code())
    };
    let who = Authenticator::of_operators(&admins, &viewers, Hosts::Any);
    assert_eq!(ask(&who, "authorization", &format!("Bearer {OLD}")), Ok(("ops".into(), true)));
    assert_eq!(ask(&who, "authorization", &format!("Bearer {NEW}")), Ok(("desk".into(), false)));
    assert_eq!(ask(&who, "host", "localhost"), Err(Code::Unauthenticated));
    assert_eq!(
        ask(&Authenticator::of_operators(&[], &viewers, Hosts::Any), "host", "localhost"),
        Err(Code::Unauthenticated),
        "viewers alone are no open door"
    );
    assert_eq!(
        ask(&Authenticator::of_operators(&[], &[], Hosts::Loopback), "host", "localhost"),
        Ok(("local".into(), true))
    );
}

#[test]
fn secrets_do_not_show() {
    assert!(!format!("{:?}", shop_and_bank()).contains("digest"));
}
