//! Without `REDIS_URL`, and with a server that does not start.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use tempfile::TempDir;

use crate::support::{Sidecar, process::nothing_runs_over, wait};

/// A file that can be executed.
fn script(directory: &TempDir, text: &str) -> String {
    let path = directory.path().join("server");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

/// It ends with 69, names `named` on stderr, and leaves nothing behind.
#[track_caller]
fn refuses(variables: &[(&str, &str)], data: &Path, named: &[&str]) {
    let data_dir = ("OTP_DATA_DIR", data.to_str().unwrap());
    let (code, stderr) = Sidecar::expect_no_start(&[variables, &[data_dir]].concat());
    assert_eq!(code, 69, "{stderr}");
    for name in named {
        assert!(stderr.contains(name), "no {name}: {stderr}");
    }
    assert!(!stderr.contains("REDIS_URL"), "{stderr}");
    assert!(nothing_runs_over(data), "{stderr}");
}

#[test]
fn a_program_that_cannot_be_started_is_named_at_once() {
    let home = tempfile::tempdir().unwrap();
    let plain = home.path().join("plain");
    fs::write(&plain, "no program").unwrap();
    let directory = home.path().to_str().unwrap();
    for (program, why) in [
        ("/nonexistent/redis", "No such file"),
        ("no-such-redis", "No such file"),
        (directory, "not a file"),
        (plain.to_str().unwrap(), "Permission denied"),
    ] {
        refuses(&[("OTP_REDIS_BIN", program)], &home.path().join("data"), &[program, why, "OTP_REDIS_BIN"]);
    }
}

#[test]
fn a_program_that_is_no_server_is_given_up_with_its_last_words() {
    let home = tempfile::tempdir().unwrap();
    let silent = script(&home, "#!/bin/sh\nexit 0\n");
    refuses(&[("OTP_REDIS_BIN", &silent)], &home.path().join("a"), &[&silent, "exit status: 0", "redis.log"]);
    let talking = script(&home, "#!/bin/sh\necho first >&2\necho 'this is why' >&2\nexit 3\n");
    let why = ["this is why", "exit status: 3", "redis.log"];
    refuses(&[("OTP_REDIS_BIN", &talking)], &home.path().join("b"), &why);
    let nonsense = script(&home, "#!/nonexistent/interpreter\n");
    refuses(&[("OTP_REDIS_BIN", &nonsense)], &home.path().join("c"), &["cannot be executed", "redis.log"]);
}

#[test]
fn a_bare_name_is_looked_for_on_the_path() {
    Sidecar::start(&[("OTP_REDIS_BIN", "redis-server")]);
}

#[tokio::test]
async fn a_corrupt_append_only_file_is_told() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let mut sidecar = Sidecar::start(&[("OTP_DATA_DIR", data.to_str().unwrap())]);
    sidecar.client().issue("ada").await;
    assert!(sidecar.terminate().0.success());
    let files = fs::read_dir(data.join("redis/appendonlydir")).unwrap().map(|file| file.unwrap().path());
    for file in files.filter(|file| file.to_str().unwrap().ends_with(".incr.aof")) {
        let mut content = fs::read(&file).unwrap();
        content[..8].copy_from_slice(b"garbage!");
        fs::write(&file, content).unwrap();
    }
    refuses(&[], &data, &["Bad file format reading the append only file", "redis.log"]);
}

#[test]
fn while_it_waits_it_names_its_own_server_and_its_log() {
    let home = tempfile::tempdir().unwrap();
    let mute = script(&home, "#!/bin/sh\nexec sleep 60\n");
    let mut sidecar = Sidecar::builder().set("OTP_REDIS_BIN", &mute).start_waiting();
    let line = sidecar.logs("a word about the wait", |line| line.contains("waiting for"));
    assert!(line.contains("embedded Redis") && line.contains("redis.log") && !line.contains("REDIS_URL"), "{line}");
    assert!(sidecar.terminate().0.success());
}

#[tokio::test]
async fn a_server_that_had_answered_is_started_again_and_again() {
    let sidecar = Sidecar::start(&[]);
    let client = sidecar.client();
    for round in 0..4 {
        for pid in sidecar.children() {
            let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        }
        let deaths = || sidecar.log_lines().iter().filter(|line| line.contains("embedded Redis ended")).count();
        wait::until("the death to be noticed", wait::PATIENCE, || (deaths() > round).then_some(()));
        let resumed = async || (client.send(&format!("user{round}")).await.status == 201).then_some(());
        wait::until_async("work to resume", wait::PATIENCE, resumed).await;
    }
    let told = sidecar.log_lines();
    let ends: Vec<_> = told.iter().filter(|line| line.contains("embedded Redis ended")).collect();
    assert!(ends.iter().all(|line| line.contains("redis.log")), "{ends:?}");
}
