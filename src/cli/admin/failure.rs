//! How a command fails.

use std::io;

use crate::cli::exit::Exit;

/// Why a command failed.
#[derive(Debug)]
pub enum Failure {
    /// The exit code, and a line for whoever called it.
    Said {
        /// How the program ends.
        exit: Exit,
        /// The line.
        why: String,
    },
    /// An output that takes nothing more.
    Output(io::Error),
}

impl Failure {
    pub(super) fn said(exit: Exit, why: impl Into<String>) -> Self {
        Self::Said { exit, why: why.into() }
    }

    /// The exit code. A reader that has gone (`| head`) had enough.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Said { exit, .. } => *exit,
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Self::Output(_) => Exit::Fault,
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
