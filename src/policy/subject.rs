//! Subjects: the spelling that a code is bound to, and the normal form that limits are counted under.

use unicode_normalization::UnicodeNormalization;

/// Longest subject in bytes, after trimming.
pub const SUBJECT_MAX_BYTES: usize = 256;

/// Code points that show nothing: Unicode's `Default_Ignorable_Code_Point` (DerivedCoreProperties.txt, Unicode 16), the
/// other format characters (general category `Cf`), and the blank Braille pattern.
const INVISIBLE: &[(u32, u32)] = &[
    (0x00AD, 0x00AD),
    (0x034F, 0x034F),
    (0x0600, 0x0605),
    (0x061C, 0x061C),
    (0x06DD, 0x06DD),
    (0x070F, 0x070F),
    (0x0890, 0x0891),
    (0x08E2, 0x08E2),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFB),
    (0x110BD, 0x110BD),
    (0x110CD, 0x110CD),
    (0x13430, 0x1345F),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
];

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
    /// All of it invisible, so that every such text would be the same user.
    #[error("must have a visible character")]
    Invisible,
}

impl Subject {
    /// Reads a subject.
    ///
    /// # Errors
    /// [`SubjectError`] where the text is empty, too long or has nothing to see.
    pub fn new(text: &str) -> Result<Self, SubjectError> {
        let spelling = text.trim();
        if spelling.is_empty() {
            return Err(SubjectError::Empty);
        }
        if spelling.len() > SUBJECT_MAX_BYTES {
            return Err(SubjectError::TooLong);
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

/// NFKC, case-folded, invisible characters dropped, trimmed. Applied until nothing changes, because folding can make a
/// text denormal and the other way round (Unicode, D147 `toNFKC_Casefold` does it in two rounds).
fn normalise(text: &str) -> String {
    const ROUNDS: usize = 8;
    if text.bytes().all(|b| b.is_ascii() && !b.is_ascii_control()) {
        return text.trim().to_ascii_lowercase();
    }
    let mut now = text.to_owned();
    for _ in 0..ROUNDS {
        let visible: String = now.chars().filter(|&c| !invisible(c)).nfkc().collect();
        let folded: String = caseless::default_case_fold_str(&visible).nfkc().collect();
        let next = folded.trim().to_owned();
        if next == now {
            break;
        }
        now = next;
    }
    now
}

fn invisible(c: char) -> bool {
    let code = u32::from(c);
    (c.is_control() && !c.is_whitespace()) || INVISIBLE.iter().any(|&(first, last)| (first..=last).contains(&code))
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
    fn nothing_to_see_is_no_subject() {
        assert_eq!(Subject::new(" \t"), Err(SubjectError::Empty));
        assert_eq!(Subject::new("\u{200b}\u{feff}"), Err(SubjectError::Invisible));
        assert_eq!(Subject::new(&"x".repeat(257)), Err(SubjectError::TooLong));
        assert!(Subject::new(&format!(" {} ", "x".repeat(256))).is_ok());
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing_and_case_does_not_matter(text in "\\PC{1,40}") {
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
