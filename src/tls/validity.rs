//! From when until when a certificate is good, and whether clients take it for a server's at all.

use std::time::Duration;

use rustls::{
    CertificateError, Error, RootCertStore,
    client::{verify_server_cert_signed_by_trust_anchor, verify_server_name},
    crypto::ring,
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};

use super::{Bad, PemFile};

/// Checks the first of `chain` at the time `now`; answers when it ends, seconds since 1970.
///
/// Clients' own verifier is asked, so that we mean what they mean; it says when a certificate ends once that is past. It
/// looks at the time before it looks for an authority, of which it is given none.
pub(super) fn check(file: &PemFile, chain: &[CertificateDer<'_>], now: UnixTime) -> Result<u64, Bad> {
    let leaf = leaf(file, chain)?;
    if let Err(Error::InvalidCertificate(CertificateError::NotValidYetContext { .. })) = at(&leaf, now) {
        return Err(file.bad("names a certificate that is not valid yet"));
    }
    not_an_authority(file, chain, now)?;
    if names(&leaf).is_empty() {
        let why = "names a certificate for nobody (it has no subjectAltName, and the CN is not looked at)";
        return Err(file.bad(format!("{why}; make one with `{SELF_SIGNED}`")));
    }
    let last = UnixTime::since_unix_epoch(Duration::from_secs(u64::MAX));
    let ends = match at(&leaf, last) {
        Err(Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => not_after.as_secs(),
        Err(other) => return Err(unfit(file, &other)),
        Ok(()) => return Err(file.bad("names a certificate that never ends")),
    };
    not_ended(file.variable, ends, now).map(|()| ends)
}

/// Checks that the first of `chain` is not an authority's, which nobody takes for a server's or a caller's.
pub(super) fn not_an_authority(file: &PemFile, chain: &[CertificateDer<'_>], now: UnixTime) -> Result<(), Bad> {
    match at(&leaf(file, chain)?, now) {
        // The library has no variant of its own for it.
        Err(error @ Error::InvalidCertificate(CertificateError::Other(_))) if error.to_string().contains(AUTHORITY) => {
            let why =
                "names the certificate of an authority (CA:TRUE), which nobody takes for a server's or a caller's";
            Err(file.bad(format!("{why}; make one with `{SELF_SIGNED}`")))
        }
        _ => Ok(()),
    }
}

fn leaf<'a>(file: &PemFile, chain: &'a [CertificateDer<'a>]) -> Result<ParsedCertificate<'a>, Bad> {
    let leaf = chain.first().ok_or_else(|| file.bad("names a file without a certificate in PEM"))?;
    ParsedCertificate::try_from(leaf).map_err(|error| unfit(file, &error))
}

fn unfit(file: &PemFile, error: &Error) -> Bad {
    file.bad(format!("names a certificate that cannot be used: {error}"))
}

/// What a client that trusts nobody says of it at a time.
fn at(leaf: &ParsedCertificate<'_>, time: UnixTime) -> Result<(), Error> {
    let (nobody, algorithms) = (RootCertStore::empty(), ring::default_provider().signature_verification_algorithms);
    verify_server_cert_signed_by_trust_anchor(leaf, &nobody, &[], time, algorithms.all)
}

/// Makes a certificate that servers can show and clients can trust by itself. What `openssl req -x509` makes without the last
/// two options is an authority's, for nobody.
pub const SELF_SIGNED: &str = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 \
    -keyout key.pem -out cert.pem -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
    -addext basicConstraints=critical,CA:FALSE";

/// What the library says of the certificate of an authority that is shown as somebody's own.
pub const AUTHORITY: &str = "CaUsedAsEndEntity";

/// For whom a certificate is.
fn names(leaf: &ParsedCertificate<'_>) -> Vec<String> {
    let Ok(nobody) = ServerName::try_from("nobody.invalid") else { return Vec::new() };
    match verify_server_name(leaf, &nobody) {
        Err(Error::InvalidCertificate(CertificateError::NotValidForNameContext { presented, .. })) => presented,
        _ => vec![String::new()],
    }
}

/// Whether a certificate that `ends` then is still good.
pub(super) fn not_ended(variable: &'static str, ends: u64, now: UnixTime) -> Result<(), Bad> {
    if now.as_secs() > ends {
        return Err(Bad::new(variable, "names a certificate that has expired"));
    }
    Ok(())
}
