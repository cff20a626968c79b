//! The embedded default: a private Redis that we start, watch and end.
//!
//! It listens on a unix socket in a directory of ours alone and on no port, writes an append-only file, and never evicts.
//! Two locks keep the directory ours: `sidecar.lock` is held by this process alone, so a second instance is refused at
//! once; `redis.lock` is inherited by the server, so after a crash the next start waits until the old server, which dies
//! with its sidecar, has let go of its files.

mod directory;
pub mod guard;
mod keys;
mod supervisor;

use std::{io, path::PathBuf};

use secrecy::SecretSlice;

use super::connect::Server;

/// Why the embedded server did not start.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// No server program was found.
    #[error(
        "no Redis found: install redis-server 7.0 or newer (Debian, Ubuntu: apt install redis-server; Fedora: dnf install \
         redis; Alpine: apk add redis; macOS: brew install redis), point OTP_REDIS_BIN to one, or set REDIS_URL to use \
         a running one"
    )]
    NoServer,
    /// The directory cannot be written.
    #[error("cannot use {path}: {error} (OTP_DATA_DIR names another directory)")]
    Directory {
        /// Which file or directory.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Another sidecar uses it.
    #[error("{0} is in use by another otp-sidecar; stop it, or give this one a directory of its own with OTP_DATA_DIR")]
    InUse(PathBuf),
    /// The server program could not be started.
    #[error("cannot start {path}: {error}")]
    Spawn {
        /// Which program.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// A running embedded server. Dropping it ends the server.
#[derive(Debug)]
pub struct Embedded {
    /// The pepper that was made here at first start.
    pub pepper: SecretSlice<u8>,
    /// The index key that was made here at first start.
    pub index_key: SecretSlice<u8>,
    socket: PathBuf,
    _server: supervisor::Supervisor,
    _directory: directory::Directory,
}

impl Embedded {
    /// Starts the server over `data_dir`, with `binary` or the first of `redis-server` and `valkey-server` on `path`.
    ///
    /// # Errors
    /// [`EmbeddedError`]: nothing is left running.
    pub fn start(data_dir: &std::path::Path, binary: Option<PathBuf>, path: &str) -> Result<Self, EmbeddedError> {
        let binary = binary.or_else(|| find(path)).ok_or(EmbeddedError::NoServer)?;
        let directory = directory::Directory::open(data_dir)?;
        let (pepper, index_key) = keys::load_or_make(&directory)?;
        let socket = directory.socket.clone();
        let server = supervisor::Supervisor::start(binary, &directory)?;
        Ok(Self { pepper, index_key, socket, _server: server, _directory: directory })
    }

    /// Where the store connects to.
    pub fn server(&self) -> Server {
        Server::Socket(self.socket.clone())
    }
}

fn find(path: &str) -> Option<PathBuf> {
    ["redis-server", "valkey-server"].iter().find_map(|program| {
        std::env::split_paths(path).map(|directory| directory.join(program)).find(|file| file.is_file())
    })
}
