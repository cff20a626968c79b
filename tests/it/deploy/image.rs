//! The image: its last stage is laid out as the Dockerfile says and run as a container would run it, in a root of its own with
//! nothing else in it, as its user, who may write its data alone. The program is the one that this test belongs to with
//! the libraries that it needs, or, in `make test-static`, the static one that the Dockerfile's own command has built.

use std::{
    fs,
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Duration,
};

use super::{
    daemon::{Daemon, place, read},
    kustomize::validator,
};
use crate::support::{Redis, RedisOptions, keys, process, redis::port::Port, wait};

const SOON: Duration = wait::PATIENCE;
/// Set by `make test-static` to the program that it has built.
const STATIC: &str = "OTP_TEST_STATIC";

/// The instructions of the last stage, each with its words.
fn instructions() -> Vec<(String, String)> {
    let text = read("Dockerfile").replace("\\\n", " ");
    let last = text.rsplit("\nFROM scratch\n").next().expect("a last stage from scratch");
    let lines = last.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once(' '))
        .map(|(word, rest)| (word.to_owned(), rest.trim().to_owned()))
        .collect()
}

/// What stands behind an instruction that comes once.
#[track_caller]
fn only(word: &str) -> String {
    let found: Vec<_> = instructions().into_iter().filter(|(known, _)| known == word).collect();
    let [(_, rest)] = &found[..] else { panic!("{word}: {found:?}") };
    rest.clone()
}

/// The strings of a JSON list.
fn list(text: &str) -> Vec<String> {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn user() -> (u32, u32) {
    let user = only("USER");
    let (user, group) = user.split_once(':').expect("user:group");
    (user.parse().expect("a number"), group.parse().expect("a number"))
}

/// The libraries that a program is linked to; none for a static one.
fn libraries(program: &Path) -> Vec<PathBuf> {
    let said = Command::new("ldd").arg(program).output().expect("ldd").stdout;
    let said = String::from_utf8_lossy(&said).into_owned();
    said.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from).collect()
}

/// Lays the last stage out in `root`.
fn lay_out(root: &Path) {
    let program = std::env::var_os(STATIC).map_or_else(|| env!("CARGO_BIN_EXE_otp-sidecar").into(), PathBuf::from);
    let libraries = libraries(&program);
    assert!(libraries.is_empty() || std::env::var_os(STATIC).is_none(), "not static: {libraries:?}");
    let put = |from: &Path, to: &Path| {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    };
    for library in libraries {
        put(&library, &root.join(library.strip_prefix("/").unwrap()));
    }
    for (_, copy) in instructions().iter().filter(|(word, _)| word == "COPY") {
        let words: Vec<_> = copy.split_whitespace().filter(|word| *word != "--from=build").collect();
        let owned = words.iter().any(|word| word.starts_with("--chown="));
        let [from, to] = words[words.len() - 2..] else { panic!("{copy}") };
        let to = root.join(to.strip_prefix('/').expect("an absolute path"));
        match from {
            "/out/otp-sidecar" => put(&program, &to),
            "/out/data" => {
                fs::create_dir_all(&to).unwrap();
                assert!(owned && copy.contains(&format!("--chown={} ", only("USER"))), "{copy}");
                let (user, group) = user();
                chown(&to, Some(user), Some(group)).unwrap_or_else(|error| panic!("chown needs root: {error}"));
            }
            "/etc/ssl/certs/ca-certificates.crt" => {
                fs::create_dir_all(to.parent().unwrap()).unwrap();
                fs::write(&to, "").unwrap();
            }
            other => panic!("not known where {other} comes from"),
        }
    }
}

/// The words behind `env` before a program that is to run in `root` as the image's user.
fn confined(root: &Path, variables: &[(String, String)]) -> Vec<String> {
    let chroot = process::find("chroot").unwrap_or_else(|| "/usr/sbin/chroot".into());
    let mut words = vec!["-i".to_owned()];
    words.extend(variables.iter().map(|(name, value)| format!("{name}={value}")));
    words.extend([chroot.display().to_string(), "--userspec".to_owned(), only("USER"), root.display().to_string()]);
    words
}

fn variables(redis: &Redis, [app, admin]: [u16; 2]) -> Vec<(String, String)> {
    let set = only("ENV");
    let image = set.split(' ').filter_map(|pair| pair.split_once('='));
    let own = [
        ("REDIS_URL", redis.url()),
        ("OTP_LISTEN", format!("127.0.0.1:{app}")),
        ("OTP_ADMIN_LISTEN", format!("127.0.0.1:{admin}")),
        // As the health check finds it by default on the default port.
        ("OTP_ADMIN_URL", format!("http://127.0.0.1:{admin}")),
        ("OTP_PEPPER", keys::PEPPER.to_owned()),
        ("OTP_INDEX_KEY", keys::INDEX_KEY.to_owned()),
        ("OTP_API_KEYS", keys::api_keys()),
        ("OTP_ADMIN_KEYS", keys::admin_keys()),
    ];
    let image = image.map(|(name, value)| (name.to_owned(), value.to_owned()));
    image.chain(own.map(|(name, value)| (name.to_owned(), value))).collect()
}

/// The health check's own command in the container.
fn health(root: &Path, variables: &[(String, String)]) -> Output {
    let check = only("HEALTHCHECK");
    let (_, command) = check.split_once("CMD ").expect("a command");
    Command::new("env").args(confined(root, variables)).args(list(command)).output().expect("env")
}

#[test]
fn it_runs_alone_in_its_root_as_nobody_and_its_health_is_told() {
    let (user, group) = user();
    assert!(user > 0 && group > 0, "root");
    let dir = place("image");
    let root = dir.path().join("root");
    fs::create_dir(&root).unwrap();
    // Whoever runs there is not who made the directory above.
    fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    lay_out(&root);
    let mut redis = Redis::with(RedisOptions { tcp: true, ..Default::default() });
    let ports = [Port::take(), Port::take()];
    let variables = variables(&redis, ports.each_ref().map(Port::number));
    assert_eq!(health(&root, &variables).status.code(), Some(69), "nobody is there yet");
    let words = [confined(&root, &variables), list(&only("ENTRYPOINT"))].concat();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let mut container = Daemon::start("env", dir, &words);
    container.said("that it is ready", |log| log.contains("\"message\":\"ready\"").then_some(()));
    let well = health(&root, &variables);
    assert_eq!((well.status.code(), &*well.stdout), (Some(0), b"ready\n".as_slice()), "{well:?}");
    // Its data are where the image has room for them, and its own.
    let data = root.join("var/lib/otp-sidecar/audit");
    let made = fs::metadata(&data).expect("a trail");
    use std::os::unix::fs::MetadataExt;
    assert_eq!((made.uid(), made.gid()), (user, group));
    let status = fs::read_to_string(format!("/proc/{}/status", container.pid())).unwrap();
    let ids = status.lines().find(|line| line.starts_with("Uid:")).unwrap();
    assert!(ids.split_whitespace().skip(1).all(|id| id == user.to_string()), "{ids}");
    redis.kill();
    let ill = || (health(&root, &variables).status.code() == Some(1)).then_some(());
    wait::until("the health check to fail", SOON, ill);
}

#[test]
fn its_labels_say_what_it_is_and_a_linter_finds_nothing() {
    let manifest = fs::read_to_string(super::daemon::deployed("../Cargo.toml")).unwrap();
    let of =
        |name: &str| manifest.lines().find_map(|line| line.strip_prefix(&format!("{name} = "))).unwrap().to_owned();
    let labels = only("LABEL");
    for (label, value) in [
        ("title", of("name")),
        ("description", of("description")),
        ("version", of("version")),
        ("licenses", of("license")),
        ("revision", "\"${REVISION}\"".to_owned()),
    ] {
        assert!(labels.contains(&format!("org.opencontainers.image.{label}={value}")), "{label}: {labels}");
    }
    assert!(
        instructions().iter().any(|(word, rest)| word == "ARG" && rest == "REVISION=unknown"),
        "none in this stage"
    );
    let done = Command::new(validator("hadolint")).arg(super::daemon::deployed("Dockerfile")).output();
    let done = done.expect("hadolint; `make test-deps` installs it");
    assert!(done.status.success() && done.stdout.is_empty(), "{}", String::from_utf8_lossy(&done.stdout));
}

/// Each image that a file below `deploy` names for others to fetch, as it is written there.
fn images() -> Vec<(PathBuf, String)> {
    let (mut left, mut found) = (vec![super::daemon::deployed("")], Vec::new());
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let of_line = |line: &str| {
            let line = line.trim().trim_start_matches("- ");
            let starts = ["image: ", "Image=", "FROM ", "ARG RUST="];
            let image = starts.iter().find_map(|start| line.strip_prefix(start))?.split(' ').next()?;
            Some(image.trim_matches('"').to_owned())
        };
        let kinds = ["yaml", "yml", "container", "pod"];
        let names = path.extension().is_some_and(|end| kinds.iter().any(|kind| end == *kind));
        if names || path.file_name().unwrap().to_string_lossy().contains("Dockerfile") {
            found.extend(text.lines().filter_map(of_line).map(|image| (path.clone(), image)));
        }
    }
    found
}

/// Whether it is one and the same image whenever it is fetched: by its digest, or of a release that has a name of its own.
fn is_pinned(image: &str) -> bool {
    if let Some((_, digest)) = image.split_once("@sha256:") {
        return digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    }
    let tag =
        image.rsplit('/').next().and_then(|name| name.split_once(':')).map(|(_, tag)| tag.trim_start_matches('v'));
    let numbers: Vec<_> = tag.unwrap_or_default().split('-').next().unwrap_or_default().split('.').collect();
    numbers.len() == 3 && numbers.iter().all(|number| number.parse::<u32>().is_ok())
}

#[test]
fn each_image_of_others_is_pinned() {
    // Ours, an app's that stands for any, nothing at all, and the argument that names the compiler's.
    let ours = ["otp-sidecar", "app", "scratch", "${RUST}"];
    let (of_ours, others): (Vec<_>, Vec<_>) = images().into_iter().partition(|(_, image)| ours.contains(&&**image));
    assert!(of_ours.len() >= 4 && others.len() >= 5, "{of_ours:?} {others:?}");
    let loose: Vec<_> = others.iter().filter(|(_, image)| !is_pinned(image)).collect();
    assert!(loose.is_empty(), "{loose:?}");
    assert!(
        ["redis", "redis:7.4", "redis:latest", "a:5000/redis:7", "redis@sha256:12"].iter().all(|it| !is_pinned(it))
    );
    // What the image is built with goes through its compiler: that one is the same to the last byte.
    let compiler = others.iter().find(|(path, _)| path.ends_with("Dockerfile")).expect("the compiler's");
    assert!(compiler.1.contains("@sha256:"), "{compiler:?}");
}

#[test]
fn what_is_built_is_what_is_copied_and_locked() {
    let text = read("Dockerfile");
    let build = text.split("\nFROM scratch\n").next().unwrap();
    assert!(build.contains("cargo build --release --locked") && build.contains("target-feature=+crt-static"));
    let minimum = fs::read_to_string(super::daemon::deployed("../Cargo.toml")).unwrap();
    let minimum = minimum
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = \"1."))
        .unwrap()
        .trim_end_matches('"')
        .to_owned();
    let image = text.lines().find_map(|line| line.strip_prefix("ARG RUST=rust:1.")).unwrap();
    let image = image.split('-').next().unwrap();
    assert!(image.parse::<u32>().unwrap() >= minimum.parse().unwrap(), "{image} {minimum}");
    // Whatever is copied is let through to the build, and nothing else is.
    let ignore = fs::read_to_string(super::daemon::deployed("../.dockerignore")).unwrap();
    let through: Vec<_> = ignore.lines().filter_map(|line| line.strip_prefix('!')).collect();
    let copied: Vec<_> = build
        .lines()
        .filter_map(|line| line.strip_prefix("COPY "))
        .flat_map(|line| line.split(' ').rev().skip(1).collect::<Vec<_>>().into_iter().rev())
        .collect();
    assert_eq!(through, copied);
    assert!(ignore.lines().any(|line| line == "*"));
}
