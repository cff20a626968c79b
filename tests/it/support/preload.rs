//! Libraries that a process of a test loads before its own, each built anew by the test that needs it with the compiler that
//! building the sidecar needs as well.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// See the module. Gone when dropped.
#[derive(Debug)]
pub struct Preload {
    dir: TempDir,
}

impl Preload {
    /// Builds one of this C source.
    #[track_caller]
    pub fn build(source: &str) -> Self {
        let dir = tempfile::Builder::new().prefix("otp-preload-").tempdir().expect("a temp dir");
        let file = dir.path().join("library.c");
        fs::write(&file, source).expect("a source file");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(library(dir.path())).arg(&file);
        assert!(compiler.status().expect("cc on PATH: `make deps` installs it").success(), "a library that compiles");
        Self { dir }
    }

    /// Where a file of this name lies beside the library, for the test and the process to share.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// What the process needs in its environment: the library, and in `name` the path of the file that they share.
    pub fn variables(&self, name: &str, shared: &Path) -> Vec<(String, String)> {
        let text = |path: &Path| path.display().to_string();
        vec![("LD_PRELOAD".to_owned(), text(&library(self.dir.path()))), (name.to_owned(), text(shared))]
    }
}

fn library(dir: &Path) -> PathBuf {
    dir.join("library.so")
}
