//! Clients in Python, Node and Go, each by the ways it has: TCP, TLS with HTTP/2, and a unix socket without keys.

use std::{
    path::{Path, PathBuf},
    process::Output,
};

use tempfile::TempDir;

use crate::behaviour::tls;
use crate::support::{Address, Authority, Redis, Sidecar, keys, process, rig::UNLIMITED};

/// Bodies that mean that there is none, as JSON, beside no body at all.
const EMPTY: &str = "{} null []";

/// What `deploy/install-deps.sh tests` has put there.
fn installed(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/clients").join(path)
}

/// A file beside this one.
fn ours(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/clients").join(path)
}

/// A sidecar behind each kind of door, and the environment that tells a client where they are.
struct Doors {
    environment: Vec<(&'static str, String)>,
    _sidecars: [Sidecar; 3],
    _authority: Authority,
    _redis: Redis,
}

impl Doors {
    async fn open() -> Self {
        let (redis, authority) = (Redis::start(), Authority::new());
        let plain = Sidecar::builder().on(&redis).set_all(&UNLIMITED).start();
        let unix = Sidecar::builder().on(&redis).set_all(&UNLIMITED).on_unix_sockets().unset("OTP_API_KEYS").start();
        let own = authority.issue("sidecar");
        let secure = tls::start(&redis, &authority.trust(), &[&own.variables()[..], &UNLIMITED].concat()).await;
        let Address::Unix(path) = unix.app() else { panic!("not a unix socket") };
        let environment = vec![
            ("PLAIN", format!("http://{}", plain.app().host())),
            ("SECURE", format!("https://{}", secure.app().host())),
            ("UNIX", path.display().to_string()),
            ("CA", authority.cert().display().to_string()),
            ("KEY", keys::KEY.to_owned()),
            ("EMPTY", EMPTY.to_owned()),
        ];
        Self { environment, _sidecars: [plain, unix, secure], _authority: authority, _redis: redis }
    }

    /// Runs a client, which ends well where all went as it should.
    async fn used_by(&self, program: PathBuf, arguments: &[PathBuf]) -> Output {
        let home = TempDir::new().expect("a directory");
        let mut command = process::command(&program);
        command.args(arguments).env_clear().env("HOME", home.path()).envs(self.environment.iter().cloned());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("PYTHONDONTWRITEBYTECODE", "1");
        let output = tokio::task::spawn_blocking(move || command.output()).await.expect("no panic");
        output.unwrap_or_else(|error| panic!("{}: {error}; `make test-deps` installs it", program.display()))
    }
}

/// It ended well, having done all of these.
#[track_caller]
fn did(output: &Output, names: &[&str]) {
    let said = [&output.stdout, &output.stderr].map(|said| String::from_utf8_lossy(said).into_owned()).join("\n");
    assert!(output.status.success(), "{said}");
    let done: Vec<_> = said.lines().filter_map(|line| line.strip_suffix(": done")).collect();
    assert_eq!(done, names, "{said}");
}

#[tokio::test]
async fn python_with_requests_httpx_and_its_own() {
    let python = installed("python/bin/python");
    let output = Doors::open().await.used_by(python, &[ours("python/client.py")]).await;
    did(&output, &["requests", "httpx", "httpx-unix", "httpx-http2", "http.client"]);
}

#[tokio::test]
async fn node_with_fetch_undici_axios_and_its_own() {
    // Where its packages are.
    let script = installed("node/client.mjs");
    std::fs::copy(ours("node/client.mjs"), &script).expect("`make test-deps` makes the directory");
    let output = Doors::open().await.used_by("node".into(), &[script]).await;
    did(&output, &["fetch", "undici-http2", "undici", "undici-unix", "axios", "axios-unix", "node"]);
}

#[tokio::test]
async fn go_with_its_own() {
    let output = Doors::open().await.used_by(installed("go/client"), &[]).await;
    did(&output, &["go", "go-unix", "go-http2"]);
}
