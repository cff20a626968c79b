//! Outages: why the store gave no answer, and what that means for the caller.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use super::{
    HostPort,
    reason::{CREDENTIALS, NOT_REDIS, distrust, hung_up, no_database, unreachable},
};

/// The store did not decide. Whether the function ran is unknown after [`StoreError::TimedOut`],
/// [`StoreError::Disconnected`] and [`StoreError::Unexpected`]; after [`StoreError::Unconfirmed`] it did, after the others
/// it did not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// No answer within `OTP_REDIS_TIMEOUT`.
    #[error("no answer in time")]
    TimedOut,
    /// No connection, or it broke.
    #[error("no connection")]
    Disconnected,
    /// There was no connection to send it over, or none within the time.
    #[error("no connection")]
    Unsent {
        /// Whether the time ran out over it.
        late: bool,
    },
    /// There is no connection, and why none could be made.
    #[error("no connection: {0}")]
    Unreachable(String),
    /// The server is up but takes no functions now: loading, busy, out of memory, read-only, denied …
    #[error("server refuses: {0}{hint}", hint = advice(.0))]
    Refused(String),
    /// Too many calls wait for the store already; this one was not sent.
    #[error("too many calls at once")]
    Overloaded,
    /// The server must not be used: it evicts keys, belongs to another index key, or will not know us.
    #[error("server is unusable: {0}")]
    Unusable(String),
    /// An answer that makes no sense.
    #[error("unexpected answer of function {0}")]
    Unexpected(&'static str),
    /// It was done, but no replica has it yet: it may be lost with its primary.
    #[error("no replica has it in time")]
    Unconfirmed,
    /// The bucket is somewhere else in the cluster; nothing was done.
    #[error("elsewhere in the cluster")]
    Elsewhere(Elsewhere),
}

/// Where a server says that a bucket is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Elsewhere {
    /// With another one.
    Moved(HostPort),
    /// On its way to another one, as far as these keys are concerned.
    Ask(HostPort),
    /// Half here and half there.
    TryAgain,
}

impl StoreError {
    /// The metrics label.
    pub fn label(&self) -> &'static str {
        match self {
            Self::TimedOut | Self::Unsent { late: true } => "timeout",
            Self::Disconnected | Self::Unreachable(_) | Self::Unsent { late: false } => "connection",
            Self::Refused(_) => "refused",
            Self::Overloaded => "overloaded",
            Self::Unusable(_) => "unfit",
            Self::Unexpected(_) => "unexpected",
            Self::Unconfirmed => "unconfirmed",
            Self::Elsewhere(_) => "elsewhere",
        }
    }

    /// Whether the primary that was asked may not be the one to ask any more.
    pub fn suspects_map(&self) -> bool {
        match self {
            Self::TimedOut | Self::Disconnected | Self::Unreachable(_) | Self::Unsent { .. } => true,
            Self::Refused(code) => matches!(code.as_str(), "READONLY" | "CLUSTERDOWN" | "MASTERDOWN"),
            _ => false,
        }
    }

    /// Whether the connection it came over is of no more use.
    pub fn breaks_connection(&self) -> bool {
        match self {
            Self::TimedOut | Self::Disconnected | Self::Unexpected(_) => true,
            Self::Refused(code) => code == "READONLY",
            _ => false,
        }
    }

    /// The same of a call that was not sent yet.
    pub(super) fn unsent(self) -> Self {
        match self {
            Self::TimedOut => Self::Unsent { late: true },
            Self::Disconnected | Self::Unexpected(_) => Self::Unsent { late: false },
            error => error,
        }
    }

    /// Whether it is about one value that cannot be read, and says nothing of others.
    pub fn is_unreadable(&self) -> bool {
        matches!(self, Self::Refused(code) if matches!(code.as_str(), "OTPRECORD" | "OTPVERSION" | "WRONGTYPE"))
    }

    /// Whether it is known that the function did not run.
    pub fn undone(&self) -> bool {
        !matches!(self, Self::TimedOut | Self::Disconnected | Self::Unexpected(_) | Self::Unconfirmed)
    }

    /// The error of a connection that could not be made.
    pub(super) fn of_connecting(error: &RedisError, tls: bool) -> Self {
        match Self::from(error.clone()) {
            Self::Disconnected | Self::TimedOut | Self::Unexpected(_) => Self::Unreachable(unreachable(error, tls)),
            error => error,
        }
    }

    /// The error of a connection of which nothing was heard but its end.
    pub(super) fn of_first_word(self, tls: bool) -> Self {
        match self {
            Self::Disconnected => Self::Unreachable(hung_up(tls)),
            Self::Unexpected(_) => Self::Unreachable(NOT_REDIS.into()),
            error => error,
        }
    }
}

impl From<RedisError> for StoreError {
    fn from(error: RedisError) -> Self {
        if let Some(elsewhere) = elsewhere(&error) {
            return Self::Elsewhere(elsewhere);
        }
        match error.kind() {
            ErrorKind::AuthenticationFailed => Self::Unusable(CREDENTIALS.into()),
            ErrorKind::Server(_) | ErrorKind::Extension => match code(&error) {
                code if matches!(code.as_str(), "NOAUTH" | "WRONGPASS") => Self::Unusable(CREDENTIALS.into()),
                code => no_database(&error).map_or(Self::Refused(code), Self::Unusable),
            },
            ErrorKind::Parse | ErrorKind::UnexpectedReturnType => Self::Unexpected("(reply)"),
            _ if error.is_timeout() => Self::TimedOut,
            _ => distrust(&error).map_or(Self::Disconnected, Self::Unusable),
        }
    }
}

/// The first word of a server's error, of the first in a pipeline: never its text, which could name keys.
fn code(error: &RedisError) -> String {
    let of_pipeline = || Some(error.clone().into_server_errors()?.first()?.1.code().to_owned());
    let code = error.code().map(str::to_owned).or_else(of_pipeline);
    code.as_deref().unwrap_or("ERR").chars().take_while(char::is_ascii_uppercase).take(32).collect()
}

/// What a server of a cluster says of a bucket that is not its own. It may leave its own host's name out; that is then for
/// the look at the whole map to find.
fn elsewhere(error: &RedisError) -> Option<Elsewhere> {
    let ErrorKind::Server(kind) = error.kind() else { return None };
    let place = || {
        // The number that comes with it is the slot; the port is part of the address.
        let (host, port) = error.redirect_node()?.0.rsplit_once(':').filter(|(host, _)| !host.is_empty())?;
        let port = port.parse().ok()?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        Some(HostPort { host: host.to_owned(), port })
    };
    match kind {
        ServerErrorKind::Moved => Some(place().map_or(Elsewhere::TryAgain, Elsewhere::Moved)),
        ServerErrorKind::Ask => Some(place().map_or(Elsewhere::TryAgain, Elsewhere::Ask)),
        ServerErrorKind::TryAgain => Some(Elsewhere::TryAgain),
        _ => None,
    }
}

/// What to do about a refusal, where its code does not say so.
fn advice(code: &str) -> &'static str {
    if code == "READONLY" { " (it is a replica: REDIS_URL must name the primary, or the Sentinels)" } else { "" }
}
