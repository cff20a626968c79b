//! A Redis that does not let us in, or that we do not trust: told at once, with its cause.

use std::{fs, process::Command};

use otp_sidecar::store::StoreError;

use crate::support::{Redis, RedisOptions, Sidecar, redis::port::Port};

const PASSWORD: &str = "right-and-secret";

fn guarded() -> Redis {
    let acl = format!("user default on >{PASSWORD} ~* &* +@all\nuser blind on nopass ~otp:* &* +@all -info\n");
    Redis::with(RedisOptions { tcp: true, acl: Some(acl), ..Default::default() })
}

/// `redis://` with a user and password before its host.
fn url(redis: &Redis, credentials: &str) -> String {
    redis.url().replace("redis://", &format!("redis://{credentials}"))
}

#[test]
fn wrong_missing_and_unknown_credentials_end_the_start() {
    let redis = guarded();
    let unix = format!("unix://{}", redis.dir().join("redis.sock").display());
    for url in [
        redis.url(),
        url(&redis, ":wrong-and-secret@"),
        url(&redis, "default:wrong-and-secret@"),
        url(&redis, &format!("nobody:{PASSWORD}@")),
        url(&redis, ":wrong-and-secret@") + "/0?protocol=resp3",
        format!("{unix}?pass=wrong-and-secret"),
    ] {
        let (code, stderr) = Sidecar::expect_no_start(&[("REDIS_URL", &url)]);
        assert_eq!(code, 69, "{url}: {stderr}");
        let line = stderr.lines().find(|line| line.contains("ERROR")).unwrap();
        assert!(line.contains("REDIS_URL") && line.contains("password"), "{url}: {line}");
        assert!(!stderr.contains("secret") && !stderr.contains("nobody"), "{url}: {stderr}");
    }
}

#[tokio::test]
async fn with_the_right_ones_it_works() {
    let redis = guarded();
    for url in [url(&redis, &format!(":{PASSWORD}@")), url(&redis, &format!("default:{PASSWORD}@"))] {
        let sidecar = Sidecar::start(&[("REDIS_URL", &url)]);
        sidecar.client().issue(&url).await;
    }
}

/// The code that says which right is missing, also where it comes out of a pipeline.
#[test]
fn a_missing_right_is_known_by_its_code() {
    let redis = guarded();
    let client = redis::Client::open(url(&redis, "blind:any@")).unwrap();
    let mut connection = client.get_connection().unwrap();
    let refused = StoreError::Refused("NOPERM".into());
    let info = redis::pipe().cmd("INFO").cmd("INFO").query::<(String, String)>(&mut connection).unwrap_err();
    assert_eq!(StoreError::from(info), refused);
    let key = redis::cmd("GET").arg("other").query::<String>(&mut connection).unwrap_err();
    assert_eq!(StoreError::from(key), refused);
}

/// A server with a certificate that nobody vouches for.
#[test]
fn an_untrusted_certificate_ends_the_start() {
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name).display().to_string();
    let (key, certificate) = (path("key.pem"), path("cert.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", &key, "-out", &certificate])
        .output()
        .expect("openssl");
    assert!(made.status.success() && fs::exists(&certificate).unwrap(), "{made:?}");
    let ours = Port::take();
    let port = ours.number().to_string();
    let tls =
        ["--tls-port", &port, "--tls-cert-file", &certificate, "--tls-key-file", &key, "--tls-auth-clients", "no"];
    let _redis = Redis::with(RedisOptions { extra: tls.map(str::to_owned).to_vec(), ..Default::default() });
    let (code, stderr) = Sidecar::expect_no_start(&[("REDIS_URL", &format!("rediss://127.0.0.1:{port}"))]);
    assert_eq!(code, 69, "{stderr}");
    assert!(stderr.contains("TLS certificate is not trusted"), "{stderr}");
}
