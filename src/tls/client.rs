//! Connections to a listener that speaks TLS.

use std::sync::Arc;

use rustls::{ClientConfig, Error, RootCertStore, crypto::ring, pki_types::CertificateDer};

use super::{Pair, reason};

/// Why there can be no connection.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody is trusted.
    #[error("no certificate authority is known here; SSL_CERT_FILE names a file of them")]
    NoAuthority,
    /// Our own certificate or its key is unfit, or they do not match.
    #[error("OTP_ADMIN_TLS_CERT with OTP_ADMIN_TLS_KEY cannot be used: {0}")]
    Own(String),
    /// The library cannot do it.
    #[error(transparent)]
    Tls(Error),
}

/// What a handshake needs on the client's side: trusts whom `authorities` vouch for, speaks HTTP/1.1, and shows `own` where
/// asked to.
///
/// # Errors
/// See [`ClientError`]. An authority that cannot be read is passed over, as of the system's there always are some.
pub fn client(
    authorities: impl IntoIterator<Item = CertificateDer<'static>>,
    own: Option<Pair>,
) -> Result<Arc<ClientConfig>, ClientError> {
    let mut trusted = RootCertStore::empty();
    let (known, _) = trusted.add_parsable_certificates(authorities);
    if known == 0 {
        return Err(ClientError::NoAuthority);
    }
    let versions = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(ClientError::Tls)?;
    let builder = versions.with_root_certificates(trusted);
    let mut config = match own {
        Some(Pair { chain, key }) => {
            builder.with_client_auth_cert(chain, key).map_err(|error| ClientError::Own(reason::own(&error)))?
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
