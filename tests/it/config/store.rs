use std::path::Path;

use super::{INDEX_KEY, PEPPER, accepted, one_mistake, refused, warnings};
use otp_sidecar::config::StoreTarget;

fn with(url: &str) -> [(&str, &str); 3] {
    [("REDIS_URL", url), ("OTP_PEPPER", PEPPER), ("OTP_INDEX_KEY", INDEX_KEY)]
}

#[test]
fn without_a_url_the_private_server_is_used_and_needs_no_keys() {
    let config = accepted(&[]);
    assert!(matches!(config.store, StoreTarget::Embedded { binary: None }));
    assert!(config.peppers.is_empty() && config.index_key.is_none());
    let config = accepted(&[("OTP_REDIS_BIN", "/opt/redis-server")]);
    assert!(matches!(config.store, StoreTarget::Embedded { binary: Some(p) } if p == Path::new("/opt/redis-server")));
}

#[test]
fn servers_are_named_by_their_url() {
    for (url, scheme) in [
        ("redis://127.0.0.1", "redis"),
        ("redis://user:pass@redis.example:6380/2", "redis"),
        ("rediss://redis.example", "rediss"),
        ("unix:/run/redis.sock", "unix"),
        ("unix:///run/redis.sock?db=1", "unix"),
        ("redis+unix:///run/redis.sock", "redis+unix"),
        ("redis+sentinel://:hunter2@h1,h2,h3/main", "redis+sentinel"),
        ("rediss+sentinel://h1/main/2", "rediss+sentinel"),
        ("redis+cluster://h1:7000,h2:7000", "redis+cluster"),
        ("rediss+cluster://user:pass@h1", "rediss+cluster"),
    ] {
        let StoreTarget::Url { scheme: found, .. } = accepted(&with(url)).store else { panic!("{url}") };
        assert_eq!(found, scheme, "{url}");
    }
    let mut both = with("redis://127.0.0.1").to_vec();
    both.push(("OTP_REDIS_BIN", "/opt/redis-server"));
    assert!(warnings(&both).iter().any(|w| w == "OTP_REDIS_BIN is not used, since REDIS_URL is set"));
}

#[test]
fn other_schemes_are_mistakes_that_never_show_the_password() {
    for url in [
        "redis+sentinel://:hunter2@h1,h2",
        "redis+cluster://:hunter2@h1,h2/1",
        "http://:hunter2@h",
        "hunter2",
        "redis://:hunter2@",
        "redis://:hunter2@h:99999",
        "redis://h/hunter2",
    ] {
        one_mistake(&with(url), "REDIS_URL", "");
        assert!(!refused(&with(url))[0].contains("hunter2"), "{url}");
    }
}

#[test]
fn a_shared_server_needs_pepper_and_index_key() {
    let mistakes = refused(&[("REDIS_URL", "redis://127.0.0.1")]);
    assert_eq!(mistakes.len(), 2);
    for (mistake, name) in mistakes.iter().zip(["OTP_PEPPER", "OTP_INDEX_KEY"]) {
        assert!(mistake.starts_with(name) && mistake.contains("otp-sidecar keygen"), "{mistake}");
    }
    one_mistake(&[("REDIS_URL", "redis://127.0.0.1"), ("OTP_PEPPER", PEPPER)], "OTP_INDEX_KEY", "must be set");
}

#[test]
fn the_data_directory_follows_the_base_directory_specification() {
    let dir = |variables: &[(&str, &str)]| accepted(variables).data_dir;
    let (home, state) = (("HOME", "/home/u"), ("XDG_STATE_HOME", "/state"));
    assert_eq!(dir(&[home, state, ("OTP_DATA_DIR", "/data")]), Path::new("/data"));
    assert_eq!(dir(&[home, state]), Path::new("/state/otp-sidecar"));
    assert_eq!(dir(&[home]), Path::new("/home/u/.local/state/otp-sidecar"));
    assert_eq!(dir(&[home, ("XDG_STATE_HOME", "relative")]), Path::new("/home/u/.local/state/otp-sidecar"));
    assert_eq!(dir(&[("HOME", "")]), Path::new("/var/lib/otp-sidecar"));
}

#[test]
fn files_for_tls_are_read_at_once_and_only_for_tls() {
    let nowhere = ("OTP_REDIS_CA", "/nowhere/ca.pem");
    one_mistake(&[&with("rediss://h")[..], &[nowhere]].concat(), "OTP_REDIS_CA", "cannot be read");
    one_mistake(
        &[&with("rediss://h")[..], &[("OTP_REDIS_CERT", "/nowhere/cert.pem")]].concat(),
        "OTP_REDIS_KEY",
        "must be set when OTP_REDIS_CERT is",
    );
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let pipe = ("OTP_REDIS_CA", pipe.to_str().unwrap());
    one_mistake(&[&with("rediss://h")[..], &[pipe]].concat(), "OTP_REDIS_CA", "must be a regular file");
    let path = dir.path().join("ca.pem");
    std::fs::write(&path, "-----BEGIN CERTIFICATE-----\nhunter2\n-----END CERTIFICATE-----\n").unwrap();
    let file = ("OTP_REDIS_CA", path.to_str().unwrap());
    one_mistake(&[&with("rediss://h")[..], &[file]].concat(), "OTP_REDIS_CA", "is not PEM");
    assert!(!refused(&[&with("rediss://h")[..], &[file]].concat())[0].contains("hunter2"));
    // Without a certificate nobody would be trusted, and nothing told but that there is no connection.
    for text in ["", "hunter2"] {
        std::fs::write(&path, text).unwrap();
        one_mistake(&[&with("rediss://h")[..], &[file]].concat(), "OTP_REDIS_CA", "no certificate in PEM");
    }
    let own = [("OTP_REDIS_CERT", file.1), ("OTP_REDIS_KEY", file.1)];
    one_mistake(&[&with("rediss://h")[..], &own].concat(), "OTP_REDIS_CERT", "is not PEM");
}

#[test]
fn who_must_have_a_write_is_one_of_three() {
    use otp_sidecar::store::Durability;
    assert_eq!(accepted(&[]).durability, Durability::WhereReplicated);
    for (word, meant) in [("none", Durability::None), ("replica", Durability::Replica), ("fsync", Durability::Fsync)] {
        assert_eq!(accepted(&[("OTP_DURABILITY", word)]).durability, meant);
    }
    one_mistake(&[("OTP_DURABILITY", "all")], "OTP_DURABILITY", "`none` or `replica` or `fsync`");
}
