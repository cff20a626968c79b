use super::{KEY, accepted, one_mistake, refused, warnings};
use otp_sidecar::config::ListenAddr;

#[test]
fn a_listener_is_an_address_with_its_port_or_a_unix_socket() {
    for (text, shown) in [
        ("127.0.0.1:9000", "127.0.0.1:9000"),
        ("localhost:9000", "127.0.0.1:9000"),
        ("[::1]:9000", "[::1]:9000"),
        ("unix:/run/otp.sock", "unix:/run/otp.sock"),
    ] {
        assert_eq!(accepted(&[("OTP_LISTEN", text)]).listen.to_string(), shown);
    }
    let longest = format!("unix:/{}", "s".repeat(106));
    assert!(matches!(accepted(&[("OTP_LISTEN", &longest)]).listen, ListenAddr::Unix(_)));
    for text in ["unix:", &format!("{longest}s")] {
        one_mistake(&[("OTP_LISTEN", text)], "OTP_LISTEN", "1 to 107 bytes");
    }
    for text in ["8080", ":8080", "example.org:80", "127.0.0.1", "127.0.0.1:65536", "localhost:", "::1:80:x"] {
        one_mistake(&[("OTP_LISTEN", text)], "OTP_LISTEN", "must be `ip:port`");
        one_mistake(&[("OTP_ADMIN_LISTEN", text)], "OTP_ADMIN_LISTEN", "must be `ip:port`");
    }
}

#[test]
fn both_listeners_at_one_address_are_a_mistake_except_at_port_0() {
    for same in ["127.0.0.1:9000", "unix:/run/otp.sock"] {
        one_mistake(&[("OTP_LISTEN", same), ("OTP_ADMIN_LISTEN", same)], "OTP_ADMIN_LISTEN", "must differ");
    }
    accepted(&[("OTP_LISTEN", "127.0.0.1:0"), ("OTP_ADMIN_LISTEN", "127.0.0.1:0")]);
}

#[test]
fn without_a_key_only_this_machine_may_reach_a_listener() {
    for outside in ["0.0.0.0:80", "[::]:80", "192.0.2.1:80", "[::ffff:192.0.2.1]:80"] {
        one_mistake(&[("OTP_LISTEN", outside)], "OTP_API_KEYS", "must be set");
        one_mistake(&[("OTP_ADMIN_LISTEN", outside)], "OTP_ADMIN_KEYS", "must be set");
        accepted(&[("OTP_LISTEN", outside), ("OTP_API_KEYS", &format!("shop:{KEY}"))]);
        accepted(&[("OTP_ADMIN_LISTEN", outside), ("OTP_VIEWER_KEYS", &format!("bob:{KEY}"))]);
    }
    for local in ["127.0.0.1:80", "127.9.9.9:80", "[::1]:80", "[::ffff:127.0.0.1]:80", "unix:/run/otp.sock"] {
        let said = warnings(&[("OTP_LISTEN", local)]);
        assert!(said[0].starts_with("OTP_API_KEYS is not set") && said[0].contains("tenant `default`"), "{said:?}");
        assert!(said[1].starts_with("OTP_ADMIN_KEYS is not set"), "{said:?}");
    }
    let keys = [("OTP_API_KEYS", format!("shop:{KEY}")), ("OTP_ADMIN_KEYS", format!("ann:{KEY}-2"))];
    let keys: Vec<_> = keys.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert!(warnings(&keys).is_empty());
}

#[test]
fn a_bad_key_does_not_hide_that_the_listener_is_open() {
    let mistakes = refused(&[("OTP_LISTEN", "0.0.0.0:80"), ("OTP_API_KEYS", "x"), ("OTP_ADMIN_LISTEN", "0.0.0.0:81")]);
    assert_eq!(mistakes.len(), 2, "{mistakes:?}");
    assert!(mistakes.iter().any(|m| m.starts_with("OTP_ADMIN_KEYS must be set")));
}

#[test]
fn keys_name_their_bearer_and_are_long_and_visible() {
    let exactly = "x".repeat(32);
    let config = accepted(&[("OTP_API_KEYS", &format!("a-b_1:{exactly}, z:{}:{KEY}", KEY))]);
    assert_eq!((config.keys.api[0].name.as_str(), config.keys.api.len()), ("a-b_1", 2));
    for (entry, part) in [
        (KEY.to_owned(), "entry 1 is not of the form"),
        (format!("Shop:{KEY}"), "entry 1 must begin with a name"),
        (format!(":{KEY}"), "entry 1 must begin with a name"),
        (format!("{}:{KEY}", "a".repeat(33)), "entry 1 must begin with a name"),
        (format!("a:{}", "x".repeat(31)), "of 31 characters"),
        ("a:".to_owned(), "of 0 characters"),
        (format!("a:{KEY} {KEY}"), "visible ASCII"),
        (format!("a:{KEY}é"), "visible ASCII"),
        (format!("a:{KEY},"), "entry 2 is empty"),
        (format!("a:{KEY}\nb:{KEY}"), "visible ASCII"),
    ] {
        for name in ["OTP_API_KEYS", "OTP_ADMIN_KEYS", "OTP_VIEWER_KEYS"] {
            one_mistake(&[(name, &entry)], name, part);
        }
    }
}

#[test]
fn one_tenant_may_have_two_keys_and_one_key_only_one_bearer() {
    let twice = format!("shop:{KEY},shop:{KEY}-new");
    assert_eq!(accepted(&[("OTP_API_KEYS", &twice)]).keys.api.len(), 2);
    let shared = format!("shop:{KEY},blog:{KEY}");
    one_mistake(&[("OTP_API_KEYS", &shared)], "OTP_API_KEYS", "entry 2 has the same secret as entry 1");
    let ann = format!("ann:{KEY}");
    for (other, list) in [("OTP_ADMIN_KEYS", "OTP_VIEWER_KEYS"), ("OTP_API_KEYS", "OTP_ADMIN_KEYS")] {
        let part = format!("entry 1 has the same secret as entry 1 of {other}");
        one_mistake(&[(other, &ann), (list, &ann)], list, &part);
    }
}
