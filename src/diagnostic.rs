//! What is wrong or doubtful about the environment, as sentences that begin with the variable's name.

/// One reason not to start, or to go on with what was read before; or one thing to know all the same. Never holds the value of a
/// secret, nor a path or what is in a file: a secret may stand where its path should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable} {problem}")]
pub struct Diagnostic {
    /// The variable as it stands in the environment, `…_FILE` or `…__PURPOSE` included.
    pub variable: String,
    /// The rest of the sentence that begins with the variable.
    pub problem: String,
}

impl Diagnostic {
    /// One of a variable.
    pub fn of(variable: &str, problem: impl Into<String>) -> Self {
        Self { variable: variable.to_owned(), problem: problem.into() }
    }
}
