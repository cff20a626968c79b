//! Certificates that sign themselves, as the real openssl makes them: refused with the command for a right one, which then is
//! right for our listeners, for our own healthcheck and for Redis.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::support::{Address, Redis, RedisOptions, Sidecar, wait};

/// What a shell makes in a directory of its own: `cert.pem` and `key.pem`.
fn made(command: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let done = Command::new("sh").args(["-c", command]).current_dir(dir.path()).output().unwrap();
    assert!(done.status.success(), "{command}: {}", String::from_utf8_lossy(&done.stderr));
    dir
}

/// What people type.
const USUAL: &str =
    "openssl req -x509 -newkey rsa:2048 -nodes -days 30 -keyout key.pem -out cert.pem -subj /CN=localhost";

fn file(dir: &TempDir, name: &str) -> String {
    dir.path().join(name).display().to_string()
}

/// The command that a complaint has between its ticks.
fn command(said: &str) -> &str {
    let command = said.split('`').nth(1).unwrap_or_else(|| panic!("no command: {said}"));
    assert!(command.starts_with("openssl req "), "{said}");
    command
}

fn redis(dir: &TempDir) -> Redis {
    let tls = [("--tls-cert-file", "cert.pem"), ("--tls-key-file", "key.pem")];
    let mut tls: Vec<String> = tls.iter().flat_map(|(name, value)| [(*name).to_owned(), file(dir, value)]).collect();
    tls.extend(["--tls-auth-clients".into(), "no".into()]);
    Redis::with(RedisOptions { tcp: true, tls, ..Default::default() })
}

fn on_tls(redis: &Redis, dir: &TempDir) -> crate::support::launch::Builder {
    let url = format!("rediss://127.0.0.1:{}", redis.port().unwrap());
    Sidecar::builder().set("REDIS_URL", &url).set("OTP_REDIS_CA", &file(dir, "cert.pem"))
}

#[test]
fn what_people_make_is_refused_for_all_three_uses_with_the_command_for_a_right_one() {
    for (dir, why) in [
        (made(USUAL), "CA:TRUE"),
        (made(&format!("{USUAL} -addext subjectAltName=DNS:localhost,IP:127.0.0.1")), "CA:TRUE"),
        (made(&format!("{USUAL} -addext basicConstraints=critical,CA:FALSE")), "subjectAltName"),
        (
            made(&format!(
                "{USUAL} -addext subjectAltName=email:ann@example.com -addext basicConstraints=critical,CA:FALSE"
            )),
            "subjectAltName",
        ),
    ] {
        let listener =
            Sidecar::builder().set("OTP_TLS_CERT", &file(&dir, "cert.pem")).set("OTP_TLS_KEY", &file(&dir, "key.pem"));
        let (code, _, checked) = listener.run(&["check-config"]);
        assert_eq!(code, 64, "{checked}");
        let (code, said) = listener.expect_no_start();
        assert_eq!(code, 64, "{said}");
        assert!(
            said.starts_with("OTP_TLS_CERT ") && said.contains(why) && command(&said) == command(&checked),
            "{said}"
        );
    }
    let dir = made(USUAL);
    let redis = redis(&dir);
    let (code, said) = on_tls(&redis, &dir).expect_no_start();
    assert_eq!(code, 69, "{said}");
    assert!(said.contains("CA:TRUE"), "{said}");
    command(&said);
    let (code, _, said) = on_tls(&redis, &dir).run(&["check-config", "--connect"]);
    assert_eq!(code, 64, "{said}");
    command(&said);
    let elsewhere = "-addext subjectAltName=DNS:elsewhere -addext basicConstraints=critical,CA:FALSE";
    let dir = made(&format!("{USUAL} {elsewhere}"));
    let redis = self::redis(&dir);
    let (code, _, said) = on_tls(&redis, &dir).run(&["check-config", "--connect"]);
    assert!(code == 64 && said.contains("is not for the host in REDIS_URL"), "{said}");
}

/// A certificate that Redis shows and no client takes is told before anything connects.
#[test]
fn what_no_client_takes_of_redis_is_refused_by_the_check_and_by_the_start_alike() {
    let leaf = "-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE";
    for (command, why) in [
        (format!("{USUAL} -addext basicConstraints=critical,CA:FALSE"), "no name or address of a server"),
        (format!("{USUAL} {leaf} -addext extendedKeyUsage=clientAuth"), "without serverAuth"),
        (format!("{USUAL} {leaf} -sha1"), "is signed in a way that is not taken"),
        (format!("{USUAL} {leaf} -addext 1.2.3.4=critical,ASN1:UTF8String:x"), "a critical extension"),
    ] {
        let dir = made(&command);
        let builder =
            Sidecar::builder().set("REDIS_URL", "rediss://127.0.0.1:1").set("OTP_REDIS_CA", &file(&dir, "cert.pem"));
        let (code, _, checked) = builder.run(&["check-config"]);
        let (started, said) = builder.expect_no_start();
        assert_eq!((code, started), (64, 64), "{checked} {said}");
        assert!(said.starts_with("OTP_REDIS_CA names ") && said.contains(why), "{said}");
        assert_eq!(self::command(&said), self::command(&checked));
    }
}

#[tokio::test]
async fn what_the_command_makes_is_right_for_all_three_uses() {
    let (cert, key) = (PathBuf::from("cert.pem"), PathBuf::from("key.pem"));
    let usual = made(USUAL);
    let refused = Sidecar::builder()
        .set("OTP_TLS_CERT", usual.path().join(&cert).to_str().unwrap())
        .set("OTP_TLS_KEY", usual.path().join(&key).to_str().unwrap());
    let (_, said) = refused.expect_no_start();
    let dir = made(command(&said));
    let redis = redis(&dir);
    let mut sidecar = on_tls(&redis, &dir)
        .set("OTP_TLS_CERT", &file(&dir, "cert.pem"))
        .set("OTP_TLS_KEY", &file(&dir, "key.pem"))
        .start_unready();
    let Address::Tcp(admin) = sidecar.admin().clone() else { panic!("not TCP") };
    for host in [admin.to_string(), format!("localhost:{}", admin.port())] {
        let health = || healthcheck(&host, &dir.path().join(&cert));
        wait::until("healthcheck to say ready", wait::PATIENCE, || {
            let (code, said) = health();
            assert!(code != 69, "{said}");
            (code == 0).then_some(())
        });
    }
    assert!(sidecar.terminate().0.success());
    // A byte order mark before it changes nothing.
    let marked = [b"\xef\xbb\xbf", &fs::read(dir.path().join(&cert)).unwrap()[..]].concat();
    fs::write(dir.path().join(&cert), marked).unwrap();
    let (code, _, said) = on_tls(&redis, &dir).run(&["check-config", "--connect"]);
    assert_eq!(code, 0, "{said}");
}

/// What a caller shows is no authority's either: the listener would not take it.
#[test]
fn what_the_operators_commands_show_is_checked_before_it_is_shown() {
    let dir = made(USUAL);
    let shown = [("OTP_ADMIN_TLS_CERT", "cert.pem"), ("OTP_ADMIN_TLS_KEY", "key.pem")];
    let builder = shown.iter().fold(Sidecar::builder(), |builder, (name, value)| builder.set(name, &file(&dir, value)));
    let (code, _, said) = builder.set("OTP_ADMIN_URL", "https://127.0.0.1:1").run(&["healthcheck"]);
    assert_eq!(code, 64, "{said}");
    assert!(said.starts_with("OTP_ADMIN_TLS_CERT ") && said.contains("CA:TRUE"), "{said}");
    command(&said);
}

fn healthcheck(host: &str, trusted: &Path) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_otp-sidecar"));
    command.env_clear().env("OTP_ADMIN_URL", format!("https://{host}")).env("SSL_CERT_FILE", trusted);
    let output = command.arg("healthcheck").output().expect("the binary");
    (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
}
