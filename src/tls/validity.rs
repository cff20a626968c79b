//! From when until when a certificate is good.

use std::time::Duration;

use rustls::{
    CertificateError, Error, RootCertStore,
    client::verify_server_cert_signed_by_trust_anchor,
    crypto::ring,
    pki_types::{CertificateDer, UnixTime},
    server::ParsedCertificate,
};

use super::{Bad, PemFile};

/// Checks the first of `chain` at the time `now`; answers when it ends, seconds since 1970.
///
/// Clients' own verifier is asked, so that we mean what they mean; it says when a certificate ends once that is past. It
/// looks at the time before it looks for an authority, of which it is given none.
pub(super) fn check(file: &PemFile, chain: &[CertificateDer<'_>], now: UnixTime) -> Result<u64, Bad> {
    let unfit = |error: &Error| file.bad(format!("names a certificate that cannot be used: {error}"));
    let leaf = chain.first().ok_or_else(|| file.bad("names a file without a certificate in PEM"))?;
    let leaf = ParsedCertificate::try_from(leaf).map_err(|error| unfit(&error))?;
    let at = |time| {
        let (nobody, algorithms) = (RootCertStore::empty(), ring::default_provider().signature_verification_algorithms);
        verify_server_cert_signed_by_trust_anchor(&leaf, &nobody, &[], time, algorithms.all)
    };
    if let Err(Error::InvalidCertificate(CertificateError::NotValidYetContext { .. })) = at(now) {
        return Err(file.bad("names a certificate that is not valid yet"));
    }
    let last = UnixTime::since_unix_epoch(Duration::from_secs(u64::MAX));
    let ends = match at(last) {
        Err(Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => not_after.as_secs(),
        Err(other) => return Err(unfit(&other)),
        Ok(()) => return Err(file.bad("names a certificate that never ends")),
    };
    not_ended(file.variable, ends, now).map(|()| ends)
}

/// Whether a certificate that `ends` then is still good.
pub(super) fn not_ended(variable: &'static str, ends: u64, now: UnixTime) -> Result<(), Bad> {
    if now.as_secs() > ends {
        return Err(Bad::new(variable, "names a certificate that has expired"));
    }
    Ok(())
}
