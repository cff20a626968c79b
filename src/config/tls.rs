//! Certificates of the listeners.

use std::{path::PathBuf, sync::Arc};

use rustls::pki_types::UnixTime;

use super::{listen::Listeners, reader::Reader, table as env, variable::Typed};
use crate::tls::{Files, Pair, PemFile, Tls};

/// The listeners' certificate, checked; `None` where they speak in the clear.
pub(super) fn read(r: &mut Reader, listeners: &Listeners) -> Option<Arc<Tls>> {
    let client_ca = file(r, &env::OTP_TLS_CLIENT_CA);
    let pair = files(r, [&env::OTP_TLS_CERT, &env::OTP_TLS_KEY]);
    if client_ca.is_some() && !r.is_set("OTP_TLS_CERT") && !r.is_set("OTP_TLS_KEY") {
        r.mistake("OTP_TLS_CLIENT_CA", "needs OTP_TLS_CERT and OTP_TLS_KEY");
    }
    let [cert, key] = pair?;
    if key.is_open_to_all() {
        r.warn("OTP_TLS_KEY", "names a file that others than its owner and group may read or write");
    }
    let loaded = Tls::load(Files { cert, key, client_ca }, UnixTime::now());
    let tls = loaded.map_err(|bad| r.mistakes.push(bad)).ok()?;
    if listeners.are_unix() {
        r.warn("OTP_TLS_CERT", "is not used: both listeners are unix sockets, which stay in the clear");
    }
    Some(Arc::new(tls))
}

/// What is shown to whoever asks for a certificate, from the files that these variables name.
pub(super) fn read_pair(r: &mut Reader, variables: [&Typed<PathBuf>; 2]) -> Option<Pair> {
    let [cert, key] = files(r, variables)?;
    Pair::read(&cert, &key).map_err(|bad| r.mistakes.push(bad)).ok()
}

fn files(r: &mut Reader, variables: [&Typed<PathBuf>; 2]) -> Option<[PemFile; 2]> {
    let found = variables.map(|variable| file(r, variable));
    r.both(variables.map(|variable| variable.row.name), found)
}

/// Set but empty is a mistake: an unexpanded reference must not leave a listener in the clear.
fn file(r: &mut Reader, variable: &Typed<PathBuf>) -> Option<PemFile> {
    let name = variable.row.name;
    let path = r.path(variable);
    if path.is_none() && r.is_set(name) {
        r.mistake(name, "is set but empty; give a path or remove the variable");
    }
    path.map(|path| PemFile { variable: name, path })
}
