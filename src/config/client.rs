//! What the operator's commands read: where the admin listener is, and the key to speak with.

use std::ffi::OsString;

use rustls::pki_types::ServerName;
use secrecy::{ExposeSecret as _, SecretString};

use super::{Diagnostic, address::AdminAddr, reader::Reader, table as env, tls, variable::CLIENT};
use crate::tls::Pair;

/// What the operator's commands need.
#[derive(Debug)]
pub struct ClientConfig {
    /// `OTP_ADMIN_URL`.
    pub server: AdminAddr,
    /// `OTP_ADMIN_KEY`; `None` where the listener takes no key.
    pub key: Option<SecretString>,
    /// What is shown where the listener asks for a certificate (`OTP_ADMIN_TLS_CERT`, `OTP_ADMIN_TLS_KEY`).
    pub pair: Option<Pair>,
    /// For whom the listener's certificate must be, if not for the host of `server` (`OTP_ADMIN_TLS_NAME`).
    pub name: Option<ServerName<'static>>,
}

impl ClientConfig {
    /// Reads the environment, given as pairs of name and value. Only its own variables matter.
    ///
    /// # Errors
    /// Every mistake at once, none with the value of a secret.
    pub fn from_env(environment: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Self, Vec<Diagnostic>> {
        Reader::only(
            environment,
            |row| row.group == CLIENT,
            |r| Self {
                server: r.get(&env::OTP_ADMIN_URL),
                key: key(r),
                pair: tls::read_pair(r, [&env::OTP_ADMIN_TLS_CERT, &env::OTP_ADMIN_TLS_KEY]),
                name: r.given(&env::OTP_ADMIN_TLS_NAME),
            },
        )
    }
}

/// What no header can carry is no key.
fn key(r: &mut Reader) -> Option<SecretString> {
    let given = r.secret(&env::OTP_ADMIN_KEY)?;
    if !given.text.expose_secret().bytes().all(|b| b.is_ascii_graphic()) {
        r.mistake(&given.variable, "has characters other than visible ASCII");
    }
    Some(given.text)
}
