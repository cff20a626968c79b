//! The keys of trails, as the environment has them.

use std::ffi::OsString;

use secrecy::ExposeSecret as _;

use crate::{
    config::{self, Diagnostic},
    secret::{AuditKey, TrailKeys},
    store::embedded,
};

/// See the module.
#[derive(Debug)]
pub struct Keys {
    /// `None` where there are none.
    pub keys: Option<TrailKeys>,
    /// Whether they are those of the private server, which nobody named.
    pub guessed: bool,
}

impl Keys {
    /// `OTP_AUDIT_KEY`, else `OTP_INDEX_KEY`, else what the private server's directory has.
    ///
    /// # Errors
    /// What is wrong with these variables; of others nothing is wanted.
    pub fn read(environment: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Self, Vec<Diagnostic>> {
        let given = config::audit_keys(environment)?;
        let (audit, guessed) = match (&given.audit, &given.index) {
            (Some(key), _) => (Some(AuditKey::new(key.expose_secret())), false),
            (None, Some(key)) => (Some(AuditKey::from_index_key(key.expose_secret())), false),
            (None, None) => {
                let kept = embedded::kept_index_key(&given.data_dir);
                (kept.map(|key| AuditKey::from_index_key(key.expose_secret())), true)
            }
        };
        Ok(Self { keys: audit.as_ref().and_then(TrailKeys::new), guessed })
    }
}
