//! A sidecar that cannot be started as deployed says why in one line, ends with a code of its own for each reason, and leaves
//! nothing behind.

use std::{fs, net::TcpListener, path::Path};

use serde_json::Value;

use super::daemon::place;
use crate::support::{Redis, Sidecar};

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
