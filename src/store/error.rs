//! Outages: why the store gave no answer, and what that means for the caller.

use redis::{ErrorKind, RedisError, ServerErrorKind};

/// The store did not decide. Whether the script ran is unknown after [`StoreError::TimedOut`] and
/// [`StoreError::Disconnected`]; after the others it did not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// No answer within `OTP_REDIS_TIMEOUT`.
    #[error("no answer in time")]
    TimedOut,
    /// No connection, or it broke.
    #[error("no connection")]
    Disconnected,
    /// The server is up but takes no scripts now: loading, busy, out of memory, read-only, denied …
    #[error("server refuses: {0}")]
    Refused(String),
    /// Too many calls wait for the store already; this one was not sent.
    #[error("too many calls at once")]
    Overloaded,
    /// The server must not be used: it evicts keys, or belongs to another index key.
    #[error("server is unfit: {0}")]
    Unfit(String),
    /// An answer that makes no sense.
    #[error("unexpected answer of script {0}")]
    Unexpected(&'static str),
}

impl StoreError {
    /// The metrics label.
    pub fn label(&self) -> &'static str {
        match self {
            Self::TimedOut => "timeout",
            Self::Disconnected => "connection",
            Self::Refused(_) => "refused",
            Self::Overloaded => "overloaded",
            Self::Unfit(_) => "unfit",
            Self::Unexpected(_) => "unexpected",
        }
    }

    /// Whether the connection it came over is of no more use.
    pub fn breaks_connection(&self) -> bool {
        match self {
            Self::TimedOut | Self::Disconnected | Self::Unexpected(_) => true,
            Self::Refused(code) => code == "READONLY",
            Self::Overloaded | Self::Unfit(_) => false,
        }
    }
}

impl From<RedisError> for StoreError {
    fn from(error: RedisError) -> Self {
        match error.kind() {
            ErrorKind::Server(ServerErrorKind::ReadOnly) => Self::Refused("READONLY".into()),
            ErrorKind::Server(_) | ErrorKind::Extension => Self::Refused(code(&error)),
            ErrorKind::AuthenticationFailed => Self::Refused("authentication".into()),
            ErrorKind::Parse | ErrorKind::UnexpectedReturnType => Self::Unexpected("(reply)"),
            _ if error.is_timeout() => Self::TimedOut,
            _ => Self::Disconnected,
        }
    }
}

/// The first word of a server's error, of several that of the first: never its text, which could name keys.
fn code(error: &RedisError) -> String {
    let of_several = || Some(error.clone().into_server_errors()?.first()?.1.code().to_owned());
    let code = error.code().map(str::to_owned).or_else(of_several).unwrap_or_else(|| "ERR".to_owned());
    code.chars().take_while(char::is_ascii_uppercase).take(32).collect()
}
