//! Twilio's own clients as their registries have them, Python's 9 and 6 and Node's 6 and 3: with another base URL, and with
//! nothing changed at all where `verify.twilio.com` is this machine.

use std::{
    path::{Path, PathBuf},
    process::Output,
};

use super::{LOGIN, SIGNUP};
use crate::support::{Authority, Redis, Sidecar, keys, launch::Builder, process};

/// All that a client does, in order.
const ALL: [&str; 10] =
    ["create", "wrong", "right", "too many", "too soon", "cancel", "fetch", "unknown", "bad", "expired"];

fn ours(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/twilio").join(name)
}

/// What `deploy/install-deps.sh tests` has put there.
fn installed(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/twilio").join(path)
}

/// Where Node's packages are; a test's own copy, since two may make one at a time.
fn node_script(name: &str) -> PathBuf {
    let script = installed("node").join(name);
    std::fs::copy(ours("client.js"), &script).expect("`make test-deps` makes the directory");
    script
}

/// A sidecar for numbers `+155501<who><n>`, whose codes are known. Codes of the second service live ten seconds.
fn sidecar() -> Builder {
    let numbers = (0..6).flat_map(|who| (0..7).map(move |n| format!("+155501{who}{n}=424242")));
    let services = format!("{LOGIN}:login,{SIGNUP}:brief");
    let until = std::time::SystemTime::now() + std::time::Duration::from_secs(30 * 86_400);
    Sidecar::builder().set_all(&[
        ("OTP_TWILIO_SERVICES", &services),
        ("OTP_LIFETIME_MINUTES__BRIEF", "10s"),
        ("OTP_DELIVERY_URL__SMS", "http://127.0.0.1:9/"),
        ("OTP_DELIVERY_SECRET__SMS", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="),
        ("OTP_PHONE_PREFIXES", "+1"),
        ("OTP_TEST_RECIPIENTS", &numbers.collect::<Vec<_>>().join(",")),
        ("OTP_TEST_RECIPIENTS_UNTIL", &humantime::format_rfc3339_seconds(until).to_string()[..10]),
    ])
}

async fn run(program: PathBuf, script: PathBuf, environment: Vec<(&'static str, String)>) -> Output {
    let shown = program.display().to_string();
    let mut command = process::command(program);
    command.arg(script).env_clear().envs(environment).env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("no panic");
    output.unwrap_or_else(|error| panic!("{shown}: {error}; `make test-deps` installs it"))
}

#[tokio::test]
async fn each_client_does_all_with_another_base_url() {
    let redis = Redis::start();
    let sidecar = sidecar().on(&redis).start();
    let script = node_script("by-url.js");
    let clients = [
        ("python9", installed("python9/bin/python"), ours("client.py")),
        ("python6", installed("python6/bin/python"), ours("client.py")),
        ("twilio6", "node".into(), script.clone()),
        ("twilio3", "node".into(), script),
    ];
    let all = clients.into_iter().enumerate().map(|(who, (name, program, script))| {
        let environment = vec![
            ("BASE", format!("http://{}", sidecar.app().host())),
            ("KEY", keys::KEY.to_owned()),
            ("LOGIN", LOGIN.to_owned()),
            ("BRIEF", SIGNUP.to_owned()),
            ("WHO", who.to_string()),
            ("SDK", name.to_owned()),
        ];
        async move { (name, run(program, script, environment).await) }
    });
    for (name, output) in futures_util::future::join_all(all).await {
        let said = [&output.stdout, &output.stderr].map(|said| String::from_utf8_lossy(said).into_owned()).join("\n");
        assert!(output.status.success(), "{name}: {said}");
        let done: Vec<_> = said.lines().filter_map(|line| line.strip_suffix(": done")).collect();
        assert_eq!(done, ALL, "{name}: {said}");
    }
}

#[tokio::test]
async fn each_client_does_all_unchanged_where_twilio_is_this_machine() {
    let authority = Authority::new();
    let own = authority.issue_for("DNS:verify.twilio.com");
    let apart: &[&str] = if rustix::process::geteuid().is_root() {
        &["unshare", "--net", "--mount", "--", "/bin/sh"]
    } else {
        &["unshare", "--map-root-user", "--net", "--mount", "--", "/bin/sh"]
    };
    let script = ours("apart.sh").display().to_string();
    let words = [installed("python9/bin/python"), ours("client.py"), node_script("by-hosts.js")];
    let words = words.map(|word| word.display().to_string());
    let builder = sidecar()
        .set_all(&own.variables())
        .set_all(&[("OTP_LISTEN", "127.0.0.1:443"), ("CA", &authority.cert().display().to_string())])
        .set_all(&[("KEY", keys::KEY), ("LOGIN", LOGIN), ("BRIEF", SIGNUP), ("PYTHONDONTWRITEBYTECODE", "1")])
        .through(&[apart, &[script.as_str()]].concat());
    let ran = tokio::task::spawn_blocking(move || builder.run(&words.each_ref().map(String::as_str)));
    let (code, said, complained) = ran.await.expect("no panic");
    assert_eq!(code, 0, "{said}\n{complained}");
    for client in ["python", "node"] {
        let lines = said.lines().filter_map(|line| line.strip_prefix(client)?.strip_prefix(": "));
        let done: Vec<_> = lines.filter_map(|line| line.strip_suffix(": done")).collect();
        assert_eq!(done, ALL, "{client}: {said}");
    }
}
