//! Certificates of the listeners.

use std::{path::PathBuf, sync::Arc};

use rustls::pki_types::UnixTime;

use super::{
    listen::Listeners,
    reader::{Reader, Reported},
    table as env,
    variable::Typed,
};
use crate::tls::{Bad, Files, Pair, PemFile, Tls};

/// The listeners' certificate, checked; `None` where they speak in the clear.
pub(super) fn read(r: &mut Reader, listeners: &Listeners) -> Result<Option<Arc<Tls>>, Reported> {
    let variables = [&env::OTP_TLS_CERT, &env::OTP_TLS_KEY];
    let [cert, key, client_ca] =
        [variables[0], variables[1], &env::OTP_TLS_CLIENT_CA].map(|variable| file(r, variable));
    let (cert, key, client_ca) = (cert?, key?, client_ca?);
    if client_ca.is_some() && cert.is_none() && key.is_none() {
        return Err(r.mistake("OTP_TLS_CLIENT_CA", "needs OTP_TLS_CERT and OTP_TLS_KEY"));
    }
    let Some((cert, key)) = both(r, variables, cert, key)? else { return Ok(None) };
    if key.is_open_to_all() {
        r.warn("OTP_TLS_KEY", "names a file that others than its owner and group may read or write");
    }
    let tls = Tls::load(Files { cert, key, client_ca }, UnixTime::now()).map_err(|bad| noted(r, bad))?;
    if listeners.are_unix() {
        r.warn("OTP_TLS_CERT", "is not used: both listeners are unix sockets, which stay in the clear");
    }
    Ok(Some(Arc::new(tls)))
}

/// What is shown to whoever asks for a certificate, from the files that these variables name.
pub(super) fn read_pair(r: &mut Reader, variables: [&Typed<PathBuf>; 2]) -> Result<Option<Pair>, Reported> {
    let [cert, key] = variables.map(|variable| file(r, variable));
    let pair = both(r, variables, cert?, key?)?;
    pair.map(|(cert, key)| Pair::read(&cert, &key).map_err(|bad| noted(r, bad))).transpose()
}

/// Set but empty is a mistake: an unexpanded reference must not leave a listener in the clear.
fn file(r: &mut Reader, variable: &Typed<PathBuf>) -> Result<Option<PemFile>, Reported> {
    let name = variable.row.name;
    match r.path(variable) {
        Some(path) => Ok(Some(PemFile { variable: name, path })),
        None if r.is_set(name) => Err(r.mistake(name, "is set but empty; give a path or remove the variable")),
        None => Ok(None),
    }
}

/// A certificate and its key, or neither: `names` are their variables.
pub(super) fn both<T>(
    r: &mut Reader,
    names: [&Typed<PathBuf>; 2],
    cert: Option<T>,
    key: Option<T>,
) -> Result<Option<(T, T)>, Reported> {
    let [cert_name, key_name] = names.map(|variable| variable.row.name);
    let (missing, present) = match (cert, key) {
        (Some(cert), Some(key)) => return Ok(Some((cert, key))),
        (None, None) => return Ok(None),
        (Some(_), None) => (key_name, cert_name),
        (None, Some(_)) => (cert_name, key_name),
    };
    Err(r.mistake(missing, format!("must be set when {present} is")))
}

fn noted(r: &mut Reader, bad: Bad) -> Reported {
    r.mistake(bad.variable, bad.problem)
}
