//! Connections: to a server of known address, or to whichever the Sentinels call primary.
//!
//! The stock managers for Sentinel and Cluster take neither time-outs nor certificates that change; this one makes each
//! connection by the stock manager of a single server, once it knows the address.

use std::{
    io,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use deadpool::managed::{self, Metrics, Pool, Timeouts};
use deadpool_redis::Runtime;
use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo,
    RedisConnectionInfo, TlsCertificates,
    aio::MultiplexedConnection,
    io::tcp::{TcpSettings, socket2::TcpKeepalive},
};
use rustls::pki_types::{CertificateDer, UnixTime, pem::PemObject as _};

use super::{
    StoreError,
    lineage::Lineage,
    sentinel::Sentinels,
    server::{Place, Server, TlsFiles},
};

/// How many connections may be in the making at once: one a link.
const MAKING: usize = 2;
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

    /// How long connecting may take.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The address of a place, by TLS or not.
    pub(super) fn address(&self, place: &Place) -> ConnectionAddr {
        let Place { host, port } = place.clone();
        match self.tls {
            false => ConnectionAddr::Tcp(host, port),
            true => ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None },
        }
    }

    /// A connection to a server of any kind.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(super) async fn connect(&self, address: ConnectionAddr) -> Result<MultiplexedConnection, StoreError> {
        let info = self.info(address)?;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.timeout))
            // Deadlines belong to the link: it must know which of its calls were answered.
            .set_response_timeout(None);
        let manager = deadpool_redis::Manager::new_with_config(info, config)?;
        Ok(managed::Manager::create(&manager).await?)
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
                (Err(_), None) => Err(StoreError::Unfit(format!("{UNREADABLE} cannot be used"))),
            },
            (Err(_), Some(before)) => with(before.clone()),
            (Err(why), None) => Err(StoreError::Unfit(format!("{UNREADABLE} cannot be read: {why}"))),
        }
    }
}

/// The files that are meant by [`TlsFiles`].
const UNREADABLE: &str = "OTP_REDIS_CA, OTP_REDIS_CERT or OTP_REDIS_KEY";

fn read(files: &TlsFiles) -> io::Result<TlsCertificates> {
    let read = |path: &Path| {
        let mut bytes = std::fs::read(path)?;
        crate::tls::drop_mark(&mut bytes);
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

/// Where a connection leads.
pub(super) enum To {
    /// To this address.
    Address(ConnectionAddr),
    /// To whichever is the primary.
    Primary(Arc<Sentinels>),
}

/// What makes connections.
pub(super) struct Dial {
    access: Access,
    to: To,
    kind: Kind,
}

/// What must be at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A primary.
    Primary,
    /// A server of a cluster, which says itself what it is not in charge of.
    Member,
}

/// A connection, and where it leads.
pub(super) struct Connected {
    pub(super) connection: MultiplexedConnection,
    /// `None` where there is but one place.
    pub(super) place: Option<Place>,
}

impl managed::Manager for Dial {
    type Type = Connected;
    type Error = StoreError;

    async fn create(&self) -> Result<Connected, StoreError> {
        let (address, place) = match &self.to {
            To::Address(address) => (address.clone(), None),
            To::Primary(sentinels) => {
                let place = sentinels.primary().await?;
                (self.access.address(&place), Some(place))
            }
        };
        let mut connection = self.access.connect(address).await?;
        if self.kind == Kind::Primary && !Lineage::ask(&mut connection).await?.primary {
            return Err(StoreError::Refused("READONLY".into()));
        }
        Ok(Connected { connection, place })
    }

    async fn recycle(&self, _: &mut Connected, _: &Metrics) -> managed::RecycleResult<StoreError> {
        // Nothing ever comes back: a link takes what it is given for good.
        Ok(())
    }
}

/// A pool that makes connections.
///
/// # Errors
/// [`StoreError::Unfit`] if there can be no pool.
pub(super) fn pool(access: &Access, to: To, kind: Kind) -> Result<Pool<Dial>, StoreError> {
    let timeout = access.timeout;
    Pool::builder(Dial { access: access.clone(), to, kind })
        .max_size(MAKING)
        .timeouts(Timeouts { wait: Some(timeout), create: Some(timeout), recycle: Some(timeout) })
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|_| StoreError::Unfit("REDIS_URL cannot be used".into()))
}
