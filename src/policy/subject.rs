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

// A subject is personal data.
super::opaque!(Subject);
