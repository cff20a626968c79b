//! What others' tools say: the documents are sound, and a running sidecar keeps to them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use tempfile::TempDir;

use super::document::{Listener, listeners};
use crate::support::{Address, Rig, keys, process};

/// How both listeners' documents are tried, and what the app's needs besides.
const BOTH: &str = include_str!("schemathesis/schemathesis.toml");
const APP: &str = include_str!("schemathesis/app.toml");

/// One of the programs that `make test-deps` installs.
fn program(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/schemathesis/bin").join(name)
}

/// A file beside this one.
fn ours(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/contract/schemathesis").join(name).display().to_string()
}

/// Runs it in a directory of its own, with nothing of the environment but where programs are.
fn run(name: &str, arguments: &[&str], dir: &TempDir) -> Output {
    process::command(program(name))
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", dir.path())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SCHEMATHESIS_HOOKS", ours("hooks.py"))
        .current_dir(dir.path())
        .output()
        .unwrap_or_else(|error| panic!("{name}: {error}; `make test-deps` installs it"))
}

/// It ended well.
#[track_caller]
fn well(done: &Output) -> String {
    let said = [&done.stdout, &done.stderr].map(|said| String::from_utf8_lossy(said).into_owned()).join("\n");
    assert!(done.status.success(), "{said}");
    said
}

/// Its document as a file.
fn written(listener: &Listener, dir: &TempDir) -> String {
    let path = dir.path().join("openapi.json").display().to_string();
    fs::write(&path, listener.document.to_string()).expect("a file");
    path
}

#[test]
fn both_documents_are_openapi_3_1_and_their_examples_fit() {
    let dir = TempDir::new().expect("a directory");
    for listener in listeners() {
        let path = written(&listener, &dir);
        assert_eq!(listener.document["openapi"], "3.1.0");
        well(&run("openapi-spec-validator", &["--schema", "3.1", &path], &dir));
        well(&run("python", &[&ours("examples.py"), &path], &dir));
    }
}

/// What holds for both listeners, and what for this one.
fn configured(listener: &Listener, dir: &TempDir) -> String {
    let own = if listener.document["paths"].get("/v1/verifications").is_some() { APP } else { "" };
    let path = dir.path().join("schemathesis.toml");
    fs::write(&path, [BOTH, own].concat()).expect("written");
    path.display().to_string()
}

/// Has the document of a listener tried on it: some thousand calls, the same each time.
fn tried(listener: &Listener) {
    // One tenant, so that it need not be named, and no limit of sends, so that what is right is taken.
    let rig = Rig::unlimited(&[("OTP_API_KEYS", &format!("{}:{}", keys::TENANT, keys::KEY))]);
    let Address::Tcp(address) = (listener.address)(&rig.sidecar) else { panic!("not TCP") };
    let dir = TempDir::new().expect("a directory");
    // From a file: where the document comes from its address, that address is not tried.
    let (config, url, path) = (configured(listener, &dir), format!("http://{address}"), written(listener, &dir));
    let key = format!("Authorization: Bearer {}", listener.key);
    let arguments = ["--config-file", &config, "run", &path, "--url", &url, "-H", &key];
    let said = well(&run("schemathesis", &arguments, &dir));
    let all = listener.operations().len();
    assert!(said.lines().any(|line| line.trim() == format!("Tested: {all}")), "{said}");
}

#[test]
fn the_app_listener_keeps_to_its_document() {
    let [app, _] = listeners();
    tried(&app);
}

#[test]
fn the_admin_listener_keeps_to_its_document() {
    let [_, admin] = listeners();
    tried(&admin);
}
