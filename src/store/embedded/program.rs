//! The server program: found, and looked at before it is started, so that a wrong path is told at once and by name.

use std::{
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
};

use rustix::fs::{Access, access};

use super::EmbeddedError;

/// What is looked for where nothing is named.
const NAMES: [&str; 2] = ["redis-server", "valkey-server"];

/// The program to start: `named` (a bare name is looked for on `path`), else the first of [`NAMES`] on `path`.
///
/// # Errors
/// [`EmbeddedError::Spawn`] if what was named cannot be executed, [`EmbeddedError::NoServer`] if nothing was found.
pub fn choose(named: Option<PathBuf>, path: &str) -> Result<PathBuf, EmbeddedError> {
    let Some(named) = named else {
        return NAMES.iter().find_map(|name| find(name.as_ref(), path)).ok_or(EmbeddedError::NoServer);
    };
    let bare = named.file_name().filter(|name| *name == named.as_os_str());
    let program = bare.and_then(|name| find(name, path)).unwrap_or(named);
    match executable(&program) {
        Ok(()) => Ok(program),
        Err(error) => Err(EmbeddedError::Spawn { path: program, error }),
    }
}

fn find(name: &OsStr, path: &str) -> Option<PathBuf> {
    std::env::split_paths(path).map(|directory| directory.join(name)).find(|file| executable(file).is_ok())
}

fn executable(program: &Path) -> io::Result<()> {
    if !program.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
    }
    Ok(access(program, Access::EXEC_OK)?)
}
