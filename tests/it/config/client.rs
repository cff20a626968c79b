use std::fs;

use secrecy::ExposeSecret as _;

use otp_sidecar::config::{AdminAddr, ClientConfig};

fn read(pairs: &[(&str, &str)]) -> Result<ClientConfig, Vec<String>> {
    let environment = pairs.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    ClientConfig::from_env(environment).map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect())
}

#[test]
fn where_the_listener_is_stands_in_a_url() {
    for (url, secure, host, port) in [
        ("http://127.0.0.1:8081", false, "127.0.0.1", 8081),
        ("http://otp.internal", false, "otp.internal", 80),
        ("http://[::1]:8081/", false, "::1", 8081),
        ("https://otp.internal", true, "otp.internal", 443),
        ("https://[::1]:8081/", true, "::1", 8081),
    ] {
        let server = read(&[("OTP_ADMIN_URL", url)]).unwrap().server;
        let AdminAddr::Tcp(at) = &server else { panic!("{url}") };
        assert_eq!((at.secure, &*at.host, at.port), (secure, host, port), "{url}");
        assert_eq!(server.to_string(), url.trim_end_matches('/'));
    }
    for url in ["unix:/run/otp/admin.sock", "unix:///run/otp/admin.sock"] {
        assert_eq!(read(&[("OTP_ADMIN_URL", url)]).unwrap().server.to_string(), "unix:/run/otp/admin.sock");
    }
    let default = read(&[]).unwrap();
    assert_eq!((default.server.to_string().as_str(), default.key.is_none()), ("http://127.0.0.1:8081", true));
}

#[test]
fn what_is_no_such_url_is_a_mistake() {
    for wrong in [
        "127.0.0.1:8081",
        "http://",
        "http://:8081",
        "http://host:",
        "http://host:x",
        "http://host:99999",
        "http://host/path",
        "http://user:password@host:1",
        "https://host/path",
        "ftp://host",
        "unix:",
        "http://[::1]8081",
    ] {
        let mistakes = read(&[("OTP_ADMIN_URL", wrong)]).unwrap_err();
        assert!(matches!(&mistakes[..], [one] if one.starts_with("OTP_ADMIN_URL ")), "{wrong}: {mistakes:?}");
    }
}

#[test]
fn the_key_comes_from_its_variable_or_its_file_and_is_never_repeated() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("key");
    fs::write(&file, "from-a-file\n").unwrap();
    let key = |pairs: &[(&str, &str)]| read(pairs).unwrap().key.unwrap().expose_secret().to_owned();
    assert_eq!(key(&[("OTP_ADMIN_KEY", " from-a-variable ")]), "from-a-variable");
    assert_eq!(key(&[("OTP_ADMIN_KEY_FILE", file.to_str().unwrap())]), "from-a-file");
    let mistakes = read(&[("OTP_ADMIN_KEY", "hush\u{1b}hush")]).unwrap_err();
    assert!(mistakes[0].starts_with("OTP_ADMIN_KEY ") && !mistakes[0].contains("hush"), "{mistakes:?}");
}

#[test]
fn what_only_the_server_reads_is_not_looked_at() {
    assert!(read(&[("OTP_LENGTH", "nonsense"), ("OTP_TYPO", "1"), ("OTP_API_KEYS", "x")]).is_ok());
}
