//! Prefixes of telephone numbers.

use otp_sidecar::policy::Prefixes;

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
