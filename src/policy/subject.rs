//! Subjects: the spelling that a code is bound to, and the normal form that limits are counted under.

use unicode_normalization::UnicodeNormalization;

use super::characters::is_invisible;

/// Longest subject in bytes, after trimming.
pub const SUBJECT_MAX_BYTES: usize = 256;

/// A user as the app knows them.
#[derive(Clone, PartialEq, Eq)]
pub struct Subject {
    spelling: String,
    normal: String,
}

/// Why a text is no subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// Nothing but white space.
    #[error("must not be empty")]
    Empty,
    /// Longer than [`SUBJECT_MAX_BYTES`].
    #[error("must be at most 256 bytes")]
    TooLong,
    /// A tab, a line's end or another separator in it: whoever reads it next may take it for a space, or for nothing.
    #[error("must be one line of text")]
    Separated,
    /// All of it invisible, so that every such text would be the same user.
    #[error("must have a visible character")]
    Invisible,
}

impl Subject {
    /// Reads a subject.
    ///
    /// # Errors
    /// [`SubjectError`] where the text is empty, too long, more than a line or has nothing to see.
    pub fn new(text: &str) -> Result<Self, SubjectError> {
        let spelling = text.trim();
        if spelling.is_empty() {
            return Err(SubjectError::Empty);
        }
        if spelling.len() > SUBJECT_MAX_BYTES {
            return Err(SubjectError::TooLong);
        }
        if is_plain(spelling.as_bytes()) {
            return Ok(Self { spelling: spelling.to_owned(), normal: spelling.to_ascii_lowercase() });
        }
        if spelling.contains(is_separator) {
            return Err(SubjectError::Separated);
        }
        let normal = normalise(spelling);
        if normal.is_empty() {
            return Err(SubjectError::Invisible);
        }
        Ok(Self { spelling: spelling.to_owned(), normal })
    }

    /// The trimmed text, byte for byte: what a code is bound to.
    pub fn spelling(&self) -> &str {
        &self.spelling
    }

    /// The form that all variants share: what limits are counted under.
    pub fn normal(&self) -> &str {
        &self.normal
    }
}

/// NFKC, case-folded, without what nobody sees, trimmed, any run of white space as one space; the domain of a mail address
/// in Unicode and without a dot at its end. Applied until nothing changes, because folding can make a text denormal and the
/// other way round (Unicode, D147 `toNFKC_Casefold` does it in two rounds).
fn normalise(text: &str) -> String {
    const ROUNDS: usize = 8;
    let mut now = text.to_owned();
    for _ in 0..ROUNDS {
        let visible: String = now.chars().filter(|&c| !is_unseen(c)).nfkc().collect();
        let folded: String = caseless::default_case_fold_str(&visible).nfkc().collect();
        let next = with_one_domain(&single_spaced(&folded));
        if next == now {
            break;
        }
        now = next;
    }
    now
}

/// Whether lower case and trimming are all that a text needs: printable ASCII without a run of spaces, a dot at the end or
/// what may be punycode (`xn--`).
fn is_plain(text: &[u8]) -> bool {
    let printable = |b: &u8| b.is_ascii() && !b.is_ascii_control();
    text.iter().all(printable) && !text.ends_with(b".") && !text.windows(2).any(|pair| pair == b"  " || pair == b"--")
}

/// Invisible characters and controls: none of them is part of anybody's name.
fn is_unseen(c: char) -> bool {
    c.is_control() || is_invisible(c)
}

/// Tabs and what ends a line or a paragraph (Unicode's `White_Space` among controls, Zl and Zp). Some mail systems and
/// databases take them for a space, some drop them; two readings would be two budgets.
fn is_separator(c: char) -> bool {
    (c.is_control() && c.is_whitespace()) || matches!(c, '\u{2028}' | '\u{2029}')
}

fn single_spaced(text: &str) -> String {
    let mut single = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !single.is_empty() {
            single.push(' ');
        }
        single.push_str(word);
    }
    single
}

/// A mail address with its domain as people read it: punycode decoded, dots of any script, none at the end (UTS 46, RFC
/// 1034 §3.1). Whatever is no mail address, or has no valid domain, stays as it is.
fn with_one_domain(text: &str) -> String {
    let Some((local, domain)) = text.rsplit_once('@') else { return text.to_owned() };
    let decoded = match idna::domain_to_unicode(domain) {
        (decoded, Ok(())) => decoded,
        _ => domain.to_owned(),
    };
    [local, "@", decoded.trim_end_matches('.')].concat()
}

/// A subject is personal data: nothing of it is printed by accident.
impl std::fmt::Debug for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Subject(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
            assert!(
                subject(format!("{separator}ann{separator}")).is_ok_and(|ann| ann.normal() == "ann"),
                "{separator:?}"
            );
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
                let long = normalise(&format!("\u{200b}{text}"));
                prop_assert_eq!(subject.normal(), long);
            }
        }

        #[test]
        fn normalising_twice_changes_nothing_and_case_does_not_matter(
            text in "(\\PC{1,40}|\\PC{1,9}@[\\PC\\p{Cc}]{1,20}|ann@(xn--)?[a-zäß。.-]{1,20})",
        ) {
            if let Ok(subject) = Subject::new(&text) {
                prop_assert_eq!(normalise(subject.normal()), subject.normal());
                let folded = caseless::default_case_fold_str(subject.spelling());
                if let Ok(folded) = Subject::new(&folded) {
                    prop_assert_eq!(folded.normal(), subject.normal());
                }
            }
        }
    }
}
