//! What is wrong with a trail, and where.

use std::{fmt, path::PathBuf};

use serde::Serialize;

/// The kinds of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A line is not as it was written, or one is there that was not.
    Altered,
    /// A line, a segment, a trail or an event is missing between others.
    Missing,
    /// Lines are not in the order they were written in.
    Reordered,
    /// A line is not sealed under the audit key.
    WronglySealed,
    /// A line is there twice, or an event twice in one trail.
    Repeated,
    /// One event is there with different contents.
    Conflicting,
    /// A checkpoint, a root, the head or the public key is not as it was signed.
    BadCheckpoint,
    /// A trail does not go as far as it once did.
    Cut,
    /// A file cannot be read, or there is no trail.
    Unreadable,
}

impl Kind {
    /// In words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Altered => "altered",
            Self::Missing => "missing",
            Self::Reordered => "reordered",
            Self::WronglySealed => "wrongly sealed",
            Self::Repeated => "repeated",
            Self::Conflicting => "conflicting",
            Self::BadCheckpoint => "bad checkpoint",
            Self::Cut => "cut",
            Self::Unreadable => "unreadable",
        }
    }
}

/// One of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What kind.
    pub kind: Kind,
    /// In which file or directory.
    pub path: PathBuf,
    /// In which line of the file, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The rest of the sentence.
    pub what: String,
}

impl Finding {
    /// In a line.
    pub fn in_line(kind: Kind, path: impl Into<PathBuf>, line: u64, what: impl Into<String>) -> Self {
        Self { kind, path: path.into(), line: Some(line), what: what.into() }
    }

    /// In a file or directory as a whole.
    pub fn of(kind: Kind, path: impl Into<PathBuf>, what: impl Into<String>) -> Self {
        Self { kind, path: path.into(), line: None, what: what.into() }
    }

    /// A file that cannot be read.
    pub fn unreadable(path: impl Into<PathBuf>, error: &std::io::Error) -> Self {
        Self::of(Kind::Unreadable, path, error.to_string())
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.label(), self.path.display())?;
        if let Some(line) = self.line {
            write!(f, " line {line}")?;
        }
        write!(f, ": {}", self.what)
    }
}
