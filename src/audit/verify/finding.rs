//! What is wrong with a trail, and where.

use std::{fmt, path::PathBuf};

use serde::Serialize;

/// The kinds of it, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A line, a checkpoint or a file is not as it was written, or one is there that was not.
    #[error("altered")]
    Altered,
    /// A line, a segment, a trail or an event is missing between others.
    #[error("missing")]
    Missing,
    /// One event is there with different contents.
    #[error("conflicting")]
    Conflicting,
    /// A trail does not go as far as it once did.
    #[error("cut off")]
    CutOff,
    /// A file cannot be read, there is no trail, or the key is another's.
    #[error("unreadable")]
    Unreadable,
}

/// A line of a file, or a file or directory as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Spot {
    /// Which file or directory.
    pub path: PathBuf,
    /// Which line of the file, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
}

impl Spot {
    /// A line of a file.
    pub fn line(path: impl Into<PathBuf>, line: u64) -> Self {
        Self { path: path.into(), line: Some(line) }
    }
}

/// One of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What kind.
    pub kind: Kind,
    /// Where.
    #[serde(flatten)]
    pub spot: Spot,
    /// The rest of the sentence.
    pub what: String,
}

impl Finding {
    /// One at this spot.
    pub fn at(kind: Kind, spot: Spot, what: impl Into<String>) -> Self {
        Self { kind, spot, what: what.into() }
    }

    /// In a file or directory as a whole.
    pub fn of(kind: Kind, path: impl Into<PathBuf>, what: impl Into<String>) -> Self {
        Self::at(kind, Spot { path: path.into(), line: None }, what)
    }

    /// A file that cannot be read.
    pub fn unreadable(path: impl Into<PathBuf>, error: &std::io::Error) -> Self {
        Self::of(Kind::Unreadable, path, error.to_string())
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.spot.path.display())?;
        if let Some(line) = self.spot.line {
            write!(f, " line {line}")?;
        }
        write!(f, ": {}", self.what)
    }
}
