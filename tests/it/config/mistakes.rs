use super::{one_mistake, refused};

/// What holds in place of a wrong value is not what was meant: nothing is said of the two together.
#[test]
fn a_mistake_is_not_followed_by_another_that_it_causes() {
    for (wrong, right) in [
        (("OTP_LISTEN", "nowhere"), ("OTP_ADMIN_LISTEN", "127.0.0.1:8080")),
        (("OTP_AUDIT_SOFT_BACKLOG", "few"), ("OTP_AUDIT_HARD_BACKLOG", "5")),
        (("ACCOUNT_LOCKOUT_MINUTES", "short"), ("OTP_MAX_LOCKOUT_MINUTES", "5")),
        (("OTP_ALPHABET", "1"), ("OTP_LENGTH", "4")),
        (("OTP_DELIVERY_FROM", "nobody"), ("OTP_DELIVERY_URL__EMAIL", "smtp+plain://localhost")),
        (("OTP_PHONE_PREFIXES", "49"), ("OTP_DELIVERY_URL__VOICE", "smtp+plain://localhost")),
    ] {
        let from = ("OTP_DELIVERY_FROM", "Shop <no-reply@shop.example>");
        let from = if wrong.0 == from.0 { wrong } else { from };
        one_mistake(&[wrong, right, from], wrong.0, &format!("not `{}`", wrong.1));
    }
}

#[test]
fn a_mistake_hides_no_other() {
    let mistakes = refused(&[
        ("OTP_LENGTH__LOGIN", "x"),
        ("OTP_LENGTH__PIN", "4"),
        ("OTP_REDIS_TIMEOUT", "1h"),
        ("OTP_AUDIT_SINK", "nowhere"),
        ("OTP_API_KEYS", "x"),
        ("OTP_TWILIO_SERVICES", "x"),
    ]);
    for name in [
        "OTP_LENGTH__LOGIN must be",
        "OTP_LENGTH__PIN with",
        "OTP_REDIS_TIMEOUT must",
        "OTP_AUDIT_SINK must",
        "OTP_API_KEYS entry 1",
        "OTP_TWILIO_SERVICES must",
    ] {
        assert!(mistakes.iter().any(|mistake| mistake.starts_with(name)), "{name}: {mistakes:?}");
    }
}
