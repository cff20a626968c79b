//! Outages: why the store gave no answer, and what that means for the caller.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use super::server::Place;
use crate::tls::reason;

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
    /// The server is up but takes no functions now: loading, busy, out of memory, read-only, denied …
    #[error("server refuses: {0}")]
    Refused(String),
    /// Too many calls wait for the store already; this one was not sent.
    #[error("too many calls at once")]
    Overloaded,
    /// The server must not be used: it evicts keys, belongs to another index key, or will not know us.
    #[error("server is unfit: {0}")]
    Unfit(String),
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
    Moved(Place),
    /// On its way to another one, as far as these keys are concerned.
    Ask(Place),
    /// Half here and half there.
    TryAgain,
}

impl StoreError {
    /// The metrics label.
    pub fn label(&self) -> &'static str {
        match self {
            Self::TimedOut | Self::Unsent { late: true } => "timeout",
            Self::Disconnected | Self::Unsent { late: false } => "connection",
            Self::Refused(_) => "refused",
            Self::Overloaded => "overloaded",
            Self::Unfit(_) => "unfit",
            Self::Unexpected(_) => "unexpected",
            Self::Unconfirmed => "unconfirmed",
            Self::Elsewhere(_) => "elsewhere",
        }
    }

    /// Whether the primary that was asked may not be the one to ask any more.
    pub fn suspects_map(&self) -> bool {
        match self {
            Self::TimedOut | Self::Disconnected | Self::Unsent { .. } => true,
            Self::Refused(code) => matches!(code.as_str(), "READONLY" | "CLUSTERDOWN" | "MASTERDOWN"),
            _ => false,
        }
    }

    /// Whether the connection it came over is of no more use.
    pub fn breaks_connection(&self) -> bool {
        match self {
            Self::TimedOut | Self::Disconnected | Self::Unexpected(_) => true,
            Self::Refused(code) => code == "READONLY",
            Self::Overloaded | Self::Unfit(_) | Self::Unconfirmed | Self::Elsewhere(_) | Self::Unsent { .. } => false,
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

    /// Whether it is known that the function did not run.
    pub fn undone(&self) -> bool {
        match self {
            Self::Unsent { .. } | Self::Refused(_) | Self::Overloaded | Self::Unfit(_) | Self::Elsewhere(_) => true,
            Self::TimedOut | Self::Disconnected | Self::Unexpected(_) | Self::Unconfirmed => false,
        }
    }
}

/// What is wrong with a server that does not know us; never the values themselves.
const CREDENTIALS: &str = "it does not accept the user and password in REDIS_URL, or asks for some that are not there";

impl From<RedisError> for StoreError {
    fn from(error: RedisError) -> Self {
        if let Some(elsewhere) = elsewhere(&error) {
            return Self::Elsewhere(elsewhere);
        }
        match error.kind() {
            ErrorKind::AuthenticationFailed => Self::Unfit(CREDENTIALS.into()),
            ErrorKind::Server(_) | ErrorKind::Extension => match code(&error) {
                code if matches!(code.as_str(), "NOAUTH" | "WRONGPASS") => Self::Unfit(CREDENTIALS.into()),
                code => no_database(&error).map_or(Self::Refused(code), Self::Unfit),
            },
            ErrorKind::Parse | ErrorKind::UnexpectedReturnType => Self::Unexpected("(reply)"),
            _ if error.is_timeout() => Self::TimedOut,
            _ => distrust(&error).map_or(Self::Disconnected, Self::Unfit),
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
        Some(Place { host: host.to_owned(), port })
    };
    match kind {
        ServerErrorKind::Moved => Some(place().map_or(Elsewhere::TryAgain, Elsewhere::Moved)),
        ServerErrorKind::Ask => Some(place().map_or(Elsewhere::TryAgain, Elsewhere::Ask)),
        ServerErrorKind::TryAgain => Some(Elsewhere::TryAgain),
        _ => None,
    }
}

/// Whether it has no such database; the client says so in its own words.
fn no_database(error: &RedisError) -> Option<String> {
    let refused = error.to_string().contains("refused to switch database");
    refused.then(|| "it has no database of the number in REDIS_URL, or its ACL denies SELECT".into())
}

/// Why a connection could not be made by TLS, if that is what broke it.
fn distrust(error: &RedisError) -> Option<String> {
    let text = error.to_string();
    if let Some((_, why)) = text.split_once("invalid peer certificate: ") {
        if let Some(reason) = reason(why) {
            return Some(format!(
                "its TLS certificate {reason} for its host, and give it to Redis and as OTP_REDIS_CA"
            ));
        }
        return Some(match why {
            why if why.starts_with("certificate not valid for name") => {
                format!("its TLS certificate is not for the host in REDIS_URL: {why}")
            }
            why => format!("its TLS certificate is not trusted: {why} (OTP_REDIS_CA names who signs it)"),
        });
    }
    let alerts = ["CertificateRequired", "BadCertificate", "UnknownCA", "CertificateExpired", "CertificateUnknown"];
    let alert = alerts.into_iter().find(|alert| text.contains(alert))?;
    Some(format!("it does not accept our certificate, or asks for one: {alert} (OTP_REDIS_CERT)"))
}
