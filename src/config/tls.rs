//! Certificates of the listeners.

use std::sync::Arc;

use rustls::pki_types::{ServerName, UnixTime};

use super::reader::{Reader, Reported};
use crate::tls::{Bad, Files, Pair, PemFile, Tls};

/// The listeners' certificate, checked; `None` where they speak in the clear.
pub(super) fn read(r: &mut Reader) -> Result<Option<Arc<Tls>>, Reported> {
    let [cert, key, client_ca] = ["OTP_TLS_CERT", "OTP_TLS_KEY", "OTP_TLS_CLIENT_CA"].map(|name| file(r, name));
    let (cert, key, client_ca) = (cert?, key?, client_ca?);
    if client_ca.is_some() && cert.is_none() && key.is_none() {
        r.mistake("OTP_TLS_CLIENT_CA", "needs OTP_TLS_CERT and OTP_TLS_KEY");
        return Err(Reported);
    }
    let Some((cert, key)) = both(r, (cert, "OTP_TLS_CERT"), (key, "OTP_TLS_KEY"))? else { return Ok(None) };
    if key.is_open_to_all() {
        r.warn("OTP_TLS_KEY", "names a file that others than its owner and group may read or write");
    }
    let loaded = Tls::load(Files { cert, key, client_ca }, UnixTime::now());
    loaded.map(|tls| Some(Arc::new(tls))).map_err(|bad| noted(r, bad))
}

/// What the operator's commands show.
pub(super) fn read_own(r: &mut Reader) -> Result<Option<Pair>, Reported> {
    let [cert, key] = ["OTP_ADMIN_TLS_CERT", "OTP_ADMIN_TLS_KEY"].map(|name| file(r, name));
    let pair = both(r, (cert?, "OTP_ADMIN_TLS_CERT"), (key?, "OTP_ADMIN_TLS_KEY"))?;
    pair.map(|(cert, key)| Pair::read(&cert, &key).map_err(|bad| noted(r, bad))).transpose()
}

/// For whom the certificate of the admin listener must be, if not for the host of its URL.
pub(super) fn read_name(r: &mut Reader) -> Result<Option<ServerName<'static>>, Reported> {
    r.optional("OTP_ADMIN_TLS_NAME", |_, text| {
        ServerName::try_from(text.to_owned()).map_err(|_| "must be the name or address in a certificate".to_owned())
    })
}

/// Set but empty is a mistake: an unexpanded reference must not leave a listener in the clear.
fn file(r: &mut Reader, variable: &'static str) -> Result<Option<PemFile>, Reported> {
    match r.path(variable) {
        Some(path) => Ok(Some(PemFile { variable, path: path.into() })),
        None if r.is_set(variable) => {
            r.mistake(variable, "is set but empty; give a path or remove the variable");
            Err(Reported)
        }
        None => Ok(None),
    }
}

fn both<T>(
    r: &mut Reader,
    (cert, cert_name): (Option<T>, &'static str),
    (key, key_name): (Option<T>, &'static str),
) -> Result<Option<(T, T)>, Reported> {
    let (missing, present) = match (cert, key) {
        (Some(cert), Some(key)) => return Ok(Some((cert, key))),
        (None, None) => return Ok(None),
        (Some(_), None) => (key_name, cert_name),
        (None, Some(_)) => (cert_name, key_name),
    };
    r.mistake(missing, format!("must be set when {present} is"));
    Err(Reported)
}

fn noted(r: &mut Reader, Bad { variable, problem }: Bad) -> Reported {
    r.mistake(variable, problem);
    Reported
}
