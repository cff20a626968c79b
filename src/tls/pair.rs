//! A certificate with its chain, and its key.

use rustls::{
    Error, InconsistentKeys,
    pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem::PemObject as _},
};

use super::{PemFile, reason, validity};
use crate::diagnostic::Diagnostic;

/// A certificate, followed by those that lead to its authority, and its key. Nothing of the key is shown by `Debug`.
#[derive(Debug)]
pub struct Pair {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

impl Pair {
    /// Reads both files.
    ///
    /// # Errors
    /// If one cannot be read or holds no such thing, or the certificate is an authority's; whether they match is yet to be
    /// seen.
    pub fn read(cert: &PemFile, key: &PemFile) -> Result<Self, Diagnostic> {
        let pair = Self::parse(cert, &cert.read()?, key, &key.read()?)?;
        validity::not_an_authority(cert, &pair.chain, UnixTime::now())?;
        Ok(pair)
    }

    pub(super) fn parse(cert: &PemFile, cert_pem: &[u8], key: &PemFile, key_pem: &[u8]) -> Result<Self, Diagnostic> {
        let none = |_| {
            key.bad("names a file without a private key in PEM (PKCS #8, PKCS #1 or SEC 1; not under a passphrase)")
        };
        let parsed = PrivateKeyDer::from_pem_slice(key_pem);
        Ok(Self { chain: certificates(cert, cert_pem)?, key: parsed.map_err(none)? })
    }
}

/// All certificates of a file, at least one.
pub(super) fn certificates(file: &PemFile, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Diagnostic> {
    let all = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    let all = all.map_err(|_| file.bad("names a file that is not sound PEM"))?;
    if all.is_empty() {
        return Err(file.bad("names a file without a certificate in PEM"));
    }
    Ok(all)
}

/// What is wrong with a pair that rustls does not take.
pub(super) fn refused(error: &Error, cert: &PemFile, key: &PemFile) -> Diagnostic {
    match error {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            key.bad(format!("is not the key of the first certificate in {}", cert.variable))
        }
        Error::InvalidCertificate(_) => cert.bad(format!("names a certificate that {}", reason::certificate(error))),
        other => key.bad(format!("names a key that {}", reason::key(other))),
    }
}
