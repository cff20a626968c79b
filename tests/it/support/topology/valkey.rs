//! Valkey's server, in the version that `make test-deps` installs.

use std::path::{Path, PathBuf};

use crate::support::process;

/// Its program.
///
/// # Panics
/// If it is not there.
#[track_caller]
pub fn program() -> PathBuf {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/valkey-server");
    let found = ours.is_file().then_some(ours).or_else(|| process::find("valkey-server"));
    found.expect("valkey-server: `make test-deps` installs it")
}
