use std::time::Duration;

use super::{accepted, one_mistake, refused, warnings};
use otp_sidecar::{config::Preset, policy::Quota};

const fn minutes(n: u64) -> Duration {
    Duration::from_secs(n * 60)
}

const fn per_hour(max: u32) -> Option<Quota> {
    Some(Quota { max, window: minutes(60) })
}

#[test]
fn hardened_is_the_default_and_has_its_numbers() {
    for config in [accepted(&[]), accepted(&[("OTP_PRESET", "hardened")]), accepted(&[("OTP_PRESET", " ")])] {
        assert_eq!(config.preset, Preset::Hardened);
        let (policy, lockout) = (&config.policy, &config.policy.lockout);
        assert_eq!((policy.default.shape.length, policy.default.shape.alphabet.as_str()), (6, "0123456789"));
        assert_eq!((policy.default.lifetime, policy.default.cooldown), (minutes(5), minutes(1)));
        assert_eq!((policy.default.sends, policy.ip_sends), (per_hour(3), per_hour(5)));
        assert_eq!((lockout.max_failures, lockout.first, lockout.progressive), (5, minutes(15), true));
        assert_eq!((lockout.factor, lockout.cap, lockout.memory), (2.0, minutes(1440), minutes(1440)));
        assert_eq!(lockout.hard_stop, 100);
        assert!(policy.require_client_ip && policy.purposes.is_empty());
        assert_eq!(policy.ipv6_prefix, 64);
        assert_eq!((config.redis_timeout, config.log.as_str()), (Duration::from_millis(250), "info"));
        assert_eq!((config.max_connections, config.max_body_bytes), (10_000, 16_384));
        assert_eq!(
            (config.listen.to_string(), config.admin_listen.to_string()),
            ("127.0.0.1:8080".into(), "127.0.0.1:8081".into())
        );
    }
}

#[test]
fn balanced_has_its_numbers() {
    let config = accepted(&[("OTP_PRESET", "balanced")]);
    let (policy, lockout) = (&config.policy, &config.policy.lockout);
    assert_eq!(config.preset, Preset::Balanced);
    assert_eq!(policy.default.shape.length, 6);
    assert_eq!((policy.default.lifetime, policy.default.cooldown), (minutes(10), minutes(1)));
    assert_eq!((policy.default.sends, policy.ip_sends), (per_hour(5), None));
    assert_eq!((lockout.max_failures, lockout.first, lockout.progressive), (5, minutes(30), false));
    assert_eq!(lockout.hard_stop, 0);
}

#[test]
fn development_has_next_to_no_limits_and_serves_on_loopback_only() {
    const SET: (&str, &str) = ("OTP_PRESET", "development");
    let config = accepted(&[SET]);
    let (policy, lockout) = (&config.policy, &config.policy.lockout);
    assert_eq!(config.preset, Preset::Development);
    assert_eq!((policy.default.cooldown, policy.default.sends), (Duration::from_secs(1), None));
    assert_eq!((policy.ip_sends, policy.ip_failures), (None, None));
    assert_eq!((lockout.first, lockout.progressive, lockout.hard_stop), (Duration::from_secs(10), false, 1000));
    let said = warnings(&[SET]);
    assert!(said.iter().any(|said| said.starts_with("OTP_PRESET is development: next to no limits")), "{said:?}");
    let keys = [
        ("OTP_API_KEYS", "shop:k3y-of-thirty-two-characters-0001"),
        ("OTP_ADMIN_KEYS", "ann:k3y-of-thirty-two-characters-0002"),
    ];
    for name in ["OTP_LISTEN", "OTP_ADMIN_LISTEN"] {
        for outside in ["0.0.0.0:80", "192.0.2.1:80", "[::]:80"] {
            let set = [SET, keys[0], keys[1], (name, outside)];
            one_mistake(&set, name, "OTP_PRESET=development serves on loopback or a unix socket only");
        }
        for inside in ["127.0.0.1:80", "[::1]:80", "unix:/run/x.sock"] {
            accepted(&[SET, (name, inside)]);
        }
    }
}

#[test]
fn any_variable_overrides_its_cell_and_an_empty_one_does_not() {
    let config = accepted(&[
        ("OTP_PRESET", "balanced"),
        ("OTP_LIFETIME_MINUTES", "7"),
        ("MAX_ATTEMPTS_PER_IP_PER_HOUR", "9"),
        ("ACCOUNT_LOCKOUT_MINUTES", ""),
        ("OTP_LENGTH__LOGIN", ""),
    ]);
    assert_eq!(config.policy.default.lifetime, minutes(7));
    assert_eq!(config.policy.ip_sends, per_hour(9));
    assert_eq!(config.policy.lockout.first, minutes(30));
    assert!(config.policy.purposes.is_empty());
}

#[test]
fn an_unknown_preset_is_answered_with_all() {
    one_mistake(&[("OTP_PRESET", "strict")], "OTP_PRESET", "`hardened` or `balanced` or `development`, not `strict`");
}

#[test]
fn a_purpose_takes_what_it_does_not_set_from_the_default() {
    let config = accepted(&[
        ("OTP_LIFETIME_MINUTES", "4"),
        ("OTP_LENGTH__RESET", "8"),
        ("RESEND_COOLDOWN_SECONDS__RESET", "2m"),
        ("MAX_ATTEMPTS_PER_USER_PER_HOUR__SIGNUP", "off"),
        ("OTP_ALPHABET__SIGNUP", "ABCDEF0123456789"),
        ("OTP_LIFETIME_MINUTES__SIGNUP", "30"),
    ]);
    let (reset, signup) = (config.policy.of("reset"), config.policy.of("signup"));
    assert_eq!((reset.shape.length, reset.lifetime, reset.cooldown), (8, minutes(4), minutes(2)));
    assert_eq!((reset.own_cooldown, reset.own_sends, reset.sends), (true, false, per_hour(3)));
    assert_eq!((signup.shape.length, signup.lifetime, signup.cooldown), (6, minutes(30), minutes(1)));
    assert_eq!((signup.own_cooldown, signup.own_sends, signup.sends), (false, true, None));
    assert_eq!(signup.shape.alphabet, "ABCDEF0123456789");
}

#[test]
fn the_cap_follows_the_first_lockout_unless_it_was_set() {
    let lockout = accepted(&[("ACCOUNT_LOCKOUT_MINUTES", "2d")]).policy.lockout;
    assert_eq!((lockout.first, lockout.cap), (minutes(2880), minutes(2880)));
    one_mistake(
        &[("ACCOUNT_LOCKOUT_MINUTES", "60"), ("OTP_MAX_LOCKOUT_MINUTES", "30")],
        "OTP_MAX_LOCKOUT_MINUTES",
        "(30m) must not be below ACCOUNT_LOCKOUT_MINUTES (1h)",
    );
}

#[test]
fn every_mistake_is_reported_at_once_with_its_name() {
    let wrong = [
        ("OTP_LENGTH", "x"),
        ("OTP_LENGTH__LOGIN", "99"),
        ("RESEND_COOLDOWN_SECONDS", "-1"),
        ("PROGRESSIVE_LOCKOUT", "maybe"),
        ("OTP_HASH", "md5"),
        ("OTP_LISTEN", "here"),
        ("OTP_API_KEYS", "short"),
        ("OTP_PEPPER", "short"),
        ("REDIS_URL", "http://x"),
        ("OTP_LOG", "a=b=c"),
        ("OTP_TYPO", "1"),
    ];
    let mistakes = refused(&wrong);
    for (name, _) in wrong {
        assert!(mistakes.iter().any(|m| m.starts_with(&format!("{name} "))), "{name}: {mistakes:?}");
    }
    assert!(mistakes.iter().any(|m| m.starts_with("OTP_INDEX_KEY must be set")), "{mistakes:?}");
    assert_eq!(mistakes.len(), wrong.len() + 1, "{mistakes:?}");
}
