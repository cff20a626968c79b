//! Connections to others, in TLS or in the clear.

use std::{io, sync::Arc};

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
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

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
    let Some(tls) = tls else { return Ok(Box::new(stream)) };
    let name = match name {
        Some(name) => name.clone(),
        None => ServerName::try_from(host.to_owned()).map_err(io::Error::other)?,
    };
    Ok(Box::new(TlsConnector::from(Arc::clone(tls)).connect(name, stream).await?))
}
