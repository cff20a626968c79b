//! How the program ends.

use std::process::{ExitCode, Termination};

use crate::{http::ListenError, store::embedded::EmbeddedError};

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
    /// The data directory cannot be written.
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

impl From<&EmbeddedError> for Exit {
    fn from(error: &EmbeddedError) -> Self {
        match error {
            EmbeddedError::NoServer | EmbeddedError::Spawn { .. } | EmbeddedError::Ended { .. } => Self::Unreachable,
            EmbeddedError::Directory { .. } | EmbeddedError::InUse(_) => Self::CannotWrite,
        }
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

impl Termination for Exit {
    fn report(self) -> ExitCode {
        self.into()
    }
}
