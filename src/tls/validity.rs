//! From when until when a certificate is good, and whether clients take it for a server's at all.

use std::time::Duration;

use rustls::{
    CertificateError, Error, RootCertStore,
    client::{verify_server_cert_signed_by_trust_anchor, verify_server_name},
    crypto::ring,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
    server::ParsedCertificate,
};

use super::{
    PemFile,
    reason::{self, SELF_SIGNED, is_authority, unknown_extension},
};
use crate::diagnostic::Diagnostic;

/// Checks the first of `chain` at the time `now`; answers when it ends, seconds since 1970.
///
/// Clients' own verifier is asked, so that we mean what they mean; it says when a certificate ends once that is past. It
/// looks at the time before it looks for an authority, of which it is given none.
pub(super) fn check(file: &PemFile, chain: &[CertificateDer<'_>], now: UnixTime) -> Result<u64, Diagnostic> {
    let leaf = leaf(file, chain)?;
    if let Err(Error::InvalidCertificate(CertificateError::NotValidYetContext { .. })) = at(&leaf, now) {
        return Err(file.bad("names a certificate that is not valid yet"));
    }
    not_an_authority(file, chain, now)?;
    if names(&leaf).is_empty() {
        return Err(file.bad(format!("names a certificate {}", nobody())));
    }
    fit_for_a_server(file, chain, now)?;
    let last = UnixTime::since_unix_epoch(Duration::from_secs(u64::MAX));
    let ends = match at(&leaf, last) {
        Err(Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => not_after.as_secs(),
        Err(other) => return Err(unfit(file, &other)),
        Ok(()) => return Err(file.bad("names a certificate that never ends")),
    };
    not_ended(file.variable, ends, now).map(|()| ends)
}

/// Checks that the first of `chain` is not an authority's, which nobody takes for a server's or a caller's.
pub(super) fn not_an_authority(file: &PemFile, chain: &[CertificateDer<'_>], now: UnixTime) -> Result<(), Diagnostic> {
    match at(&leaf(file, chain)?, now) {
        Err(error) if is_authority(&error) => Err(unfit(file, &error)),
        _ => Ok(()),
    }
}

/// Checks that a client who trusts whoever signed the first of `chain` takes it for a server's, as far as that can be seen: who
/// signed it may be in the file or not, or have a namesake there.
fn fit_for_a_server(file: &PemFile, chain: &[CertificateDer<'_>], now: UnixTime) -> Result<(), Diagnostic> {
    match by(&leaf(file, chain)?, chain, now) {
        Err(
            error @ Error::InvalidCertificate(
                CertificateError::InvalidPurpose
                | CertificateError::InvalidPurposeContext { .. }
                | CertificateError::UnsupportedSignatureAlgorithmContext { .. }
                | CertificateError::BadEncoding
                | CertificateError::Other(_),
            ),
        ) => Err(unfit(file, &error)),
        _ => Ok(()),
    }
}

/// Checks that certificates that a client trusts are not one alone that only a server could show and no client takes. What
/// may be an authority's is left alone.
///
/// # Errors
/// Why it is not taken, as the end of a sentence that its variable begins.
pub fn trusted(pem: &[u8], now: UnixTime) -> Result<(), String> {
    let all: Vec<_> = CertificateDer::pem_slice_iter(pem).flatten().collect();
    let [own] = &all[..] else { return Ok(()) };
    let leaf = match ParsedCertificate::try_from(own) {
        Ok(leaf) => leaf,
        Err(error) => {
            return unknown_extension(&error).map_or(Ok(()), |why| Err(format!("names a certificate that {why}")));
        }
    };
    let passed = |error: &CertificateError| {
        let late =
            matches!(error, CertificateError::ExpiredContext { .. } | CertificateError::NotValidYetContext { .. });
        late || matches!(error, CertificateError::UnknownIssuer)
    };
    match by(&leaf, &all, now) {
        Ok(()) if names(&leaf).is_empty() => Err(format!("names a certificate {}", nobody())),
        Err(error) if is_authority(&error) => Ok(()),
        Err(Error::InvalidCertificate(error)) if passed(&error) => Ok(()),
        Err(error) => Err(format!("names a certificate that {}", reason::certificate(&error))),
        Ok(()) => Ok(()),
    }
}

fn nobody() -> String {
    format!(
        "for nobody (its subjectAltName has no name or address of a server, and the CN is not looked at); make one with `{SELF_SIGNED}`"
    )
}

fn leaf<'a>(file: &PemFile, chain: &'a [CertificateDer<'a>]) -> Result<ParsedCertificate<'a>, Diagnostic> {
    let leaf = chain.first().ok_or_else(|| file.bad("names a file without a certificate in PEM"))?;
    ParsedCertificate::try_from(leaf).map_err(|error| unfit(file, &error))
}

fn unfit(file: &PemFile, error: &Error) -> Diagnostic {
    file.bad(format!("names a certificate that {}", reason::certificate(error)))
}

/// What a client that trusts nobody says of it at a time.
fn at(leaf: &ParsedCertificate<'_>, time: UnixTime) -> Result<(), Error> {
    by(leaf, &[], time)
}

/// What a client that trusts these says of it at a time.
fn by(leaf: &ParsedCertificate<'_>, trusted: &[CertificateDer<'_>], time: UnixTime) -> Result<(), Error> {
    let mut anchors = RootCertStore::empty();
    anchors.add_parsable_certificates(trusted.iter().map(|one| one.clone().into_owned()));
    let algorithms = ring::default_provider().signature_verification_algorithms;
    verify_server_cert_signed_by_trust_anchor(leaf, &anchors, &[], time, algorithms.all)
}

/// For whom a certificate is.
fn names(leaf: &ParsedCertificate<'_>) -> Vec<String> {
    let Ok(nobody) = ServerName::try_from("nobody.invalid") else { return Vec::new() };
    match verify_server_name(leaf, &nobody) {
        // An address of mail, say, is nobody's that a client connects to.
        Err(Error::InvalidCertificate(CertificateError::NotValidForNameContext { presented, .. })) => {
            presented.into_iter().filter(|name| !name.starts_with("Unsupported")).collect()
        }
        _ => vec![String::new()],
    }
}

/// Whether a certificate that `ends` then is still good.
pub(super) fn not_ended(variable: &'static str, ends: u64, now: UnixTime) -> Result<(), Diagnostic> {
    if now.as_secs() > ends {
        return Err(Diagnostic::of(variable, "names a certificate that has expired"));
    }
    Ok(())
}
