//! The data directory: looked at, locked, with a private place for the server and a socket path that fits.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use rustix::fs::{Access, access};

use super::EmbeddedError;
use crate::files;

/// A unix socket's path has at most 108 bytes with its closing zero (`sockaddr_un`).
const SOCKET_PATH_MAX: usize = 107;

/// How long the server of a sidecar that was killed may take to end: it writes its last second to disk first.
const OLD_SERVER: Duration = Duration::from_secs(10);

/// See the module.
#[derive(Debug)]
pub struct Directory {
    /// The directory itself.
    pub root: PathBuf,
    /// Where the server keeps its append-only file.
    pub redis: PathBuf,
    /// Where the server listens.
    pub socket: PathBuf,
    /// The lock that the server inherits.
    pub redis_lock: File,
    _sidecar_lock: File,
}

impl Directory {
    /// Where the server writes what it has to say.
    pub fn log(&self) -> PathBuf {
        self.redis.join("redis.log")
    }

    /// Makes or takes `root`, and locks it.
    pub fn open(root: &Path) -> Result<Self, EmbeddedError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |error| EmbeddedError::Directory { path, error }
        };
        files::data_directory(root).map_err(failed(root))?;
        let root = root.canonicalize().map_err(failed(root))?;
        let open = |name: &str| {
            let path = root.join(name);
            let file = files::open_own(&path, OpenOptions::new().create(true).truncate(false).write(true));
            file.map_err(failed(&path))
        };
        let sidecar_lock = open("sidecar.lock")?;
        if let Err(error) = sidecar_lock.try_lock() {
            return Err(match error {
                TryLockError::WouldBlock => EmbeddedError::InUse(root.clone()),
                TryLockError::Error(error) => failed(&root)(error),
            });
        }
        let redis_lock = open("redis.lock")?;
        wait_for(&redis_lock).map_err(|()| EmbeddedError::InUse(root.clone()))?;
        let redis = root.join("redis");
        files::private_directory(&redis).and_then(|()| files::all_ours(&redis)).map_err(failed(&redis))?;
        let socket = socket_path(&redis).map_err(failed(&redis))?;
        Ok(Self { root, redis, socket, redis_lock, _sidecar_lock: sidecar_lock })
    }
}

/// Whether `root` could be opened, as far as can be seen without making anything.
pub fn look(root: &Path) -> Result<(), EmbeddedError> {
    let failed = |path: &Path, error| EmbeddedError::Directory { path: path.to_owned(), error };
    files::leads_somewhere(root).map_err(|error| failed(root, error))?;
    let Some(there) = root.ancestors().find(|path| path.exists()) else { return Ok(()) };
    if there == root {
        files::data_directory(root).map_err(|error| failed(root, error))?;
    }
    access(there, Access::WRITE_OK | Access::EXEC_OK).map_err(|error| failed(there, error.into()))
}

fn wait_for(lock: &File) -> Result<(), ()> {
    let deadline = Instant::now() + OLD_SERVER;
    while lock.try_lock().is_err() {
        if Instant::now() > deadline {
            return Err(());
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// In the server's private directory, since who may write the data directory could put a socket of his own in its place; or,
/// where that path is too long for a socket, in a private one of its own.
fn socket_path(redis: &Path) -> io::Result<PathBuf> {
    let socket = redis.join("redis.sock");
    if socket.as_os_str().len() <= SOCKET_PATH_MAX {
        return Ok(socket);
    }
    let mut name = [0u8; 8];
    rand::Rng::fill_bytes(&mut rand::rng(), &mut name);
    let directory = std::env::temp_dir().join(format!("otp-sidecar-{:016x}", u64::from_be_bytes(name)));
    DirBuilder::new().mode(0o700).create(&directory)?;
    Ok(directory.join("redis.sock"))
}

impl Drop for Directory {
    fn drop(&mut self) {
        if self.socket.parent().is_some_and(|parent| parent != self.redis) {
            let _ = self.socket.parent().map(fs::remove_dir_all);
        }
    }
}
