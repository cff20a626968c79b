//! Which Redis.

use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretString};

use super::{
    reader::{Reader, Reported},
    value,
};
use crate::store::{Durability, SCHEMES, Server, TlsFiles, check_files};

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
        let scheme = scheme_of(url.expose_secret());
        SCHEMES.into_iter().find(|known| *known == scheme)
    }
}

fn scheme_of(url: &str) -> String {
    url.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase()).unwrap_or_default()
}

pub(super) fn read(r: &mut Reader) -> Result<StoreTarget, Reported> {
    let binary = r.path("OTP_REDIS_BIN").map(PathBuf::from);
    let Some(given) = r.secret("REDIS_URL")? else { return Ok(StoreTarget::Embedded { binary }) };
    let server = match Server::parse(given.text.expose_secret()) {
        Ok(server) => server,
        Err(problem) => {
            r.mistake(&given.variable, problem);
            return Err(Reported);
        }
    };
    if !server.speaks_tls() {
        for name in ["OTP_REDIS_CA", "OTP_REDIS_CERT", "OTP_REDIS_KEY"] {
            if r.is_set(name) {
                r.warn(name, "is not used, since REDIS_URL does not begin with rediss".to_owned());
            }
        }
    }
    if binary.is_some() {
        r.warn("OTP_REDIS_BIN", format!("is not used, since {} is set", given.variable));
    }
    Ok(StoreTarget::Url(given.text))
}

/// Files for TLS to the store, each of which must be good now.
pub(super) fn files(r: &mut Reader) -> Result<TlsFiles, Reported> {
    let [authority, cert, key] =
        ["OTP_REDIS_CA", "OTP_REDIS_CERT", "OTP_REDIS_KEY"].map(|name| r.path(name).map(PathBuf::from));
    let own = match (cert, key) {
        (Some(cert), Some(key)) => Some((cert, key)),
        (None, None) => None,
        (cert, _) => {
            let (missing, there) =
                if cert.is_some() { ("OTP_REDIS_KEY", "OTP_REDIS_CERT") } else { ("OTP_REDIS_CERT", "OTP_REDIS_KEY") };
            r.mistake(missing, format!("must be set when {there} is"));
            return Err(Reported);
        }
    };
    let mut good = Ok(());
    let mut check = |name, files: TlsFiles| {
        if let Err(problem) = check_files(&files) {
            r.mistake(name, problem);
            good = Err(Reported);
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

/// Who must have what was written before it is answered; unset: one replica, where there are any.
pub(super) fn durability(r: &mut Reader) -> Result<Durability, Reported> {
    Ok(match r.optional("OTP_DURABILITY", value::choice)? {
        None => Durability::WhereReplicated,
        Some("none") => Durability::None,
        Some("fsync") => Durability::Fsync,
        Some(_) => Durability::Replica,
    })
}
