use std::{ffi::OsString, os::unix::ffi::OsStringExt as _};

use super::{accepted, one_mistake};
use otp_sidecar::config::{
    Config,
    table::{VARIABLES, find},
};

#[test]
fn no_name_stands_twice() {
    for (at, row) in VARIABLES.iter().enumerate() {
        assert!(VARIABLES[..at].iter().all(|other| other.name != row.name), "{}", row.name);
        assert!(!row.help.is_empty() && !row.help.contains('\n'));
    }
}

#[test]
fn an_unknown_name_is_reported_with_the_nearest() {
    for (given, nearest) in [
        ("OTP_LENGHT", "OTP_LENGTH"),
        ("OTP_API_KEY", "OTP_API_KEYS"),
        ("OTP_PEPER_FILE", "OTP_PEPPER_FILE"),
        ("OTP_LENGHT__LOGIN", "OTP_LENGTH__LOGIN"),
        ("OTP_LENGTH_LOGIN", "OTP_LENGTH__LOGIN"),
        ("OTP_REDIS_TIMEOUT_MS", "OTP_REDIS_TIMEOUT"),
    ] {
        one_mistake(&[(given, "1")], given, &format!("nearest is {nearest}"));
    }
    one_mistake(&[("OTP_LENGTH_FILE", "/run/x")], "OTP_LENGTH_FILE", "not a known variable");
}

#[test]
fn what_kubernetes_injects_for_a_service_is_ignored() {
    accepted(&[
        ("OTP_SIDECAR_SERVICE_HOST", "10.0.0.1"),
        ("OTP_SIDECAR_SERVICE_PORT", "80"),
        ("OTP_SIDECAR_SERVICE_PORT_HTTP", "80"),
        ("OTP_SIDECAR_PORT", "tcp://10.0.0.1:80"),
        ("OTP_SIDECAR_PORT_80_TCP", "tcp://10.0.0.1:80"),
        ("OTP_SIDECAR_PORT_80_TCP_PROTO", "tcp"),
        ("OTP_SIDECAR_PORT_80_TCP_ADDR", "10.0.0.1"),
        ("OTP_SIDECAR_PORT_80_TCP_PORT", "80"),
        ("OTP_PORT", "tcp://10.0.0.1:80"),
        ("OTP_SERVICE_HOST", "10.0.0.1"),
    ]);
    for name in ["OTP_SIDECAR_PORTAL", "OTP_SIDECAR_PORT_X_TCP", "OTP_SIDECAR_SERVICE_PORTS", "OTP_X_PORT_80_TCPX"] {
        one_mistake(&[(name, "1")], name, "not a known variable");
    }
}

#[test]
fn a_name_close_to_one_of_the_eight_is_a_mistake_too() {
    for (given, meant) in [
        ("RESEND_COOLDOWN_SECOND", "RESEND_COOLDOWN_SECONDS"),
        ("RESEND_COLDOWN_SECOND", "RESEND_COOLDOWN_SECONDS"),
        ("MAX_ATTEMPTS_PER_USERS_PER_HOUR", "MAX_ATTEMPTS_PER_USER_PER_HOUR"),
        ("MAX_ATTEMPT_PER_IP_PER_HOUR", "MAX_ATTEMPTS_PER_IP_PER_HOUR"),
        ("MAX_FAILED_VERIFICATION_PER_OTP", "MAX_FAILED_VERIFICATIONS_PER_OTP"),
        ("ACCOUNT_LOCKOUT_MINUTE", "ACCOUNT_LOCKOUT_MINUTES"),
        ("PROGRESIVE_LOCKOUT", "PROGRESSIVE_LOCKOUT"),
        ("RESEND_COOLDOWN_SECONDS_LOGIN", "RESEND_COOLDOWN_SECONDS__LOGIN"),
        ("RESEND_COOLDOWN_SECOND__LOGIN", "RESEND_COOLDOWN_SECONDS"),
        ("MAX_ATTEMPTS_PER_USER_PER_HOUR_LOGIN", "MAX_ATTEMPTS_PER_USER_PER_HOUR__LOGIN"),
        ("OTPLENGTH", "OTP_LENGTH"),
    ] {
        one_mistake(&[(given, "1")], given, meant);
    }
    accepted(&[("MAX_ATTEMPTS", "1"), ("RESEND", "1"), ("ACCOUNT_LOCKOUT", "x"), ("REDIS_HOST", "x"), ("PATH", "x")]);
}

#[test]
fn a_purpose_follows_the_first_double_underscore_in_upper_case() {
    let config = accepted(&[("OTP_LENGTH__PASSWORD_RESET", "8"), ("OTP_LENGTH__A__B", "9")]);
    assert_eq!(config.policy.of("password_reset").shape.length, 8);
    assert_eq!(config.policy.of("a__b").shape.length, 9);
    assert_eq!(config.policy.of("login").shape.length, 6);
    let long = format!("OTP_LENGTH__{}", "A".repeat(33));
    for name in ["OTP_LENGTH__", "OTP_LENGTH__login", "OTP_LENGTH__A-B", "OTP_LENGTH__É", &long] {
        one_mistake(&[(name, "8")], name, "must name a purpose");
    }
    for name in ["OTP_LISTEN__LOGIN", "MAX_ATTEMPTS_PER_IP_PER_HOUR__LOGIN", "PROGRESSIVE_LOCKOUT__LOGIN"] {
        one_mistake(&[(name, "1")], name, "cannot be set for one purpose");
    }
}

#[test]
fn names_that_only_the_operators_commands_read_are_no_mistakes() {
    assert!(find("OTP_ADMIN_URL").is_some());
    accepted(&[("OTP_ADMIN_URL", "?"), ("OTP_ADMIN_KEY", ""), ("OTP_ADMIN_KEY_FILE", "/nowhere")]);
}

#[test]
fn values_and_names_that_are_not_utf_8_are_mistakes() {
    let bytes = || OsString::from_vec(vec![b'6', 0xff]);
    for name in ["OTP_LENGTH", "OTP_LENGTH__LOGIN", "OTP_LISTEN", "OTP_PEPPER", "REDIS_URL"] {
        let mistakes = Config::from_env([(name.into(), bytes())]).unwrap_err();
        assert!(mistakes.iter().any(|m| m.variable == name && m.problem == "is not UTF-8"), "{mistakes:?}");
    }
    let mistakes = Config::from_env([(OsString::from_vec(b"OTP_\xff".to_vec()), "1".into())]).unwrap_err();
    assert!(mistakes[0].to_string().contains("not a known variable"));
    assert!(Config::from_env([(bytes(), bytes())]).is_ok(), "somebody else's");
}
