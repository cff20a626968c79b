//! A sidecar that cannot be started as deployed says why in one line, ends with a code of its own for each reason, and leaves
//! nothing behind.

use std::{fs, net::TcpListener, os::unix::net::UnixListener, path::Path};

use serde_json::Value;

use super::daemon::place;
use crate::support::{Redis, Sidecar, process::nothing_runs_over};

/// What it says, without what is no complaint.
fn complaints(said: &str) -> Vec<String> {
    let is_one = |line: &&str| match serde_json::from_str::<Value>(line) {
        Ok(logged) => logged["level"] == "ERROR",
        Err(_) => !line.starts_with("warning: "),
    };
    said.lines().filter(is_one).map(str::to_owned).collect()
}

/// It does not start, for this reason.
#[track_caller]
fn ends(variables: &[(&str, &str)], code: i32, words: &[&str]) {
    let redis = Redis::start();
    let (ended, said) = Sidecar::builder().on(&redis).set_all(variables).expect_no_start();
    assert_eq!(ended, code, "{said}");
    let lines = complaints(&said);
    assert_eq!(lines.len(), 1, "{said}");
    assert!(words.iter().all(|word| lines[0].contains(word)), "{}", lines[0]);
    assert!(!said.contains("\"message\":\"ready\""), "{said}");
    // It was refused before anything was written to the store.
    assert!(redis.keys().is_empty(), "{said}");
}

#[test]
fn a_port_that_is_in_use() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for name in ["OTP_LISTEN", "OTP_ADMIN_LISTEN"] {
        ends(&[(name, &address)], 74, &[&address, "in use"]);
    }
}

/// A directory that nobody may write, root neither: that of the kernel's processes.
const READ_ONLY: &str = "/proc/sys/otp-sidecar";

#[test]
fn a_data_directory_that_cannot_be_written() {
    ends(&[("OTP_AUDIT_SINK", "dir"), ("OTP_AUDIT_DIR", READ_ONLY)], 73, &["OTP_AUDIT_DIR", READ_ONLY]);
    // The private Redis and its keys would go there.
    let embedded =
        Sidecar::builder().unset("REDIS_URL").unset("OTP_PEPPER").unset("OTP_INDEX_KEY").set("OTP_DATA_DIR", READ_ONLY);
    let (code, said) = embedded.expect_no_start();
    assert_eq!((code, complaints(&said).len()), (73, 1), "{said}");
    assert!(said.contains(READ_ONLY) && !Path::new(READ_ONLY).exists(), "{said}");
}

#[test]
fn a_port_in_use_ends_the_start_before_anything_else_is_there() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let dir = place("start");
    let at = |name: &str| dir.path().join(name).display().to_string();
    // The app's listener comes first and its socket is gone again; the private Redis comes later and never was there.
    let (code, said) = Sidecar::builder()
        .set("OTP_LISTEN", &format!("unix:{}", at("app.sock")))
        .set("OTP_ADMIN_LISTEN", &taken.local_addr().unwrap().to_string())
        .set("OTP_DATA_DIR", &at("data"))
        .expect_no_start();
    assert_eq!((code, complaints(&said).len()), (74, 1), "{said}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "{said}");
}

#[test]
fn a_unix_socket_in_use_and_one_that_cannot_be_made() {
    let dir = place("start");
    let path = |name: &str| dir.path().join(name);
    let listen = |name: &str| format!("unix:{}", path(name).display());
    let _taken = UnixListener::bind(path("taken.sock")).unwrap();
    ends(&[("OTP_LISTEN", &listen("taken.sock"))], 74, &["taken.sock", "in use"]);
    fs::write(path("notes"), "not ours").unwrap();
    ends(&[("OTP_LISTEN", &listen("notes"))], 73, &["notes", "is not a socket"]);
    assert_eq!(fs::read_to_string(path("notes")).unwrap(), "not ours");
    ends(&[("OTP_LISTEN", &listen("no/such.sock"))], 73, &["no/such.sock", "cannot listen"]);
}

#[test]
fn a_trail_that_cannot_be_written_leaves_no_private_redis_running() {
    let dir = place("start");
    let data = dir.path().join("data").display().to_string();
    let (code, said) = Sidecar::builder()
        .set_all(&[("OTP_DATA_DIR", &data), ("OTP_AUDIT_SINK", "dir"), ("OTP_AUDIT_DIR", READ_ONLY)])
        .expect_no_start();
    assert_eq!((code, complaints(&said).len()), (73, 1), "{said}");
    assert!(nothing_runs_over(dir.path()), "{said}");
}

#[test]
fn a_certificate_that_cannot_be_read() {
    let dir = place("start");
    let file = dir.path().join("tls.pem").display().to_string();
    let listeners = [("OTP_TLS_CERT", &*file), ("OTP_TLS_KEY", &file)];
    let store = [("REDIS_URL", "rediss://127.0.0.1:1"), ("OTP_REDIS_CA", &file)];
    ends(&listeners, 64, &["OTP_TLS_CERT", "cannot be read"]);
    ends(&store, 64, &["OTP_REDIS_CA", "cannot be read"]);
    fs::write(&file, "").unwrap();
    ends(&listeners, 64, &["OTP_TLS_CERT", "without a certificate"]);
    ends(&store, 64, &["OTP_REDIS_CA", "no certificate"]);
}

#[test]
fn a_secret_that_cannot_be_read() {
    let dir = place("secret");
    let file = dir.path().join("pepper").display().to_string();
    let (code, said) = Sidecar::builder()
        .set("REDIS_URL", "redis://127.0.0.1:1")
        .unset("OTP_PEPPER")
        .set("OTP_PEPPER_FILE", &file)
        .expect_no_start();
    assert_eq!((code, complaints(&said).len()), (64, 1), "{said}");
    assert!(said.contains("OTP_PEPPER_FILE") && !said.contains("listening"), "{said}");
    fs::create_dir(&file).unwrap();
    let (code, said) = Sidecar::builder()
        .set("REDIS_URL", "redis://127.0.0.1:1")
        .unset("OTP_PEPPER")
        .set("OTP_PEPPER_FILE", &file)
        .expect_no_start();
    assert_eq!((code, complaints(&said).len()), (64, 1), "{said}");
}
