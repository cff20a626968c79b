//! Listening sockets, TCP or unix, and the streams that they accept.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::{
        fs::{FileTypeExt, MetadataExt, PermissionsExt},
        net::UnixStream as BlockingUnixStream,
    },
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpSocket, UnixListener, UnixSocket},
};

use crate::{config::ListenAddr, files, tls::Tls};

/// Connections that the kernel holds for us before we accept them; it caps this at `net.core.somaxconn` (4096).
const BACKLOG: u32 = 4096;

/// Owner and group may connect.
const SOCKET_MODE: u32 = 0o660;

/// Why an address could not be listened on.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Somebody else listens there.
    #[error("{0} is in use by another process")]
    InUse(String),
    /// The path of a unix socket is taken by something that is not a socket, and that we therefore leave alone.
    #[error("{0} exists and is not a socket")]
    NotASocket(String),
    /// The operating system refused: no such directory, no permission, not an address of this machine.
    #[error("cannot listen on {0}: {1}")]
    Refused(String, #[source] io::Error),
}

/// A socket that has its address and refuses connections until it listens. A unix socket's file is removed when this is dropped.
#[derive(Debug)]
pub struct Bound {
    socket: Unheard,
    address: ListenAddr,
    tls: Option<Arc<Tls>>,
    file: Option<SocketFile>,
}

#[derive(Debug)]
enum Unheard {
    Tcp(TcpSocket),
    Unix(UnixSocket),
}

/// A socket that listens. A unix socket's file is removed when this is dropped.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    address: ListenAddr,
    tls: Option<Arc<Tls>>,
    _file: Option<SocketFile>,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// An accepted connection: over TCP, without Nagle's delay, or over a unix socket.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Bound {
    /// Takes `address`.
    ///
    /// # Errors
    /// [`ListenError`]; a unix socket's file that nobody answers on is no error but replaced.
    pub fn to(address: &ListenAddr) -> Result<Self, ListenError> {
        match address {
            ListenAddr::Tcp(wanted) => {
                let bound = || -> io::Result<_> {
                    let socket = if wanted.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
                    // Else a restart has to wait until the last connections of the one before are forgotten.
                    socket.set_reuseaddr(true)?;
                    socket.bind(*wanted)?;
                    Ok((socket.local_addr()?, socket))
                };
                let (actual, socket) = bound().map_err(|e| refused(wanted.to_string(), e))?;
                Ok(Self { socket: Unheard::Tcp(socket), address: ListenAddr::Tcp(actual), tls: None, file: None })
            }
            ListenAddr::Unix(path) => {
                remove_stale(path)?;
                let (socket, file) = bind_unix(path).map_err(|e| refused(shown(path), e))?;
                Ok(Self { socket: Unheard::Unix(socket), address: address.clone(), tls: None, file: Some(file) })
            }
        }
    }

    /// Has TCP connections speak TLS; those of a unix socket stay in the clear.
    #[must_use]
    pub fn with_tls(self, tls: Option<Arc<Tls>>) -> Self {
        let tls = tls.filter(|_| matches!(self.socket, Unheard::Tcp(_)));
        Self { tls, ..self }
    }

    /// Whether connections will speak TLS.
    pub const fn is_secure(&self) -> bool {
        self.tls.is_some()
    }

    /// Where it will listen; for port 0 the port that the kernel picked.
    pub const fn address(&self) -> &ListenAddr {
        &self.address
    }

    /// Lets connections come. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// [`ListenError`]: somebody else, who took the address as well, listens there by now.
    pub fn listen(self) -> Result<Listener, ListenError> {
        let Self { socket, address, tls, file } = self;
        if file.as_ref().is_some_and(|file| !file.is_ours()) {
            return Err(ListenError::InUse(address.to_string()));
        }
        let socket = match socket {
            Unheard::Tcp(socket) => socket.listen(BACKLOG).map(Socket::Tcp),
            Unheard::Unix(socket) => socket.listen(BACKLOG).map(Socket::Unix),
        };
        let socket = socket.map_err(|error| refused(address.to_string(), error))?;
        Ok(Listener { socket, address, tls, _file: file })
    }
}

impl Listener {
    pub(super) fn tls(&self) -> Option<Arc<Tls>> {
        self.tls.clone()
    }

    /// Where it listens.
    pub const fn address(&self) -> &ListenAddr {
        &self.address
    }

    /// The next connection.
    ///
    /// # Errors
    /// Those of `accept(2)`: mostly that descriptors ran out. The listener stays usable.
    pub async fn accept(&self) -> io::Result<Box<dyn Stream>> {
        match &self.socket {
            Socket::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // Answers are small and complete: waiting to fill a packet gains nothing. It fails only on a connection
                // that is already gone, which the first read will find.
                let _ = stream.set_nodelay(true);
                Ok(Box::new(stream))
            }
            Socket::Unix(listener) => Ok(Box::new(listener.accept().await?.0)),
        }
    }
}

fn shown(path: &Path) -> String {
    format!("unix:{}", path.display())
}

fn refused(address: String, error: io::Error) -> ListenError {
    match error.kind() {
        io::ErrorKind::AddrInUse => ListenError::InUse(address),
        _ => ListenError::Refused(address, error),
    }
}

/// Removes what a process that was killed left behind, and nothing else.
fn remove_stale(path: &Path) -> Result<(), ListenError> {
    let refused = |error| ListenError::Refused(shown(path), error);
    let Some(found) = files::there(fs::symlink_metadata(path)).map_err(refused)? else { return Ok(()) };
    if !found.file_type().is_socket() {
        return Err(ListenError::NotASocket(shown(path)));
    }
    match BlockingUnixStream::connect(path) {
        Err(e) if e.kind() == io::ErrorKind::ConnectionRefused => {
            files::there(fs::remove_file(path)).map(drop).map_err(refused)
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        // Somebody answers, or is too busy to, or is not ours to ask.
        Ok(_) | Err(_) => Err(ListenError::InUse(shown(path))),
    }
}

fn bind_unix(path: &Path) -> io::Result<(UnixSocket, SocketFile)> {
    let socket = UnixSocket::new_stream()?;
    socket.bind(path)?;
    let file = SocketFile::of(path)?;
    // Nobody can connect before it listens: there is no moment with the wrong mode.
    fs::set_permissions(path, Permissions::from_mode(SOCKET_MODE))?;
    Ok((socket, file))
}

/// Our file in the file system, recognised by its inode: by the time we end, the path may be somebody else's.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    inode: (u64, u64),
}

impl SocketFile {
    fn of(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), inode: inode(path)? })
    }

    fn is_ours(&self) -> bool {
        inode(&self.path).is_ok_and(|now| now == self.inode)
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.is_ours() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn inode(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|found| (found.dev(), found.ino()))
}
