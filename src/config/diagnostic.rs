//! What was wrong or doubtful about the environment, as sentences that begin with the variable's name.

/// One reason not to start, or one thing to know although the server starts. Never holds the value of a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable} {problem}")]
pub struct Diagnostic {
    /// The variable as it stands in the environment, `…_FILE` or `…__PURPOSE` included.
    pub variable: String,
    /// The rest of the sentence that begins with the variable.
    pub problem: String,
}

/// Characters of a name or value that a mistake repeats.
const SHOWN: usize = 64;

/// Makes foreign text fit for one line of a log: control characters escaped, long text cut.
pub(super) fn printable(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}
