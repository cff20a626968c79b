//! What the pages and runbooks tell somebody to type is typed: each block for a shell, in a directory that looks like the
//! repository's root, against one sidecar, with stand-ins for what builds, installs or starts something.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::Command,
};

use tempfile::TempDir;

use super::{ADMIN, commands::shells};
use crate::{
    deploy::{daemon::place, runbooks},
    support::{Rig, keys, process},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_otp-sidecar");
/// Programs that are not run here, and what is run in place of each.
const STAND_INS: [(&str, &str); 7] = [
    ("docker", r#"[ "$1" != run ] || { shift 3; exec otp-sidecar "$@"; }"#),
    ("journalctl", "echo a handler panicked"),
    ("kubectl", ""),
    ("make", ""),
    ("systemctl", ""),
    ("systemd-run", ""),
    ("timedatectl", ""),
];
/// First words of blocks that build for minutes; `make run` is what every other test does to a program that is built.
const TOO_LONG: [&str; 2] = ["make run", "make deps"];
/// What files of settings hold, where the pages say that they are made, besides `keygen`'s.
const SETTINGS: [(&str, &[&str]); 2] = [("deploy/otp.env", &["REDIS_URL"]), ("otp.env", &["REDIS_URL"])];
const KEYGEN: [&str; 5] = ["OTP_PEPPER", "OTP_INDEX_KEY", "OTP_AUDIT_KEY", "OTP_API_KEYS", "OTP_ADMIN_KEYS"];

/// A machine with the repository, a built program and one sidecar with one tenant.
struct Desk {
    root: TempDir,
    rig: Rig,
}

impl Desk {
    fn set() -> Self {
        let root = place("typed");
        let at = |path: &str| root.path().join(path);
        for dir in ["bin", "deploy", "target/release", "target/host/release", "etc/systemd/system", "local/bin", AUDIT]
        {
            fs::create_dir_all(at(dir)).unwrap();
        }
        for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/deploy")).unwrap() {
            let entry = entry.unwrap();
            symlink(entry.path(), at("deploy").join(entry.file_name())).unwrap();
        }
        for file in ["bin/otp-sidecar", "target/release/otp-sidecar", "target/host/release/otp-sidecar"] {
            symlink(PROGRAM, at(file)).unwrap();
        }
        let program = |name: &str, script: &str| {
            let file = at("bin").join(name);
            fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        };
        STAND_INS.iter().for_each(|(name, script)| program(name, script));
        let audit = at(AUDIT).display().to_string();
        let tenant = format!("{}:{}", keys::TENANT, keys::KEY);
        let rig = Rig::start(&[("OTP_API_KEYS", &tenant), ("OTP_AUDIT_SINK", "dir"), ("OTP_AUDIT_DIR", &audit)]);
        // The real one, which must not fail; some commands go on for ever, and there is no cluster here.
        let redis = process::find("redis-cli").expect("redis-cli").display().to_string();
        let socket = rig.redis.sockets()[0].display().to_string();
        let asks = format!("timeout 1 {redis} -s {socket} -e \"$@\" || [ $? = 124 ]");
        program("redis-cli", &format!("[ \"$1\" = CLUSTER ] || {{ {asks}; }}"));
        Self { root, rig }
    }

    /// What is typed, at the places of this desk; a question that only a terminal can be asked is answered.
    fn here(&self, block: &str) -> String {
        let root = self.root.path().display();
        let lines = block.lines().filter(|line| !line.ends_with("otp-sidecar serve")).map(|line| {
            let asks = ["erase", "lock", "unlock"].iter().any(|word| line.starts_with(&format!("otp-sidecar {word} ")));
            let line = if asks && !line.contains(" --yes") { format!("{line} --yes") } else { line.to_owned() };
            // Nobody is locked here, and to unlock nobody is no success.
            if line.starts_with("otp-sidecar unlock ") { format!("{line} || [ $? = 1 ]") } else { line }
        });
        lines
            .collect::<Vec<_>>()
            .join("\n")
            .replace(ADMIN, &self.rig.sidecar.admin().host())
            .replace("/var/lib/otp-sidecar", &format!("{root}/.local/state/otp-sidecar"))
            .replace("/usr/local/bin/", &format!("{root}/local/bin/"))
            .replace("/etc/", &format!("{root}/etc/"))
    }

    fn command(&self, program: &str) -> Command {
        let path = std::env::var("PATH").unwrap();
        let mut command = Command::new(program);
        command.current_dir(self.root.path()).env_clear().envs([
            ("HOME", self.root.path().display().to_string()),
            ("PATH", format!("{}/bin:{path}", self.root.path().display())),
        ]);
        command
    }

    #[track_caller]
    fn types(&self, block: &str) {
        let settings = [
            ("REDIS_URL", &*self.rig.redis.sidecars_url()),
            ("OTP_PEPPER", keys::PEPPER),
            ("OTP_INDEX_KEY", keys::INDEX_KEY),
            ("OTP_ADMIN_URL", &format!("http://{}", self.rig.sidecar.admin().host())),
            ("OTP_ADMIN_KEY", keys::ADMIN_KEY),
        ]
        .map(|(name, value)| (name, value.to_owned()));
        let shell = self.here(block);
        let done = self.command("sh").args(["-euc", &shell]).envs(settings).output().unwrap();
        let said = [done.stdout, done.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
        assert!(done.status.success(), "{shell}\n{}\n{said}", done.status);
    }
}

const AUDIT: &str = ".local/state/otp-sidecar/audit";

/// The names that a file sets, which the program takes all together.
#[track_caller]
fn settings(desk: &Desk, file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    let pairs: Vec<_> = text.lines().map(|line| line.split_once('=').unwrap()).collect();
    let done = desk.command(PROGRAM).arg("check-config").envs(pairs.iter().copied()).output().unwrap();
    assert!(done.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&done.stderr));
    pairs.into_iter().map(|(name, _)| name.to_owned()).collect()
}

#[tokio::test]
async fn every_block_for_a_shell_can_be_typed() {
    let desk = Desk::set();
    desk.rig.client.issue("ann@example.com").await;
    let blocks = shells().filter(|block| !block.marked && !TOO_LONG.iter().any(|long| block.text.starts_with(long)));
    let mut count = 0;
    for block in blocks {
        desk.types(block.text);
        count += 1;
    }
    assert!(count > 10, "{count}");
    // As they are before a runbook adds to them; their secrets are for nobody else to read.
    for (file, besides) in SETTINGS {
        let path = desk.root.path().join(file);
        assert_eq!(settings(&desk, &path), [&KEYGEN[..], besides].concat(), "{file}");
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600, "{file}");
    }
    for name in KEYGEN {
        let path = desk.root.path().join("etc/otp-sidecar").join(name);
        let secret = fs::read_to_string(&path).unwrap();
        assert!(secret.trim().len() >= 64 && !secret.contains('='), "{name}");
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
    assert!(desk.root.path().join("cert.pem").is_file());

    for (alert, block) in runbooks::blocks("sh") {
        println!("{alert}");
        desk.types(&block);
    }
    settings(&desk, &desk.root.path().join("etc/otp-sidecar/otp.env"));
}
