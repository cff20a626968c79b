//! Access to servers: as whom, by TLS or not, and one connection to one of them.

use std::{
    io::{self, Read as _},
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use deadpool::managed;
use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo,
    RedisConnectionInfo, TlsCertificates,
    aio::MultiplexedConnection,
    io::tcp::{TcpSettings, socket2::TcpKeepalive},
};
use rustls::pki_types::{CertificateDer, UnixTime, pem::PemObject as _};

use super::{
    host_port::HostPort,
    server::{Server, TlsFiles},
};
use crate::{files, store::StoreError};

/// A connection without a word for so long is probed, then every such third: what stands between us and the server may
/// have forgotten it.
const KEEPALIVE: Duration = Duration::from_secs(15);
/// What was sent and not received for so long ends the connection.
const UNRECEIVED: Duration = Duration::from_secs(5);

/// How servers are reached: as whom, by TLS or not, and how long it may take.
#[derive(Clone)]
pub(super) struct Access {
    settings: RedisConnectionInfo,
    tls: bool,
    files: TlsFiles,
    /// The certificates that were last read and good.
    last: Arc<Mutex<Option<TlsCertificates>>>,
    timeout: Duration,
}

impl Access {
    /// To the servers of `server`. Connecting takes at most `timeout`.
    pub(super) fn new(server: &Server, timeout: Duration) -> Self {
        let (settings, tls, files) = (server.settings.clone(), server.tls, server.files.clone());
        Self { settings, tls, files, last: Arc::default(), timeout }
    }

    /// The same servers, as somebody else.
    pub(super) fn with(&self, settings: RedisConnectionInfo) -> Self {
        Self { settings, ..self.clone() }
    }

    /// Whether TLS is spoken.
    pub(super) fn tls(&self) -> bool {
        self.tls
    }

    /// How long connecting may take.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The address of a place, by TLS or not.
    pub(super) fn address(&self, place: &HostPort) -> ConnectionAddr {
        let HostPort { host, port } = place.clone();
        match self.tls {
            false => ConnectionAddr::Tcp(host, port),
            true => ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None },
        }
    }

    /// Connects to a server of any kind.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`] says why, in the system's or Redis's own words.
    pub(super) async fn connect(&self, address: ConnectionAddr) -> Result<MultiplexedConnection, StoreError> {
        let info = self.info(address)?;
        let config = AsyncConnectionConfig::new()
            // Less than the call that waits for it, which knows no more than that nothing came.
            .set_connection_timeout(Some(self.timeout * 7 / 8))
            // Deadlines belong to the link: it must know which of its calls were answered.
            .set_response_timeout(None);
        let manager = deadpool_redis::Manager::new_with_config(info, config)?;
        managed::Manager::create(&manager).await.map_err(|error| StoreError::of_connecting(&error, self.tls))
    }

    fn info(&self, address: ConnectionAddr) -> Result<ConnectionInfo, StoreError> {
        let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE / 3);
        let tcp = TcpSettings::default().set_nodelay(true).set_keepalive(keepalive);
        #[cfg(target_os = "linux")]
        let tcp = tcp.set_user_timeout(UNRECEIVED);
        let info = address.into_connection_info()?.set_redis_settings(self.settings.clone()).set_tcp_settings(tcp);
        if !self.tls || (self.files.authority.is_none() && self.files.own.is_none()) {
            return Ok(info);
        }
        let with = |files| -> Result<ConnectionInfo, StoreError> {
            Ok(Client::build_with_tls(info.clone(), files)?.get_connection_info().clone())
        };
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // While a new file is being written, the ones before it still are good for a connection.
        match (read(&self.files), &*last) {
            (Ok(files), _) => match (with(files.clone()), &*last) {
                (Ok(info), _) => {
                    *last = Some(files);
                    Ok(info)
                }
                (Err(_), Some(before)) => with(before.clone()),
                (Err(_), None) => Err(StoreError::Unusable(format!("{UNREADABLE} cannot be used"))),
            },
            (Err(_), Some(before)) => with(before.clone()),
            (Err(why), None) => Err(StoreError::Unusable(format!("{UNREADABLE} cannot be read: {why}"))),
        }
    }
}

/// The files that are meant by [`TlsFiles`].
const UNREADABLE: &str = "OTP_REDIS_CA, OTP_REDIS_CERT or OTP_REDIS_KEY";

fn read(files: &TlsFiles) -> io::Result<TlsCertificates> {
    let read = |path: &Path| {
        let mut bytes = Vec::new();
        files::open_given(path)?.read_to_end(&mut bytes)?;
        files::drop_mark(&mut bytes);
        Ok::<_, io::Error>(bytes)
    };
    let client_tls = match &files.own {
        Some((cert, key)) => Some(ClientTlsConfig { client_cert: read(cert)?, client_key: read(key)? }),
        None => None,
    };
    let root_cert = files.authority.as_deref().map(read).transpose()?;
    // The client would take a file without any, and trust nobody.
    if root_cert.as_deref().is_some_and(|pem| CertificateDer::pem_slice_iter(pem).next().is_none()) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "no certificate in PEM is in it"));
    }
    Ok(TlsCertificates { client_tls, root_cert })
}

/// Tries the files as a connection would.
///
/// # Errors
/// Why they cannot be used, as the end of a sentence that their variable begins; never what stands in them.
pub fn check_files(files: &TlsFiles) -> Result<(), String> {
    let certificates = read(files).map_err(|error| format!("cannot be read: {error}"))?;
    if let Some(pem) = &certificates.root_cert {
        crate::tls::trusted(pem, UnixTime::now())?;
    }
    let unused = ConnectionAddr::TcpTls { host: "unused".into(), port: 1, insecure: false, tls_params: None };
    Client::build_with_tls(unused.into_connection_info().map_err(|_| "cannot be used")?, certificates)
        .map(drop)
        .map_err(|_| "is not PEM of the kind that it must be".into())
}
