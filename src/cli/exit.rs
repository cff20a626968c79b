//! How the program ends, and why a command failed.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use crate::{config::Diagnostic, http::ListenError, store::embedded::EmbeddedError};

/// The exit codes; those from 64 on mean what `sysexits.h` means by them, or come near.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All went well.
    Done = 0,
    /// The server said no.
    Refused = 1,
    /// The command line makes no sense.
    Usage = 2,
    /// `audit verify`: a line, checkpoint or file is not as it was written.
    Altered = 10,
    /// `audit verify`: a line, segment, trail or event is missing.
    Missing = 11,
    /// `audit verify`: an event is there with different contents.
    Conflicting = 15,
    /// `audit verify`: a trail does not go as far as it once did.
    CutOff = 17,
    /// `audit verify`: a file cannot be read, there is no trail, or the key is another's.
    Unreadable = 18,
    /// The environment makes no sense.
    Config = 64,
    /// The server or the store cannot be reached.
    Unreachable = 69,
    /// Our own fault.
    Fault = 70,
    /// The data directory, or the output, cannot be written.
    CannotWrite = 73,
    /// An address to listen on is in use.
    AddressInUse = 74,
}

impl Exit {
    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command failed: how the program ends, and what is said to whoever called it.
#[derive(Debug)]
pub struct Failure {
    /// How the program ends.
    pub exit: Exit,
    /// One line or several; empty where nobody is there to read it.
    pub why: String,
}

impl Failure {
    pub(super) fn said(exit: Exit, why: impl Into<String>) -> Self {
        Self { exit, why: why.into() }
    }
}

/// The exit code of what was done, once it is said why it was not.
pub(super) fn ended(done: Result<(), Failure>, err: &mut (impl Write + ?Sized)) -> Exit {
    let Err(Failure { exit, why }) = done else { return Exit::Done };
    if !why.is_empty() {
        // Whoever closed it still gets the exit code.
        let _ = writeln!(err, "{why}");
    }
    exit
}

/// An output that takes nothing more; a reader that has gone (`| head`) had enough.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::said(Exit::Done, ""),
            _ => Self::said(Exit::CannotWrite, format!("standard output cannot be written: {error}")),
        }
    }
}

/// An environment that makes no sense, a line for each mistake.
impl From<Vec<Diagnostic>> for Failure {
    fn from(mistakes: Vec<Diagnostic>) -> Self {
        let lines: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
        Self::said(Exit::Config, lines.join("\n"))
    }
}

impl From<EmbeddedError> for Failure {
    fn from(error: EmbeddedError) -> Self {
        let exit = match error {
            EmbeddedError::NoServer | EmbeddedError::Spawn { .. } | EmbeddedError::Ended { .. } => Exit::Unreachable,
            EmbeddedError::Directory { .. } | EmbeddedError::InUse(_) => Exit::CannotWrite,
        };
        Self::said(exit, error.to_string())
    }
}

impl From<&ListenError> for Exit {
    fn from(error: &ListenError) -> Self {
        match error {
            ListenError::InUse(_) => Self::AddressInUse,
            _ => Self::CannotWrite,
        }
    }
}
