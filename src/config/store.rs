//! Which Redis.

use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretString};

use super::{
    reader::{Reader, Reported},
    table as env,
    tls::both,
};
use crate::store::{SCHEMES, Server, TlsFiles, check_files};

/// Which store is used.
#[derive(Debug, Clone)]
pub enum StoreTarget {
    /// `REDIS_URL` unset: a private server under `data_dir`, started by us.
    Embedded {
        /// `OTP_REDIS_BIN`; `None` = `redis-server`, then `valkey-server`, on `PATH`.
        binary: Option<PathBuf>,
    },
    /// A server, or several ([`Server`]). May hold a password: never printed.
    Url(SecretString),
}

impl StoreTarget {
    /// The scheme of the URL, which is all of it that may be shown.
    pub fn scheme(&self) -> Option<&'static str> {
        let Self::Url(url) = self else { return None };
        let (scheme, _) = url.expose_secret().split_once(':')?;
        SCHEMES.into_iter().find(|known| known.eq_ignore_ascii_case(scheme))
    }
}

pub(super) fn read(r: &mut Reader) -> Result<StoreTarget, Reported> {
    let binary = r.path(&env::OTP_REDIS_BIN);
    let Some(given) = r.secret(&env::REDIS_URL)? else { return Ok(StoreTarget::Embedded { binary }) };
    let server = Server::parse(given.text.expose_secret()).map_err(|problem| r.mistake(&given.variable, problem))?;
    for name in ["OTP_REDIS_CA", "OTP_REDIS_CERT", "OTP_REDIS_KEY"] {
        if r.is_set(name) && !server.speaks_tls() {
            r.warn(name, "is not used, since REDIS_URL does not begin with rediss");
        }
    }
    if binary.is_some() {
        r.warn("OTP_REDIS_BIN", format!("is not used, since {} is set", given.variable));
    }
    r.show("OTP_REDIS_BIN", "not used");
    let target = StoreTarget::Url(given.text);
    r.show("REDIS_URL", format!("set ({})", target.scheme().unwrap_or_default()));
    Ok(target)
}

/// Files for TLS to the store, each of which must be good now.
pub(super) fn files(r: &mut Reader) -> Result<TlsFiles, Reported> {
    let authority = r.path(&env::OTP_REDIS_CA);
    let (cert, key) = (r.path(&env::OTP_REDIS_CERT), r.path(&env::OTP_REDIS_KEY));
    let own = both(r, [&env::OTP_REDIS_CERT, &env::OTP_REDIS_KEY], cert, key)?;
    let mut good = Ok(());
    let mut check = |name, files: TlsFiles| {
        if let Err(problem) = check_files(&files) {
            good = Err(r.mistake(name, problem));
        }
    };
    if authority.is_some() {
        check("OTP_REDIS_CA", TlsFiles { authority: authority.clone(), own: None });
    }
    if own.is_some() {
        check("OTP_REDIS_CERT", TlsFiles { authority: None, own: own.clone() });
    }
    good.map(|()| TlsFiles { authority, own })
}
