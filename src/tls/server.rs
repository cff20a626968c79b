//! What a handshake needs on our side.

use std::sync::Arc;

use rustls::{
    RootCertStore, ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::UnixTime,
    server::{NoServerSessionStorage, WebPkiClientVerifier, danger::ClientCertVerifier},
};

use super::{
    Files, PemFile,
    file::Contents,
    pair::{Pair, certificates, refused},
    validity,
};
use crate::diagnostic::Diagnostic;

/// What we speak above it (RFC 7301), the preferred first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Files that are good.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) server: Arc<ServerConfig>,
    /// When the certificate ends, seconds since 1970.
    pub(super) ends: u64,
}

pub(super) fn load(files: &Files, contents: &Contents, now: UnixTime) -> Result<Loaded, Diagnostic> {
    let provider = Arc::new(ring::default_provider());
    let Files { cert, key, client_ca } = files;
    let pair = Pair::parse(cert, &contents.cert, key, &contents.key)?;
    let versions = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let builder = versions.map_err(|error| cert.bad(format!("cannot be used: {error}")))?;
    let builder = match (client_ca, &contents.client_ca) {
        (Some(file), Some(pem)) => builder.with_client_cert_verifier(callers(file, pem, &provider)?),
        _ => builder.with_no_client_auth(),
    };
    let ends = validity::check(cert, &pair.chain, now)?;
    let server = builder.with_single_cert(pair.chain, pair.key);
    let mut server = server.map_err(|error| refused(&error, cert, key))?;
    server.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    if client_ca.is_some() {
        // A session that is resumed would not be asked for its certificate again, which may have ended since.
        server.session_storage = Arc::new(NoServerSessionStorage {});
        server.send_tls13_tickets = 0;
    }
    Ok(Loaded { server: Arc::new(server), ends })
}

/// Takes certificates that one of these authorities signed, and no connection without.
fn callers(
    file: &PemFile,
    pem: &[u8],
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, Diagnostic> {
    let mut authorities = RootCertStore::empty();
    let unfit = |why: String| file.bad(format!("names an authority that cannot be used: {why}"));
    for certificate in certificates(file, pem)? {
        authorities.add(certificate).map_err(|error| unfit(error.to_string()))?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(authorities), Arc::clone(provider)).build();
    verifier.map_err(|error| unfit(error.to_string()))
}
