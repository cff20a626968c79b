//! Connections to others, in TLS or in the clear.

use std::{fmt::Debug, io, sync::Arc};

use rustix::net::sockopt::set_tcp_user_timeout;
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

/// For so long may a machine at the other end take nothing, ms, until the connection is broken.
const UNSEEN_MS: u32 = 60_000;

/// What is read from and written to.
pub trait Stream: AsyncRead + AsyncWrite + Debug + Send + Sync + Unpin {}

impl<S: AsyncRead + AsyncWrite + Debug + Send + Sync + Unpin> Stream for S {}

/// Connects to `host`, and speaks TLS where there is something to do so with; the certificate must be for `name`, or else for
/// the host.
///
/// # Errors
/// Those of the system, and of the handshake.
pub async fn connect(
    host: &str,
    port: u16,
    tls: Option<&Arc<ClientConfig>>,
    name: Option<&ServerName<'static>>,
) -> io::Result<Box<dyn Stream>> {
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    set_tcp_user_timeout(&stream, UNSEEN_MS)?;
    match tls {
        Some(tls) => encrypt(stream, host, tls, name).await,
        None => Ok(Box::new(stream)),
    }
}

/// Speaks TLS from now on; the certificate must be for `name`, or else for the host.
///
/// # Errors
/// Those of the handshake.
pub async fn encrypt(
    stream: impl Stream + 'static,
    host: &str,
    tls: &Arc<ClientConfig>,
    name: Option<&ServerName<'static>>,
) -> io::Result<Box<dyn Stream>> {
    let name = name.cloned().map_or_else(|| ServerName::try_from(host.to_owned()), Ok).map_err(io::Error::other)?;
    Ok(Box::new(TlsConnector::from(Arc::clone(tls)).connect(name, stream).await?))
}
