//! Connections to servers that speak TLS.

use std::{path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject as _},
};

use super::{Pair, reason};

/// What a handshake needs on the client's side: trusts the authorities of a file, or those of the system, and shows `own` where
/// asked to. It offers no protocol: relays would be offered HTTP, and whoever speaks HTTP speaks 1.1 then.
///
/// # Errors
/// Why there is none, as the rest of a sentence that begins with the variable of the file. An authority that cannot be read is
/// passed over, as of the system's there always are some.
pub fn client(authority: Option<&Path>, own: Option<Pair>) -> Result<Arc<ClientConfig>, String> {
    let authorities: Vec<CertificateDer<'static>> = match authority {
        None => rustls_native_certs::load_native_certs().certs,
        Some(path) => CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect)
            .map_err(|_| "names a file that cannot be read, or that holds no certificates in PEM")?,
    };
    let mut trusted = RootCertStore::empty();
    if trusted.add_parsable_certificates(authorities).0 == 0 {
        return Err(
            "needs an authority that can be trusted, and there is none (SSL_CERT_FILE names a file of the system's)"
                .into(),
        );
    }
    let versions = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let versions = versions.with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
    let builder = versions.with_root_certificates(trusted);
    let config = match own {
        None => builder.with_no_client_auth(),
        Some(Pair { chain, key }) => builder.with_client_auth_cert(chain, key).map_err(|error| {
            format!("is fine, but our own certificate with its key cannot be used: {}", reason::own(&error))
        })?,
    };
    Ok(Arc::new(config))
}
