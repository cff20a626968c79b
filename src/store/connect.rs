//! From `REDIS_URL`, or the embedded server's socket, to a pool that makes connections as this software needs them.

use std::{path::PathBuf, time::Duration};

use deadpool_redis::{Manager, Pool, Runtime, Timeouts};
use redis::{AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, io::tcp::TcpSettings};
use secrecy::{ExposeSecret, SecretString};

use super::StoreError;

/// How many connections may be in the making at once: one a link.
const MAKING: usize = 2;

/// Where the server is.
#[derive(Debug, Clone)]
pub enum Server {
    /// `redis://`, `rediss://` or `unix:`; a secret, since it may hold a password.
    Url(SecretString),
    /// A unix socket. Not a URL: in one, some characters of a path mean something else.
    Socket(PathBuf),
}

impl From<&str> for Server {
    fn from(url: &str) -> Self {
        Self::Url(url.into())
    }
}

/// A pool for `server`. Connecting takes at most `timeout`.
///
/// # Errors
/// [`StoreError::Unfit`] if the URL cannot be read; its text is never part of the error.
pub fn pool(server: &Server, timeout: Duration) -> Result<Pool, StoreError> {
    let unreadable = || StoreError::Unfit("REDIS_URL cannot be read".into());
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(timeout))
        // Deadlines belong to the link: it must know which of its calls were answered.
        .set_response_timeout(None);
    let info = info(server).ok_or_else(unreadable)?;
    let manager = Manager::new_with_config(info, config).map_err(|_| unreadable())?;
    Pool::builder(manager)
        .max_size(MAKING)
        .timeouts(Timeouts { wait: Some(timeout), create: Some(timeout), recycle: Some(timeout) })
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|_| unreadable())
}

fn info(server: &Server) -> Option<ConnectionInfo> {
    let info = match server {
        Server::Url(url) => of_url(url.expose_secret())?,
        Server::Socket(path) => ConnectionAddr::Unix(path.clone()).into_connection_info().ok()?,
    };
    // `CLIENT SETINFO` does not exist on Redis 7.0, and an ACL that lists it does not load there.
    let settings = info.redis_settings().clone().set_skip_set_lib_name();
    Some(info.set_redis_settings(settings).set_tcp_settings(TcpSettings::default().set_nodelay(true)))
}

fn of_url(url: &str) -> Option<ConnectionInfo> {
    let url = match url.strip_prefix("unix://") {
        Some(path) => format!("redis+unix://{path}"),
        None => url.to_owned(),
    };
    Some(Client::open(url.into_connection_info().ok()?).ok()?.get_connection_info().clone())
}
