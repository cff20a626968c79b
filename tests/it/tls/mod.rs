//! Certificates of our listeners: which are taken, which are not and why, and what is news of them.

mod unfit;

use std::{path::Path, process::Command, sync::Arc, time::Duration};

use otp_sidecar::{
    tls::{Files, News, PemFile, SELF_SIGNED, Tls},
    watched::settled,
};
use rustls::pki_types::UnixTime;

const DAY: u64 = 86_400;

/// What makes a certificate one of a server, for somebody.
const NAMES: &str = "-addext subjectAltName=DNS:localhost";
const LEAF: &str = "-addext basicConstraints=critical,CA:FALSE";

/// Good news that does not concern who may call.
const SAME: News = News::Good { callers: false };

/// A certificate for two days from now, signed by itself, and its key.
fn make(dir: &Path) -> Files {
    let file = |variable, name: &str| PemFile { variable, path: dir.join(name) };
    let files = Files { cert: file("OTP_TLS_CERT", "crt"), key: file("OTP_TLS_KEY", "key"), client_ca: None };
    make_key(dir, "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out new");
    files
}

/// The same with the key that `openssl …` writes to `new`.
fn make_key(dir: &Path, command: &str) {
    openssl(dir, command);
    std::fs::rename(dir.join("new"), dir.join("key")).unwrap();
    openssl(dir, &format!("req -x509 -days 2 -subj /CN=localhost -key key -out crt {NAMES} {LEAF}"));
}

fn openssl(dir: &Path, command: &str) {
    let made = Command::new("openssl").args(command.split(' ')).current_dir(dir).output().unwrap();
    assert!(made.status.success(), "{command}: {made:?}");
}

fn after(from: UnixTime, seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(from.as_secs() + seconds))
}

#[test]
fn a_certificate_is_good_from_its_begin_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let (files, now) = (make(dir.path()), UnixTime::now());
    let ends = Tls::load(files.clone(), now).unwrap().ends();
    assert!(ends.abs_diff(now.as_secs() + 2 * DAY) < 120, "{ends}");
    let at = |seconds| Tls::load(files.clone(), UnixTime::since_unix_epoch(Duration::from_secs(seconds)));
    assert!(at(ends).is_ok());
    let problem = |seconds| at(seconds).unwrap_err().to_string();
    assert_eq!(problem(ends + 1), "OTP_TLS_CERT names a certificate that has expired");
    assert_eq!(problem(now.as_secs() - DAY), "OTP_TLS_CERT names a certificate that is not valid yet");
}

#[test]
fn what_no_client_takes_for_a_servers_certificate_is_refused_with_the_command_for_one_that_they_take() {
    let dir = tempfile::tempdir().unwrap();
    let files = make(dir.path());
    for (options, why) in [
        (String::new(), Some("CA:TRUE")),
        (NAMES.to_owned(), Some("CA:TRUE")),
        (format!("{LEAF} -addext subjectAltName=email:ann@example.com"), Some("no name or address of a server")),
        (LEAF.to_owned(), Some("no name or address of a server")),
        (format!("{NAMES} {LEAF}"), None),
    ] {
        openssl(dir.path(), format!("req -x509 -days 2 -subj /CN=localhost -key key -out crt {options}").trim());
        let problem = Tls::load(files.clone(), UnixTime::now()).err().map(|bad| bad.to_string());
        match (why, problem) {
            (None, None) => {}
            (Some(why), Some(problem)) => {
                assert!(problem.starts_with("OTP_TLS_CERT names "), "{problem}");
                assert!(problem.contains(why) && problem.contains(SELF_SIGNED), "{problem}");
            }
            (why, problem) => panic!("{options}: {why:?} {problem:?}"),
        }
    }
}

#[test]
fn a_mark_before_pem_falls_away_and_other_encodings_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let files = make(dir.path());
    let pem = std::fs::read(dir.path().join("crt")).unwrap();
    std::fs::write(dir.path().join("crt"), [b"\xef\xbb\xbf", &pem[..]].concat()).unwrap();
    assert!(Tls::load(files.clone(), UnixTime::now()).is_ok());
    std::fs::write(dir.path().join("crt"), pem.iter().flat_map(|byte| [*byte, 0]).collect::<Vec<_>>()).unwrap();
    let problem = Tls::load(files, UnixTime::now()).unwrap_err().to_string();
    assert!(problem.contains("UTF-16"), "{problem}");
}

#[test]
fn each_change_is_news_once() {
    let dir = tempfile::tempdir().unwrap();
    let (files, now) = (make(dir.path()), UnixTime::now());
    let tls = Tls::load(files, now).unwrap();
    assert_eq!((tls.look_at(now), tls.is_bad()), (None, false));
    // The one in use ends, and is replaced.
    assert!(matches!(tls.look_at(after(now, 3 * DAY)), Some(News::Bad(_))) && tls.is_bad());
    assert_eq!(tls.look_at(after(now, 4 * DAY)), None);
    let before = tls.server();
    make(dir.path());
    let now = UnixTime::now();
    assert_eq!((tls.look_at(now), tls.is_bad()), (Some(SAME), false));
    assert!(!Arc::ptr_eq(&before, &tls.server()));
    // Gone, and back as it was.
    let key = std::fs::read(dir.path().join("key")).unwrap();
    std::fs::remove_file(dir.path().join("key")).unwrap();
    let before = tls.server();
    let gone = tls.look_at(now);
    assert!(matches!(&gone, Some(News::Bad(bad)) if bad.variable == "OTP_TLS_KEY"), "{gone:?}");
    assert_eq!((tls.look_at(now), tls.is_bad()), (None, true));
    assert!(Arc::ptr_eq(&before, &tls.server()));
    std::fs::write(dir.path().join("key"), key).unwrap();
    assert_eq!((tls.look_at(now), tls.is_bad()), (Some(SAME), false));
}

#[test]
fn usual_keys_are_taken_and_each_only_with_its_own_certificate() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let files = make(dir.path());
    make(other.path());
    for command in [
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out new",
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out new",
        // SEC 1, behind its parameters.
        "ecparam -genkey -name prime256v1 -out new",
        "genpkey -algorithm ED25519 -out new",
        "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out new",
        // PKCS #1
        "rsa -traditional -in key -out new",
    ] {
        make_key(dir.path(), command);
        let now = UnixTime::now();
        let loaded = Tls::load(files.clone(), now);
        assert!(loaded.is_ok(), "{command}: {loaded:?}");
        let foreign = PemFile { path: other.path().join("key"), ..files.key.clone() };
        let problem = Tls::load(Files { key: foreign, ..files.clone() }, now).unwrap_err().to_string();
        assert_eq!(problem, "OTP_TLS_KEY is not the key of the first certificate in OTP_TLS_CERT", "{command}");
    }
    for command in [
        "pkcs8 -topk8 -in key -passout pass:secret -out new",
        "genrsa -aes128 -traditional -passout pass:secret -out new 2048",
    ] {
        openssl(dir.path(), command);
        std::fs::rename(dir.path().join("new"), dir.path().join("key")).unwrap();
        let problem = Tls::load(files.clone(), UnixTime::now()).unwrap_err().to_string();
        assert!(problem.starts_with("OTP_TLS_KEY ") && problem.contains("passphrase"), "{command}: {problem}");
    }
}

#[test]
fn a_key_that_all_may_read_or_write_is_known() {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};
    let dir = tempfile::tempdir().unwrap();
    let key = make(dir.path()).key;
    for (mode, open) in [(0o600, false), (0o440, false), (0o444, true), (0o602, true)] {
        std::fs::set_permissions(&key.path, Permissions::from_mode(mode)).unwrap();
        assert_eq!(key.is_open_to_all(), open, "{mode:o}");
    }
}

#[test]
fn other_authorities_of_callers_are_told_from_another_certificate() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    make(other.path());
    let client_ca = PemFile { variable: "OTP_TLS_CLIENT_CA", path: dir.path().join("ca") };
    let files = Files { client_ca: Some(client_ca.clone()), ..make(dir.path()) };
    std::fs::copy(&files.cert.path, &client_ca.path).unwrap();
    let tls = Tls::load(files, UnixTime::now()).unwrap();
    make(dir.path());
    let now = UnixTime::now();
    assert_eq!(tls.look_at(now), Some(SAME));
    std::fs::copy(other.path().join("crt"), &client_ca.path).unwrap();
    assert_eq!(tls.look_at(now), Some(News::Good { callers: true }));
    assert_eq!(tls.look_at(now), None);
}

/// What a look finds while `write` is called, with the count so far, in each of its pauses; and how many those were.
async fn looked(tls: &Arc<Tls>, write: impl Fn(usize)) -> (Option<News>, usize) {
    let pauses = std::cell::Cell::new(0);
    let found = settled(tls, || {
        pauses.set(pauses.get() + 1);
        write(pauses.get());
        std::future::ready(())
    });
    (found.await, pauses.get())
}

#[tokio::test]
async fn files_are_used_once_they_no_longer_change() {
    let (dir, next) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let tls = Arc::new(Tls::load(make(dir.path()), UnixTime::now()).unwrap());
    make(next.path());
    let put = |name: &str| {
        std::fs::copy(next.path().join(name), dir.path().join(name)).unwrap();
    };
    assert_eq!(looked(&tls, |_| ()).await, (None, 0));
    // The certificate beside the old key is over after the first pause.
    put("crt");
    assert_eq!(
        looked(&tls, |pause| if pause == 1 {
            put("key")
        })
        .await,
        (Some(SAME), 2)
    );
    assert!(!tls.is_bad());
    // One that stays so is told, and not waited for again.
    make(next.path());
    put("crt");
    assert!(matches!(looked(&tls, |_| ()).await, (Some(News::Bad(_)), 1)) && tls.is_bad());
    assert_eq!(looked(&tls, |_| ()).await, (None, 0));
    // One that changes for ever is not waited for for ever.
    let change = |pause: usize| std::fs::write(dir.path().join("crt"), pause.to_string()).unwrap();
    change(0);
    let (found, pauses) = looked(&tls, change).await;
    assert!(matches!(found, Some(News::Bad(_))) && pauses < 10, "{found:?} after {pauses}");
}
