//! Subjects: which texts are one, and which are none.

use otp_sidecar::policy::{Subject, subject::SubjectError};
use proptest::prelude::*;

fn normal(text: &str) -> String {
    Subject::new(text).unwrap().normal().to_owned()
}

#[test]
fn variants_of_one_address_share_a_normal_form_and_keep_their_spelling() {
    let one = Subject::new(" Ann@Example.com\u{a0}").unwrap();
    assert_eq!(one.spelling(), "Ann@Example.com");
    for variant in [
        "ann@example.com",
        "ＡＮＮ@example.com",
        "a\u{200b}nn@exam\u{ad}ple.com",
        "ann@example.com\0",
        "ᴬnn@example.com",
    ] {
        assert_eq!(normal(variant), one.normal(), "{variant:?}");
    }
    assert_eq!(normal("STRASSE"), normal("straße"));
    assert_eq!(normal("e\u{301}"), normal("É"));
}

#[test]
fn what_separates_is_refused_what_controls_is_nothing_and_white_space_is_one_space() {
    for separator in ["\t", "\n", "\r\n", "\u{b}", "\u{c}", "\u{85}", "\u{2028}", "\u{2029}"] {
        let subject = |text: String| Subject::new(&text);
        assert_eq!(subject(format!("ann{separator}@example.com")), Err(SubjectError::Separated), "{separator:?}");
        assert!(subject(format!("{separator}ann{separator}")).is_ok_and(|ann| ann.normal() == "ann"), "{separator:?}");
    }
    for unseen in ["\0", "\u{7f}", "\u{9b}", "\u{2066}"] {
        assert_eq!(normal(&format!("ann{unseen}@example.com")), "ann@example.com", "{unseen:?}");
    }
    for space in ["  ", "\u{a0}", " \u{200b} ", "\u{2003}", "\u{3000}\u{202f}", "\u{1680}"] {
        assert_eq!(normal(&format!("ann{space}lee")), "ann lee", "{space:?}");
    }
}

#[test]
fn a_mail_domain_has_one_form() {
    for same in
        ["ann@bücher.example", "ann@XN--BCHER-KVA.example", "ann@bu\u{308}cher。example", "ann@BÜCHER.EXAMPLE.."]
    {
        assert_eq!(normal(same), "ann@bücher.example", "{same:?}");
    }
    assert_eq!(normal("ann@example.com."), "ann@example.com");
    assert_eq!(normal("ann@straße.example"), normal("ann@xn--strae-oqa.example"));
    assert_eq!(normal("ann@例え.テスト"), normal("ann@xn--r8jz45g.xn--zckzah"));
    // Neither is a mail address, and neither label is punycode of anything.
    assert_eq!(normal("xn--bcher-kva."), "xn--bcher-kva.");
    assert_eq!(normal("a--b"), "a--b");
    for wrong in ["ann@xn--", "ann@xn--a", "ann@-.example", "ann@a..b", "@", "ann@"] {
        assert_eq!(normal(wrong), wrong);
    }
}

#[test]
fn nothing_to_see_is_no_subject() {
    assert_eq!(Subject::new(" \t"), Err(SubjectError::Empty));
    assert_eq!(Subject::new("\u{200b}\u{feff}"), Err(SubjectError::Invisible));
    assert_eq!(Subject::new(&"x".repeat(257)), Err(SubjectError::TooLong));
    assert!(Subject::new(&format!(" {} ", "x".repeat(256))).is_ok());
}

proptest! {
    #[test]
    fn a_domain_and_its_punycode_are_one(domain in "[a-zäöüßéñжд例-]{1,20}\\.(example|ελ)") {
        if let (ascii, true) = idna::domain_to_ascii(&domain).map_or_else(|_| (String::new(), false), |a| (a, true)) {
            prop_assert_eq!(normal(&format!("ann@{domain}")), normal(&format!("ann@{ascii}.")));
        }
    }

    #[test]
    fn plain_text_has_the_form_that_the_long_way_gives_it(text in "[ -~]{1,40}") {
        if let Ok(subject) = Subject::new(&text) {
            prop_assert_eq!(subject.normal(), normal(&format!("\u{200b}{text}")));
        }
    }

    #[test]
    fn normalising_twice_changes_nothing_and_case_does_not_matter(
        text in "(\\PC{1,40}|\\PC{1,9}@[\\PC\\p{Cc}]{1,20}|ann@(xn--)?[a-zäß。.-]{1,20})",
    ) {
        if let Ok(subject) = Subject::new(&text) {
            match Subject::new(subject.normal()) {
                Ok(again) => prop_assert_eq!(again.normal(), subject.normal()),
                // A few characters stand for many.
                Err(error) => prop_assert_eq!(error, SubjectError::TooLong),
            }
            let folded = caseless::default_case_fold_str(subject.spelling());
            if let Ok(folded) = Subject::new(&folded) {
                prop_assert_eq!(folded.normal(), subject.normal());
            }
        }
    }
}
