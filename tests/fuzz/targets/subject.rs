//! Subjects: any text is one or is refused, and what it is counted under is a fixed point of itself.

use otp_sidecar::policy::{
    Subject,
    subject::{SUBJECT_MAX_BYTES, SubjectError},
};

use super::Try;

pub const WORDS: &[&str] = &[
    "ß",
    "ﬁ",
    "İ",
    "ı",
    "\u{345}",
    "\u{1e9e}",
    "\u{200b}",
    "\u{fdfa}",
    "ＡＢ",
    "\u{301}",
    "@EXAMPLE.org",
    "\u{a0}",
    " ",
    "\u{2028}",
    "\u{85}",
    "\t",
    ".",
    "\u{3002}",
    "xn--",
    "xn--bcher-kva",
    "xn--strae-oqa",
    "bücher",
];

/// NFKC turns one code point into 18 at most (U+FDFA: 3 bytes become 33), and folding one into three.
const GROWS_AT_MOST: usize = 33;

pub fn start() -> Try {
    Box::new(|data| {
        let Ok(text) = std::str::from_utf8(data) else { return };
        match Subject::new(text) {
            Ok(subject) => holds(text, &subject),
            Err(SubjectError::Empty) => assert!(text.trim().is_empty()),
            Err(SubjectError::TooLong) => assert!(text.trim().len() > SUBJECT_MAX_BYTES),
            Err(SubjectError::Separated) => {
                assert!(text.trim().contains(['\t', '\n', '\u{b}', '\u{c}', '\r', '\u{85}', '\u{2028}', '\u{2029}']))
            }
            Err(SubjectError::Invisible) => assert!(!text.chars().any(|c| c.is_ascii_alphanumeric())),
        }
    })
}

fn holds(text: &str, subject: &Subject) {
    let normal = subject.normal();
    assert_eq!(subject.spelling(), text.trim());
    assert!(!normal.is_empty() && normal.len() <= SUBJECT_MAX_BYTES * GROWS_AT_MOST, "{} bytes", normal.len());
    assert!(!normal.bytes().any(|b| b.is_ascii_uppercase()), "{normal:?}");
    // The form may be longer than a subject: then it cannot be read again, but a part of it can.
    let again = match Subject::new(normal) {
        Err(SubjectError::TooLong) => return,
        again => again.unwrap_or_else(|error| panic!("{normal:?} {error}")),
    };
    assert_eq!(again.normal(), normal, "normal once is normal for good");
    let dotted = Subject::new(&format!("{}.", subject.spelling()));
    if let (Ok(dotted), true) = (dotted, normal.contains('@')) {
        assert_eq!(dotted.normal(), normal, "a dot at the end of a domain makes no other");
    }
    let shouted = Subject::new(&format!(" {}\u{200b}", subject.spelling()));
    if let Ok(shouted) = shouted {
        assert_eq!(shouted.normal(), normal, "what nobody sees makes no other subject");
    }
}
