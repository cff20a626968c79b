//! Which Redis.

use std::path::PathBuf;

use redis::IntoConnectionInfo as _;
use secrecy::{ExposeSecret as _, SecretString};

use super::reader::{Reader, Reported};

/// Schemes of a single server.
const SINGLE: [&str; 4] = ["redis", "rediss", "unix", "redis+unix"];
/// Schemes that are understood and not served.
const LATER: [&str; 4] = ["redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"];

/// Which store is used.
#[derive(Debug, Clone)]
pub enum StoreTarget {
    /// `REDIS_URL` unset: a private server under `data_dir`, started by us.
    Embedded {
        /// `OTP_REDIS_BIN`; `None` = `redis-server`, then `valkey-server`, on `PATH`.
        binary: Option<PathBuf>,
    },
    /// `redis://`, `rediss://`, `unix:`/`redis+unix:`. May hold a password: never printed.
    Url(SecretString),
}

impl StoreTarget {
    /// The scheme of the URL, which is all of it that may be shown.
    pub fn scheme(&self) -> Option<&'static str> {
        let Self::Url(url) = self else { return None };
        let scheme = scheme_of(url.expose_secret());
        SINGLE.into_iter().find(|known| *known == scheme)
    }
}

fn scheme_of(url: &str) -> String {
    url.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase()).unwrap_or_default()
}

pub(super) fn read(r: &mut Reader) -> Result<StoreTarget, Reported> {
    let binary = r.path("OTP_REDIS_BIN").map(PathBuf::from);
    let Some(given) = r.secret("REDIS_URL")? else { return Ok(StoreTarget::Embedded { binary }) };
    if let Err(problem) = check(given.text.expose_secret()) {
        r.mistake(&given.variable, problem);
        return Err(Reported);
    }
    if binary.is_some() {
        r.warn("OTP_REDIS_BIN", format!("is not used, since {} is set", given.variable));
    }
    Ok(StoreTarget::Url(given.text))
}

fn check(url: &str) -> Result<(), String> {
    let scheme = scheme_of(url);
    if let Some(later) = LATER.iter().find(|later| **later == scheme) {
        return Err(format!("with {later}:// is not available in this version"));
    }
    if !SINGLE.contains(&scheme.as_str()) {
        return Err("must begin with redis://, rediss://, unix: or redis+unix:".into());
    }
    match url.into_connection_info() {
        Ok(_) => Ok(()),
        Err(_) => Err(format!("begins with {scheme}: but is not a URL of a Redis server")),
    }
}
