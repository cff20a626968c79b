//! The data directory: made private, locked, with a socket path that fits.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use super::EmbeddedError;

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

    /// Makes and locks `root`.
    pub fn open(root: &Path) -> Result<Self, EmbeddedError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |error| EmbeddedError::Directory { path, error }
        };
        private(root).map_err(failed(root))?;
        let root = root.canonicalize().map_err(failed(root))?;
        let open = |name: &str| {
            let path = root.join(name);
            let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
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
        private(&redis).map_err(failed(&redis))?;
        let socket = socket_path(&root).map_err(failed(&root))?;
        Ok(Self { root, redis, socket, redis_lock, _sidecar_lock: sidecar_lock })
    }
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

/// Creates a directory that only its owner can enter, or takes that right from everybody else.
fn private(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

/// In the data directory, or, where that path is too long for a socket, in a private one that is named after it.
fn socket_path(root: &Path) -> io::Result<PathBuf> {
    let socket = root.join("redis.sock");
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
        if self.socket.parent().is_some_and(|parent| parent != self.root) {
            let _ = self.socket.parent().map(fs::remove_dir_all);
        }
    }
}
