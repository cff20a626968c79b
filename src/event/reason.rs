//! Why a message was not delivered: a closed list, without a word of what a provider said.

/// Why a try failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Reason {
    /// The provider said no.
    Refused = 1,
    /// It could not be spoken to.
    Unreachable = 2,
    /// It did not answer in time.
    Timeout = 3,
    /// No sidecar has such a channel.
    NoChannel = 4,
}

impl Reason {
    /// The reason with this number, `None` for 0 and for what a newer version knows.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Refused, Self::Unreachable, Self::Timeout, Self::NoChannel]
            .into_iter()
            .find(|&reason| reason as u8 == number)
    }

    /// The word for it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::NoChannel => "no_channel",
        }
    }
}
