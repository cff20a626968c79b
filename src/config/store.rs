//! Which Redis.

use std::{fmt, path::PathBuf};

use secrecy::ExposeSecret as _;

use super::{reader::Reader, table as env};
use crate::store::{SCHEMES, Server, TlsFiles, check_files};

/// Which store is used.
#[derive(Clone)]
pub enum StoreTarget {
    /// `REDIS_URL` unset: a private server under `data_dir`, started by us.
    Embedded {
        /// `OTP_REDIS_BIN`; `None` = `redis-server`, then `valkey-server`, on `PATH`.
        binary: Option<PathBuf>,
    },
    /// A server, or several, with the files that TLS needs.
    Url {
        /// The scheme of the URL, which is all of it that may be shown.
        scheme: &'static str,
        /// May hold a password: never printed.
        server: Box<Server>,
    },
}

impl fmt::Debug for StoreTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded { binary } => f.debug_struct("Embedded").field("binary", binary).finish(),
            Self::Url { scheme, .. } => f.debug_struct("Url").field("scheme", scheme).finish_non_exhaustive(),
        }
    }
}

pub(super) fn read(r: &mut Reader) -> StoreTarget {
    let (binary, files) = (r.path(&env::OTP_REDIS_BIN), files(r));
    let Some(given) = r.secret(&env::REDIS_URL) else { return StoreTarget::Embedded { binary } };
    let url = given.text.expose_secret();
    let Some(server) = r.right(&given.variable, Server::parse(url)) else { return StoreTarget::Embedded { binary } };
    for name in ["OTP_REDIS_CA", "OTP_REDIS_CERT", "OTP_REDIS_KEY"] {
        if r.is_set(name) && !server.speaks_tls() {
            r.warn(name, "is not used, since REDIS_URL does not begin with rediss");
        }
    }
    if binary.is_some() {
        r.warn("OTP_REDIS_BIN", format!("is not used, since {} is set", given.variable));
    }
    r.show("OTP_REDIS_BIN", "not used");
    let named = |known: &&str| url.split(':').next().is_some_and(|scheme| known.eq_ignore_ascii_case(scheme));
    let scheme = SCHEMES.into_iter().find(named).unwrap_or_default();
    r.show("REDIS_URL", format!("set ({scheme})"));
    StoreTarget::Url { scheme, server: Box::new(server.with_files(files)) }
}

/// Files for TLS to the store, each of which must be good now.
fn files(r: &mut Reader) -> TlsFiles {
    let authority = r.path(&env::OTP_REDIS_CA);
    if authority.is_some() {
        r.right("OTP_REDIS_CA", check_files(&TlsFiles { authority: authority.clone(), own: None }));
    }
    let pair = [&env::OTP_REDIS_CERT, &env::OTP_REDIS_KEY];
    let paths = pair.map(|variable| r.path(variable));
    let own = r.both(pair.map(|variable| variable.row.name), paths).map(|[cert, key]| (cert, key));
    if own.is_some() {
        r.right("OTP_REDIS_CERT", check_files(&TlsFiles { authority: None, own: own.clone() }));
    }
    TlsFiles { authority, own }
}
