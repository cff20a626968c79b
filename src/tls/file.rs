//! PEM files, each with the variable that names it.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::{diagnostic::Diagnostic, files};

/// What tells contents from other contents.
pub(super) type Digest = [u8; 32];

/// A file and the variable that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PemFile {
    /// The variable.
    pub variable: &'static str,
    /// Where the file is.
    pub path: PathBuf,
}

/// The files of the listeners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The certificate, followed by those that lead to its authority (`OTP_TLS_CERT`).
    pub cert: PemFile,
    /// Its key (`OTP_TLS_KEY`).
    pub key: PemFile,
    /// Who signs callers' certificates (`OTP_TLS_CLIENT_CA`); `None` = callers show none.
    pub client_ca: Option<PemFile>,
}

/// What was in them.
pub(super) struct Contents {
    pub(super) cert: Zeroizing<Vec<u8>>,
    pub(super) key: Zeroizing<Vec<u8>>,
    pub(super) client_ca: Option<Zeroizing<Vec<u8>>>,
}

impl PemFile {
    /// Whether others than its owner and group may read or write it; `false` if that cannot be known.
    pub fn is_open_to_all(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|found| found.permissions().mode() & 0o006 != 0)
    }

    pub(super) fn bad(&self, problem: impl Into<String>) -> Diagnostic {
        Diagnostic::of(self.variable, problem)
    }

    pub(super) fn read(&self) -> Result<Zeroizing<Vec<u8>>, Diagnostic> {
        // To open a pipe would wait for somebody who writes.
        if fs::metadata(&self.path).is_ok_and(|found| !found.is_file()) {
            return Err(self.bad("names something that is not a file"));
        }
        let bytes = files::read_small(&self.path).map_err(|problem| self.bad(problem))?;
        // PEM is ASCII: no byte of it is NUL, and every second one of UTF-16 is.
        if bytes.contains(&0) {
            return Err(self.bad("names a file that is not PEM but binary (DER?) or UTF-16: save it as PEM in UTF-8"));
        }
        Ok(bytes)
    }
}

impl Files {
    pub(super) fn read(&self) -> Result<Contents, Diagnostic> {
        Ok(Contents {
            cert: self.cert.read()?,
            key: self.key.read()?,
            client_ca: self.client_ca.as_ref().map(PemFile::read).transpose()?,
        })
    }
}

impl Contents {
    pub(super) fn digest(&self) -> Digest {
        let mut all = Sha256::new();
        for part in [Some(&self.cert), Some(&self.key), self.client_ca.as_ref()].into_iter().flatten() {
            all.update((part.len() as u64).to_be_bytes());
            all.update(part.as_slice());
        }
        all.finalize().into()
    }

    /// The same of the authorities alone.
    pub(super) fn callers(&self) -> Option<Digest> {
        self.client_ca.as_ref().map(|bytes| Sha256::digest(bytes.as_slice()).into())
    }
}
