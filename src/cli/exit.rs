//! How the program ends.

use std::process::{ExitCode, Termination};

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

impl Termination for Exit {
    fn report(self) -> ExitCode {
        self.into()
    }
}
