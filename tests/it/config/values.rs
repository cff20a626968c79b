use std::time::Duration;

use super::{accepted, one_mistake};
use otp_sidecar::{
    config::LogFormat,
    policy::Quota,
    secret::{ArgonCost, HashScheme},
};

#[test]
fn a_bare_number_has_the_unit_of_the_name_and_any_unit_may_be_given() {
    for (text, seconds) in [("15", 900), ("90s", 90), ("15m", 900), ("2h", 7_200), ("1d", 86_400), ("5000ms", 5)] {
        let config = accepted(&[("ACCOUNT_LOCKOUT_MINUTES", text)]);
        assert_eq!(config.policy.lockout.first, Duration::from_secs(seconds), "{text}");
    }
    let cooldown = |text| accepted(&[("RESEND_COOLDOWN_SECONDS", text)]).policy.default.cooldown;
    assert_eq!(
        (cooldown("30"), cooldown("1m"), cooldown("0")),
        (Duration::from_secs(30), Duration::from_secs(60), Duration::ZERO)
    );
    let memory = accepted(&[("OTP_LOCKOUT_MEMORY_HOURS", "3")]).policy.lockout.memory;
    assert_eq!(memory, Duration::from_secs(10_800));
    for (text, millis) in [("300", 300), ("300ms", 300), ("10", 10), ("800", 800)] {
        assert_eq!(accepted(&[("OTP_REDIS_TIMEOUT", text)]).redis_timeout, Duration::from_millis(millis));
    }
}

#[test]
fn lengths_of_time_keep_their_bounds() {
    for (name, wrong) in [
        ("OTP_LIFETIME_MINUTES", ["9s", "25h", "0", "1.5", "5 m"]),
        ("RESEND_COOLDOWN_SECONDS", ["-1", "+1", "2d", "1w", "s"]),
        ("ACCOUNT_LOCKOUT_MINUTES", ["0", "41d", "99999999999999999999", "18446744073709551615d", "x"]),
        ("OTP_MAX_LOCKOUT_MINUTES", ["0", "999ms", "57601", "m", "1h30m"]),
        ("OTP_LOCKOUT_MEMORY_HOURS", ["0", "961", "41d", "١", "0x1"]),
        ("OTP_REDIS_TIMEOUT", ["9", "801", "1s", "0", "1h"]),
    ] {
        for text in wrong {
            one_mistake(&[(name, text)], name, &format!("not `{text}`"));
        }
    }
    accepted(&[("ACCOUNT_LOCKOUT_MINUTES", "40d"), ("OTP_LOCKOUT_MEMORY_HOURS", "960")]);
}

#[test]
fn a_quota_is_per_hour_or_per_any_window_or_off() {
    let quota = |text| accepted(&[("MAX_ATTEMPTS_PER_IP_PER_HOUR", text)]).policy.ip_sends;
    let of = |max, seconds| Some(Quota { max, window: Duration::from_secs(seconds) });
    assert_eq!((quota("5"), quota("5/10m"), quota("1000/1d")), (of(5, 3_600), of(5, 600), of(1000, 86_400)));
    assert_eq!((quota("0"), quota("off"), quota("OFF"), quota("0/10m")), (None, None, None, None));
    for text in ["5/10", "5/", "/5m", "-1", "5/0s", "5/41d", "5/500ms", "on", "4294967296", "5/1m/2"] {
        one_mistake(&[("MAX_ATTEMPTS_PER_USER_PER_HOUR", text)], "MAX_ATTEMPTS_PER_USER_PER_HOUR", "must be a quota");
        let own = "MAX_ATTEMPTS_PER_USER_PER_HOUR__LOGIN";
        one_mistake(&[(own, text)], own, "must be a quota");
    }
}

#[test]
fn suspicious_are_no_more_than_can_be_noted_and_allowed_are_networks_that_are_known() {
    for name in ["OTP_RISK_SPRAY", "OTP_RISK_GUESS"] {
        one_mistake(&[(name, "1001/1h")], name, "more than 1000");
    }
    let config = accepted(&[("OTP_RISK_SPRAY", "1000/1h"), ("OTP_RISK_ALLOW", "192.0.2.0/24, AS64500")]);
    assert_eq!(config.risk.allow.operators, [64_500]);
    for text in ["AS0", "AS", "AS4294967296", "192.0.2.0/33", "office"] {
        one_mistake(&[("OTP_RISK_ALLOW", text)], "OTP_RISK_ALLOW", "must be networks");
    }
}

#[test]
fn numbers_keep_their_bounds() {
    for (name, wrong) in [
        ("OTP_LENGTH", ["3", "33", "six"]),
        ("OTP_IPV6_PREFIX", ["31", "129", "/64"]),
        ("MAX_FAILED_VERIFICATIONS_PER_OTP", ["0", "1001", "off"]),
        ("OTP_MAX_CONSECUTIVE_FAILURES", ["65536", "-1", "1e2"]),
        ("OTP_LOCKOUT_FACTOR", ["0.9", "101", "NaN"]),
        ("OTP_MAX_CONNECTIONS", ["0", "1000001", "all"]),
        ("OTP_MAX_BODY_BYTES", ["1023", "1048577", "16k"]),
        ("OTP_REQUIRE_CLIENT_IP", ["2", "nope", "t"]),
    ] {
        for text in wrong {
            one_mistake(&[(name, text)], name, &format!("not `{text}`"));
        }
    }
    assert_eq!(accepted(&[("OTP_LOCKOUT_FACTOR", "1.5")]).policy.lockout.factor, 1.5);
    for (text, value) in [("true", true), ("FALSE", false), ("1", true), ("no", false), ("on", true), ("off", false)] {
        assert_eq!(accepted(&[("PROGRESSIVE_LOCKOUT", text)]).policy.lockout.progressive, value);
    }
}

#[test]
fn an_alphabet_is_2_to_64_different_letters_or_digits() {
    let all = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    assert_eq!(accepted(&[("OTP_ALPHABET", all)]).policy.default.shape.alphabet, all);
    for text in ["1", "0012", "ab-", "äöü", "a b", &format!("{all}{all}")] {
        one_mistake(&[("OTP_ALPHABET", text)], "OTP_ALPHABET", "2 to 64 different");
    }
    accepted(&[("OTP_ALPHABET", "01"), ("OTP_LENGTH", "32")]);
}

#[test]
fn codes_are_hashed_by_argon2id_unless_hmac_is_asked_for() {
    let owasp = ArgonCost { memory_kib: 19_456, iterations: 2 };
    assert_eq!(accepted(&[]).hash, HashScheme::Argon2id(owasp));
    assert_eq!(accepted(&[("OTP_HASH", "hmac")]).hash, HashScheme::Hmac);
    let own = ArgonCost { memory_kib: 65_536, iterations: 3 };
    let set = [("OTP_ARGON2_MEMORY_KIB", "65536"), ("OTP_ARGON2_ITERATIONS", "3")];
    assert_eq!(accepted(&set).hash, HashScheme::Argon2id(own));
    one_mistake(&[("OTP_HASH", "sha1")], "OTP_HASH", "must be `argon2id` or `hmac`");
    one_mistake(&[("OTP_ARGON2_MEMORY_KIB", "64")], "OTP_ARGON2_MEMORY_KIB", "1024");
}

#[test]
fn logs_are_text_or_json_or_whatever_fits() {
    let format = |text| accepted(&[("OTP_LOG_FORMAT", text)]).log_format;
    assert_eq!((format(""), format("text"), format("json")), (None, Some(LogFormat::Text), Some(LogFormat::Json)));
    one_mistake(&[("OTP_LOG_FORMAT", "xml")], "OTP_LOG_FORMAT", "`text` or `json`");
    assert_eq!(accepted(&[("OTP_LOG", "warn,otp_sidecar=debug")]).log, "warn,otp_sidecar=debug");
    assert_eq!(accepted(&[("OTP_LOG", "WARN")]).log, "WARN");
    // A word that is no level would be a target, and all else silent.
    for silent in ["a=b=c", "warning", "verbose", "info,otp_sidecar"] {
        one_mistake(&[("OTP_LOG", silent)], "OTP_LOG", "log filter");
    }
}

#[test]
fn a_mistake_is_one_printable_line_of_bounded_length() {
    let long = format!("\u{1b}[31m\n{}", "x".repeat(10_000));
    let mistakes = super::refused(&[("OTP_LENGTH", &long), (&format!("OTP_{long}"), "1")]);
    assert_eq!(mistakes.len(), 2);
    for mistake in mistakes {
        assert!(mistake.len() < 400 && !mistake.chars().any(char::is_control), "{mistake}");
    }
}
