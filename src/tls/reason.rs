//! Why a certificate is not taken, in words, and how to make one that is.

use rustls::Error;

/// Makes a certificate that servers can show and clients can trust by itself. What `openssl req -x509` makes without the last
/// two options is an authority's, for nobody.
pub const SELF_SIGNED: &str = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 \
    -keyout key.pem -out cert.pem -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
    -addext basicConstraints=critical,CA:FALSE";

/// What the library says of the certificate of an authority that is shown as somebody's own.
const AUTHORITY: &str = "CaUsedAsEndEntity";

/// What the library says, for much of which it has no variant of its own, and what is meant.
const REASONS: [(&str, &str); 9] = [
    (AUTHORITY, "is an authority's (CA:TRUE), which nobody takes for a server's or a caller's"),
    ("UnsupportedCertVersion", "is of X.509 version 1, which has no subjectAltName and is not taken"),
    ("UnsupportedCriticalExtension", "has a critical extension that nobody knows"),
    (
        "UnsupportedSignatureAlgorithm",
        "is signed in a way that is not taken (with SHA-1, say, or a key of a rare kind)",
    ),
    ("BadSignature", "has a signature that does not hold (so has any of an RSA key of fewer than 2048 bits)"),
    (
        "does not allow extended key usage",
        "is for another purpose than a server's (extendedKeyUsage without serverAuth)",
    ),
    ("InvalidPurpose", "is for another purpose than a server's (extendedKeyUsage without serverAuth)"),
    ("NameConstraintViolation", "has a name that whoever signed it may not sign for (nameConstraints)"),
    ("EmptyEkuExtension", "is for no purpose (its extendedKeyUsage is empty)"),
];

/// Says what is wrong with a certificate of which the library said `said`, as the end of a sentence that it begins; `None`: it
/// is not the certificate as such, or the library's words will do.
pub fn reason(said: &str) -> Option<String> {
    if is_of_strangers(said) { None } else { known(said) }
}

/// Tells whether nobody whom we trust signed it. The library says so too by an authority's key that is of another kind than the
/// signature.
pub fn is_of_strangers(said: &str) -> bool {
    said.contains("UnknownIssuer") || said.contains("UnsupportedSignatureAlgorithmForPublicKey")
}

fn known(said: &str) -> Option<String> {
    let (_, why) = REASONS.into_iter().find(|(part, _)| said.contains(part))?;
    Some(format!("{why}; make one with `{SELF_SIGNED}`"))
}

/// Whether it is an authority's.
pub(super) fn is_authority(error: &Error) -> bool {
    error.to_string().contains(AUTHORITY)
}

/// Says what is wrong with one that cannot even be trusted as an authority's; one of version 1 can.
pub(super) fn unknown_extension(error: &Error) -> Option<String> {
    reason(&error.to_string()).filter(|why| why.contains("critical extension"))
}

/// Says the same of what is known to be wrong, whatever it is.
pub(super) fn certificate(error: &Error) -> String {
    known(&error.to_string()).unwrap_or_else(|| format!("cannot be used: {error}; make one with `{SELF_SIGNED}`"))
}

/// Says what is wrong with a key that the library does not take.
pub(super) fn key(error: &Error) -> String {
    format!(
        "is of a kind that is not taken (EC on P-256 or P-384, Ed25519, RSA of 2048 to 4096 bits are): {error}; make one with \
             `{SELF_SIGNED}`"
    )
}

/// Says what is wrong with a certificate of ours and its key together.
pub(super) fn own(error: &Error) -> String {
    match error {
        Error::InconsistentKeys(_) => error.to_string(),
        Error::InvalidCertificate(_) => format!("the certificate {}", certificate(error)),
        _ => format!("the key {}", key(error)),
    }
}
