//! The listeners' certificate: what ends the start, and what happens when its files change.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::tls::{metric, start};
use crate::support::{Authority, Identity, Redis, Sidecar, Trust, wait};

/// It looks every 10 s.
const SEEN_WITHIN: Duration = Duration::from_secs(20);

/// What a new connection is shown.
async fn shown(sidecar: &Sidecar, trust: &Trust) -> Vec<u8> {
    let stream = trust.connect(sidecar.app()).await.expect("a handshake");
    stream.get_ref().1.peer_certificates().expect("a certificate")[0].to_vec()
}

/// Waits until a new connection is shown something else than `before`.
async fn replaced(sidecar: &Sidecar, trust: &Trust, before: &[u8]) {
    let other = || async { (shown(sidecar, trust).await != before).then_some(()) };
    wait::until_async("another certificate", SEEN_WITHIN, other).await;
}

#[tokio::test]
async fn what_cannot_be_used_ends_the_start_with_one_line() {
    let authority = Authority::new();
    let (good, other) = (authority.issue("good"), authority.issue("other"));
    let ended = authority.issue_until("ended", -60);
    let text = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    let (cert, key, ca) = (text(&good.cert), text(&good.key), text(&authority.cert()));
    for (variables, variable, why) in [
        (vec![("OTP_TLS_CERT", &*cert), ("OTP_TLS_KEY", &*text(&other.key))], "OTP_TLS_KEY", "is not the key"),
        (vec![("OTP_TLS_CERT", &*text(&ended.cert)), ("OTP_TLS_KEY", &*text(&ended.key))], "OTP_TLS_CERT", "expired"),
        (vec![("OTP_TLS_CERT", &*key), ("OTP_TLS_KEY", &*key)], "OTP_TLS_CERT", "without a certificate"),
        (vec![("OTP_TLS_CERT", &*cert), ("OTP_TLS_KEY", &*cert)], "OTP_TLS_KEY", "without a private key"),
        (vec![("OTP_TLS_CERT", "/nowhere"), ("OTP_TLS_KEY", &*key)], "OTP_TLS_CERT", "cannot be read"),
        (vec![("OTP_TLS_CERT", "/dev/zero"), ("OTP_TLS_KEY", &*key)], "OTP_TLS_CERT", "is not a file"),
        (vec![("OTP_TLS_CERT", &*cert)], "OTP_TLS_KEY", "must be set"),
        (vec![("OTP_TLS_KEY", &*key)], "OTP_TLS_CERT", "must be set"),
        (vec![("OTP_TLS_CERT", ""), ("OTP_TLS_KEY", &*key)], "OTP_TLS_CERT", "empty"),
        (vec![("OTP_TLS_CLIENT_CA", &*ca)], "OTP_TLS_CLIENT_CA", "needs OTP_TLS_CERT"),
        (
            vec![("OTP_TLS_CERT", &*cert), ("OTP_TLS_KEY", &*key), ("OTP_TLS_CLIENT_CA", &*key)],
            "OTP_TLS_CLIENT_CA",
            "without a certificate",
        ),
    ] {
        let (code, stderr) = Sidecar::expect_no_start(&variables);
        assert_eq!(code, 64, "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(stderr.starts_with(&format!("{variable} ")) && stderr.contains(why), "{variables:?}: {stderr}");
        assert!(!stderr.contains(&key) && !stderr.contains("/nowhere"), "{stderr}");
    }
}

/// As Kubernetes replaces a secret: the files are links into a directory that is a link, and that link is put anew.
#[tokio::test]
async fn a_new_certificate_is_for_new_connections_and_old_ones_go_on() {
    let (redis, authority) = (Redis::start(), Authority::new());
    let home = tempfile::tempdir().unwrap();
    let place = |name: &str| home.path().join(name);
    for name in ["one", "two"] {
        let issued = authority.issue(name);
        fs::create_dir(place(name)).unwrap();
        fs::copy(issued.cert, place(name).join("crt")).unwrap();
        fs::copy(issued.key, place(name).join("key")).unwrap();
    }
    symlink("one", place("data")).unwrap();
    symlink("data/crt", place("crt")).unwrap();
    symlink("data/key", place("key")).unwrap();
    let identity = Identity { cert: place("crt"), key: place("key") };
    let trust = authority.trust();
    let sidecar = start(&redis, &trust, &identity.variables()).await;
    let ends = metric(&sidecar, &trust, "otp_tls_certificate_expires_timestamp_seconds").await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    assert!((ends - now - 2.0 * 86_400.0).abs() < 120.0, "{ends}");

    let before = shown(&sidecar, &trust).await;
    let mut old = trust.connect(sidecar.app()).await.unwrap();
    symlink("two", place("data.new")).unwrap();
    fs::rename(place("data.new"), place("data")).unwrap();
    replaced(&sidecar, &trust, &before).await;
    sidecar.client().over_tls(&trust).issue("ada").await;
    assert!(answers(&mut old).await, "the old connection goes on");
}

async fn answers(stream: &mut (impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin)) -> bool {
    stream.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n{\"status\":\"ok\"}") {
        answer.push(stream.read_u8().await.expect("more of an answer"));
    }
    answer.starts_with(b"HTTP/1.1 200")
}

#[tokio::test]
async fn a_bad_one_keeps_the_old_raises_an_alarm_once_and_is_got_over() {
    let (redis, authority) = (Redis::start(), Authority::new());
    let (identity, trust) = (authority.issue("server"), authority.trust());
    let sidecar = start(&redis, &trust, &identity.variables()).await;
    let before = shown(&sidecar, &trust).await;
    let errors =
        || sidecar.log_lines().iter().filter(|line| line.contains("ERROR") && line.contains("OTP_TLS")).count();
    let becomes = |bad: f64| {
        let (sidecar, trust) = (&sidecar, &trust);
        sidecar.signal_hangup();
        let is = move || async move { (metric(sidecar, trust, "otp_tls_certificate_bad").await == bad).then_some(()) };
        wait::until_async("the gauge", SEEN_WITHIN, is)
    };

    let other = authority.issue("other");
    Identity { cert: identity.cert.clone(), ..other }.put_in_place_of(&identity);
    becomes(1.0).await;
    wait::until("an error", SEEN_WITHIN, || (errors() > 0).then_some(()));
    assert_eq!((shown(&sidecar, &trust).await == before, errors()), (true, 1));
    // The same again is no news; something else that is bad is.
    sidecar.signal_hangup();
    fs::write(&identity.cert, "").unwrap();
    sidecar.signal_hangup();
    wait::until("a second error", SEEN_WITHIN, || (errors() == 2).then_some(()));
    assert!(shown(&sidecar, &trust).await == before);
    sidecar.client().over_tls(&trust).issue("ada").await;

    authority.issue("better").put_in_place_of(&identity);
    becomes(0.0).await;
    assert!(shown(&sidecar, &trust).await != before);
}

#[tokio::test]
async fn who_was_let_in_by_an_authority_that_is_no_longer_taken_is_let_go() {
    let (redis, authority) = (Redis::start(), Authority::new());
    let (identity, callers) = (authority.issue("server"), [Authority::new(), Authority::new()]);
    let [old, new] = callers.each_ref().map(|of| authority.trust_showing(&of.issue("caller")));
    let home = tempfile::tempdir().unwrap();
    let ca = home.path().join("ca");
    fs::copy(callers[0].cert(), &ca).unwrap();
    let variables = [&identity.variables()[..], &[("OTP_TLS_CLIENT_CA", ca.to_str().unwrap())]].concat();
    let sidecar = start(&redis, &old, &variables).await;
    let mut open = old.connect(sidecar.app()).await.unwrap();
    assert!(answers(&mut open).await);
    fs::copy(callers[1].cert(), &ca).unwrap();
    sidecar.signal_hangup();
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(SEEN_WITHIN, open.read_to_end(&mut rest)).await.expect("an end");
    assert!(ended.is_ok(), "politely: {ended:?}");
    sidecar.client().over_tls(&new).issue("ada").await;
    let client = sidecar.client().over_tls(&old);
    assert!(client.try_call(hyper::Method::GET, "/livez", Default::default()).await.is_err());
}

#[tokio::test]
async fn a_key_that_all_users_may_read_is_warned_of() {
    let (redis, authority) = (Redis::start(), Authority::new());
    let (identity, trust) = (authority.issue("server"), authority.trust());
    const SAID: &str = "OTP_TLS_KEY names a file";
    let sound = start(&redis, &trust, &identity.variables()).await;
    assert!(!sound.log_lines().iter().any(|line| line.contains(SAID)));
    fs::set_permissions(&identity.key, fs::Permissions::from_mode(0o644)).unwrap();
    start(&redis, &trust, &identity.variables()).await.logs("a warning", |line| line.contains(SAID));
}
