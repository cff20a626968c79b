//! Secrets that may change while the sidecar runs: the keys of callers and the pepper ring.

use std::ffi::OsString;

use secrecy::SecretSlice;
use serde_json::Value;

use super::{
    Diagnostic,
    keys::{self, Keys},
    material,
    reader::Reader,
    variable::Variable,
};
use crate::secret::Pepper;

/// The variables, each of which may be given as `…_FILE`. Never among them: the index key and the audit key, which name
/// and seal what lies in Redis and in the trail.
const VARIABLES: [&str; 4] = ["OTP_API_KEYS", "OTP_ADMIN_KEYS", "OTP_VIEWER_KEYS", "OTP_PEPPER"];

/// Secrets that may change while the sidecar runs, as they are given now.
#[derive(Debug)]
pub struct Secrets {
    /// Who may call.
    pub keys: Keys,
    /// `OTP_PEPPER`, the active one first; empty where the private Redis brings its own.
    pub peppers: Vec<Pepper>,
    /// What is shown of them, as in [`super::Config::in_force`].
    pub in_force: Vec<(String, Value)>,
}

impl Secrets {
    /// Reads them again, beside the key material `held` that stays and from which peppers must differ. May block.
    ///
    /// # Errors
    /// Every mistake at once, as at start.
    pub fn read(
        environment: impl IntoIterator<Item = (OsString, OsString)>,
        held: &[SecretSlice<u8>],
    ) -> Result<Self, Vec<Diagnostic>> {
        let is_ours = |row: &Variable| VARIABLES.contains(&row.name);
        Reader::only(environment, is_ours, |r| Self {
            keys: keys::read(r),
            peppers: material::ring_beside(r, held),
            in_force: r.in_force(),
        })
    }
}
