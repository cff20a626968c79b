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
    one_mistake(&[("OTP_LENGTH", "4"), ("OTP_MAX_CONSECUTIVE_FAILURES", "0")], "OTP_LENGTH", "for one lockout");
}

#[test]
fn a_purpose_is_weighed_by_itself() {
    accepted(&[("OTP_LENGTH__RESET", "8")]);
    let mistakes = refused(&[("OTP_LENGTH__PIN", "4"), ("OTP_LENGTH__RESET", "8")]);
    assert_eq!(mistakes.len(), 2);
    assert!(mistakes.iter().all(|m| m.starts_with("OTP_LENGTH__PIN with OTP_ALPHABET__PIN")), "{mistakes:?}");
}

#[test]
fn who_insists_gets_a_warning() {
    let weak = [("OTP_LENGTH", "4"), ("OTP_ALLOW_WEAK", "true")];
    assert!(accepted(&weak).allow_weak);
    let said = warnings(&weak);
    assert_eq!(said.iter().filter(|w| w.ends_with("allowed by OTP_ALLOW_WEAK")).count(), 2, "{said:?}");
}
