//! The embedded default: a private Redis that we start, watch and end.
//!
//! It listens on a unix socket in a directory of ours alone (`redis` in the data directory, which a group may share) and on
//! no port, writes an append-only file, and never evicts.
//! Two locks keep the directory ours: `sidecar.lock` is held by this process alone, so a second instance is refused at
//! once; `redis.lock` is inherited by the server, so after a crash the next start waits until the old server, which dies
//! with its sidecar, has let go of its files.

mod clean;
mod directory;
pub mod guard;
mod keys;
mod log;
mod program;
mod supervisor;

use std::{
    io,
    path::{Path, PathBuf},
};

use secrecy::SecretSlice;

pub use clean::CleanStart;
pub use keys::kept_index_key;
pub use supervisor::LONGEST_END;

use super::Server;

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
    #[error("cannot start {path}: {error} (OTP_REDIS_BIN names another server)")]
    Spawn {
        /// Which program.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The server ended again and again without ever having answered.
    #[error("{path} ends before it answers: {cause} (its log is {log})")]
    Ended {
        /// Which program.
        path: PathBuf,
        /// Its exit status and last words.
        cause: String,
        /// Where it writes what it has to say.
        log: PathBuf,
    },
}

/// Looks whether a server could be started over `data_dir`, without making or changing anything; answers the program.
///
/// # Errors
/// Why [`Embedded::start`] would fail, as far as that can be seen.
pub fn look(data_dir: &Path, binary: Option<PathBuf>, path: &str) -> Result<PathBuf, EmbeddedError> {
    let program = program::choose(binary, path)?;
    directory::look(data_dir)?;
    keys::look(data_dir)?;
    Ok(program)
}

/// A running embedded server. Dropping it ends the server.
#[derive(Debug)]
pub struct Embedded {
    /// The pepper that was made here at first start.
    pub pepper: SecretSlice<u8>,
    /// The index key that was made here at first start.
    pub index_key: SecretSlice<u8>,
    /// Whether the run before ended well: then this one began with all that was written.
    pub stopped_well: bool,
    socket: PathBuf,
    log: PathBuf,
    server: supervisor::Supervisor,
    _directory: directory::Directory,
}

impl Embedded {
    /// Starts the server over `data_dir`, with `binary` or the first of `redis-server` and `valkey-server` on `path`.
    ///
    /// # Errors
    /// [`EmbeddedError`]: nothing is left running.
    pub fn start(data_dir: &std::path::Path, binary: Option<PathBuf>, path: &str) -> Result<Self, EmbeddedError> {
        let program = program::choose(binary, path)?;
        let directory = directory::Directory::open(data_dir)?;
        let (pepper, index_key) = keys::load_or_make(&directory)?;
        let (socket, log) = (directory.socket.clone(), directory.log());
        let stopped_well = clean::take(&directory.redis);
        let server = supervisor::Supervisor::start(program, &directory)?;
        Ok(Self { pepper, index_key, stopped_well, socket, log, server, _directory: directory })
    }

    /// Where the store connects to.
    pub fn server(&self) -> Server {
        Server::at_socket(self.socket.clone())
    }

    /// Where the server writes what it has to say.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Says that the server answered: from now on it is restarted however often it ends.
    pub fn answered(&self) {
        self.server.answered();
    }

    /// Why the server was given up, if it was: [`EmbeddedError::Ended`]. Nothing is running then.
    pub fn given_up(&self) -> Option<EmbeddedError> {
        self.server.given_up()
    }
}
