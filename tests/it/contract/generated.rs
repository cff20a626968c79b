//! Clients that generators make of both documents, without a word of help, are used against a running sidecar: each does
//! the same, and reads by name what it gets.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use serde_json::Value;
use tempfile::TempDir;

use super::document::{Listener, listeners};
use crate::support::{Rig, keys, process};

/// What each of the clients does, as it says it.
const PARTS: [&str; 4] = ["codes", "refusals", "guard", "operators"];

/// What `deploy/install-deps.sh tests` has put there.
fn installed(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/generators").join(path)
}

/// A file of ours.
fn ours(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/contract/generators").join(path)
}

/// A directory with `app.json` and `admin.json`, in which the rest happens.
fn workshop() -> TempDir {
    let dir = TempDir::new().expect("a directory");
    for (name, listener) in names().into_iter().zip(listeners()) {
        fs::write(dir.path().join(format!("{name}.json")), listener.document.to_string()).expect("a file");
    }
    dir
}

fn names() -> [&'static str; 2] {
    ["app", "admin"]
}

/// Runs it in the directory, and answers what it printed; with nothing of the environment but where programs are.
#[track_caller]
fn run(dir: &TempDir, mut command: Command) -> String {
    let bin = installed("python/bin");
    let path = std::env::var("PATH").unwrap_or_default();
    command.current_dir(dir.path()).env("PATH", format!("{}:{path}", bin.display())).env("HOME", dir.path());
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    let done = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; `make test-deps` installs it"));
    let said = [&done.stdout, &done.stderr].map(|said| String::from_utf8_lossy(said).into_owned());
    assert!(done.status.success(), "{command:?}\n{}", said.join("\n"));
    said.concat()
}

fn command(program: impl AsRef<Path>, arguments: &[&str]) -> Command {
    let mut command = process::command(program.as_ref());
    command.args(arguments).env_clear();
    command
}

/// Makes a client of either document, both at once.
fn generate(dir: &TempDir, how: impl Fn(&str) -> Command + Sync) {
    thread::scope(|scope| {
        for name in names() {
            let how = &how;
            scope.spawn(move || run(dir, how(name)));
        }
    });
}

/// openapi-generator's client in this language.
fn openapi_generator(dir: &TempDir, language: &str) {
    generate(dir, |name| {
        let mut command = command(
            installed("python/bin/openapi-generator-cli"),
            &["generate", "-i", &format!("{name}.json"), "-o", name, "-g", language, "--package-name", name],
        );
        // Neither tests nor pages, and a start that is quick rather than a run.
        command.args(["--global-property", "apiTests=false,modelTests=false,apiDocs=false,modelDocs=false"]);
        command.env("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC");
        command
    });
}

/// Has the client used: it finds one tenant, no limit of sends, and an operator.
fn used(dir: &TempDir, mut client: Command) {
    let rig = Rig::unlimited(&[("OTP_API_KEYS", &format!("{}:{}", keys::TENANT, keys::KEY))]);
    let url = |host: String| format!("http://{host}");
    client.env("APP", url(rig.sidecar.app().host())).env("ADMIN", url(rig.sidecar.admin().host()));
    client.env("KEY", keys::KEY).env("ADMIN_KEY", keys::ADMIN_KEY);
    let said = run(dir, client);
    let done: Vec<_> = said.lines().filter_map(|line| line.strip_suffix(": done")).collect();
    assert_eq!(done, PARTS, "{said}");
}

#[test]
fn openapi_python_client() {
    let dir = workshop();
    generate(&dir, |name| {
        let document = format!("{name}.json");
        let arguments = ["generate", "--path", &document, "--output-path", name, "--meta", "none", "--fail-on-warning"];
        command(installed("python/bin/openapi-python-client"), &arguments)
    });
    let client = ours("python/attrs_client.py").display().to_string();
    used(&dir, command(installed("python/bin/python"), &[&client]));
}

#[test]
fn openapi_generator_for_python() {
    let dir = workshop();
    openapi_generator(&dir, "python");
    let client = ours("python/pydantic_client.py").display().to_string();
    used(&dir, command(installed("python/bin/python"), &[&client]));
}

#[test]
fn openapi_generator_for_go() {
    let dir = workshop();
    openapi_generator(&dir, "go");
    for name in names() {
        // One module with ours; none of them needs another.
        fs::remove_file(dir.path().join(name).join("go.mod")).expect("a module");
    }
    fs::write(dir.path().join("go.mod"), "module generated\n\ngo 1.18\n").expect("a file");
    fs::copy(ours("go/main.go"), dir.path().join("main.go")).expect("a copy");
    let mut build = command("go", &["build", "-o", "client", "main.go"]);
    build.env("GOCACHE", installed("go")).env("GOPROXY", "off").env("GOFLAGS", "-mod=mod");
    run(&dir, build);
    used(&dir, command(dir.path().join("client"), &[]));
}

#[test]
fn openapi_typescript_with_a_strict_compiler() {
    let dir = workshop();
    std::os::unix::fs::symlink(installed("node/node_modules"), dir.path().join("node_modules")).expect("a link");
    for file in ["client.ts", "tsconfig.json", "package.json"] {
        fs::copy(ours("node").join(file), dir.path().join(file)).expect("a copy");
    }
    let node = |script: &str, arguments: &[&str]| {
        command("node", &[&[&*dir.path().join("node_modules").join(script).display().to_string()], arguments].concat())
    };
    generate(&dir, |name| {
        node("openapi-typescript/bin/cli.js", &[&format!("{name}.json"), "-o", &format!("{name}.d.ts")])
    });
    run(&dir, node("typescript/bin/tsc", &["-p", "."]));
    used(&dir, command("node", &["client.js"]));
}

/// What generators are known to stumble over: a choice of required fields, a type that is only `null`, a default (which
/// makes a field required), a body of several values in a link, and a refusal that is more than a `Problem`.
#[test]
fn nothing_that_generators_stumble_over_is_in_a_document() {
    for listener in listeners() {
        plain("", &listener.document);
        let fields = bodies(&listener).into_iter().flat_map(|body| body["properties"].as_object());
        for (name, field) in fields.flatten() {
            assert!(listener.resolved(field)["type"].is_string(), "{name} is not of one type");
        }
    }
}

fn plain(name: &str, node: &Value) {
    match node {
        Value::Array(items) => items.iter().for_each(|item| plain(name, item)),
        Value::Object(members) => {
            for word in ["oneOf", "allOf", "if", "then", "else", "not", "default", "const"] {
                assert!(!members.contains_key(word) || name == "properties", "{name}: {word}");
            }
            assert!(members.get("type").is_none_or(|kind| kind != "null") || name == "anyOf", "{name} is null");
            let objects = members.get("anyOf").and_then(Value::as_array);
            assert!(objects.is_none_or(|ways| ways.iter().all(|way| way.get("required").is_none())), "{name}: anyOf");
            let links = members.get("links").and_then(Value::as_object).into_iter().flatten();
            links.for_each(|(link, of)| assert!(of.get("requestBody").is_none(), "{link}: requestBody"));
            members.iter().filter(|(name, _)| *name != "examples").for_each(|(name, member)| plain(name, member));
        }
        _ => {}
    }
}

/// The schemas of all bodies.
fn bodies(listener: &Listener) -> Vec<&Value> {
    let operations = listener.document["paths"].as_object().into_iter().flatten();
    let operations = operations.flat_map(|(_, path)| path.as_object().into_iter().flatten());
    let schemas = operations.map(|(_, one)| &one["requestBody"]["content"]["application/json"]["schema"]);
    schemas.filter(|schema| !schema.is_null()).map(|schema| listener.resolved(schema)).collect()
}
