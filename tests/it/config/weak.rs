use super::{accepted, one_mistake, refused, warnings};

#[test]
fn short_codes_are_refused_with_the_odds_and_the_way_out() {
    let mistakes = refused(&[("OTP_LENGTH", "4")]);
    assert!(mistakes[0].contains("5 tries of 10,000 codes = 1 in 2,000 for one lockout"), "{mistakes:?}");
    assert!(mistakes[1].contains("100 tries of 10,000 codes = 1 in 100 until the hard stop"), "{mistakes:?}");
    for name in ["OTP_LENGTH", "OTP_ALPHABET", "OTP_ALLOW_WEAK=true"] {
        assert!(mistakes.iter().all(|m| m.contains(name)), "{name}");
    }
    assert!(mistakes[0].contains("MAX_FAILED_VERIFICATIONS_PER_OTP"));
    assert!(mistakes[1].contains("OTP_MAX_CONSECUTIVE_FAILURES"));
}

#[test]
fn the_odds_may_be_reached_and_not_passed() {
    accepted(&[("MAX_FAILED_VERIFICATIONS_PER_OTP", "100")]);
    one_mistake(&[("MAX_FAILED_VERIFICATIONS_PER_OTP", "101")], "OTP_LENGTH", "101 tries of 1,000,000 codes");
    accepted(&[("OTP_MAX_CONSECUTIVE_FAILURES", "1000")]);
    one_mistake(&[("OTP_MAX_CONSECUTIVE_FAILURES", "1001")], "OTP_LENGTH", "more than 1 in 1,000");
    accepted(&[("OTP_LENGTH", "4"), ("OTP_ALPHABET", "0123456789ABCDEFGHJKMNPQRSTVWXYZ")]);
    let both = refused(&[("OTP_LENGTH", "4"), ("OTP_MAX_CONSECUTIVE_FAILURES", "0")]);
    assert!(both.len() == 2 && both[0].contains("for one lockout") && both[1].contains("in a year"), "{both:?}");
}

#[test]
fn a_purpose_is_weighed_by_itself() {
    accepted(&[("OTP_LENGTH__RESET", "8")]);
    let mistakes = refused(&[("OTP_LENGTH__PIN", "4"), ("OTP_LENGTH__RESET", "8")]);
    assert_eq!(mistakes.len(), 2);
    assert!(mistakes.iter().all(|m| m.starts_with("OTP_LENGTH__PIN with OTP_ALPHABET__PIN")), "{mistakes:?}");
}

/// Without a hard stop the pace of locks and sends decides ([`otp_sidecar::policy::pace`]).
#[test]
fn without_a_hard_stop_a_year_of_guessing_is_weighed() {
    const OFF: (&str, &str) = ("OTP_MAX_CONSECUTIVE_FAILURES", "0");
    const BALANCED: (&str, &str) = ("OTP_PRESET", "balanced");
    let of_year = |set: &[(&str, &str)]| {
        accepted(set);
        warnings(set).into_iter().filter(|said| said.contains("in a year")).collect::<Vec<_>>()
    };
    // 5 for each half hour, 87,600 a year: it starts, and is told the odds.
    let said = of_year(&[BALANCED]);
    assert!(
        matches!(&said[..], [one] if one.starts_with("OTP_LENGTH with OTP_ALPHABET and OTP_MAX_CONSECUTIVE_FAILURES=0")
        && one.contains("87,600 tries of 1,000,000 codes = 1 in 11 in a year")
        && one.contains("more than 1 in 100; set OTP_MAX_CONSECUTIVE_FAILURES=100")),
        "{said:?}"
    );
    for safe in [
        &[OFF][..],
        &[],
        &[BALANCED, ("OTP_MAX_CONSECUTIVE_FAILURES", "100")],
        &[BALANCED, ("OTP_LENGTH", "8")],
        &[BALANCED, ("MAX_FAILED_VERIFICATIONS_PER_OTP", "1"), ("MAX_ATTEMPTS_PER_USER_PER_HOUR", "1")],
        &[BALANCED, ("PROGRESSIVE_LOCKOUT", "true")],
    ] {
        assert!(of_year(safe).is_empty(), "{safe:?}");
    }
    for (set, part) in [
        (&[BALANCED, ("ACCOUNT_LOCKOUT_MINUTES", "15")][..], "175,200 tries of 1,000,000 codes = 1 in 6 in a year"),
        (&[BALANCED, ("MAX_FAILED_VERIFICATIONS_PER_OTP", "10")], "175,200 tries"),
        // Short locks: then what is sent holds it back, five codes an hour; or nothing does.
        (&[BALANCED, ("ACCOUNT_LOCKOUT_MINUTES", "1")], "219,000 tries"),
        (&[BALANCED, ("ACCOUNT_LOCKOUT_MINUTES", "1"), ("MAX_ATTEMPTS_PER_USER_PER_HOUR", "off")], "1 in 1 in a year"),
        // A memory so short that whoever stays below the limit is never locked.
        (&[OFF, ("OTP_LOCKOUT_MEMORY_HOURS", "10m")], "1 in "),
    ] {
        one_mistake(set, "OTP_LENGTH", part);
        let said = warnings(&[set, &[("OTP_ALLOW_WEAK", "true")]].concat());
        assert!(said.iter().any(|w| w.contains(part) && w.ends_with("allowed by OTP_ALLOW_WEAK")), "{said:?}");
    }
}

#[test]
fn a_purpose_that_is_sent_more_or_drawn_from_less_is_weighed_by_itself() {
    let short = [("OTP_PRESET", "balanced"), ("OTP_LENGTH__PIN", "5"), ("OTP_ALPHABET__PIN", "0123456789ABCDEF")];
    let said = warnings(&short);
    let of_year = |name: &str| said.iter().filter(|said| said.starts_with(name) && said.contains("in a year")).count();
    assert_eq!((of_year("OTP_LENGTH with"), of_year("OTP_LENGTH__PIN with")), (1, 0), "no worse than the others");
    let sent = [
        ("OTP_PRESET", "balanced"),
        ("ACCOUNT_LOCKOUT_MINUTES", "10"),
        ("MAX_ATTEMPTS_PER_USER_PER_HOUR", "2"),
        ("MAX_ATTEMPTS_PER_USER_PER_HOUR__LOGIN", "off"),
    ];
    one_mistake(&sent, "OTP_LENGTH__LOGIN", "262,800 tries");
}

#[test]
fn who_insists_gets_a_warning() {
    let weak = [("OTP_LENGTH", "4"), ("OTP_ALLOW_WEAK", "true")];
    assert!(accepted(&weak).allow_weak);
    let said = warnings(&weak);
    assert_eq!(said.iter().filter(|w| w.ends_with("allowed by OTP_ALLOW_WEAK")).count(), 2, "{said:?}");
}
