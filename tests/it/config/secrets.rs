use std::fs;

use secrecy::ExposeSecret as _;

use super::{INDEX_KEY, KEY, PEPPER, accepted, one_mistake, refused};

/// The bytes of [`PEPPER`].
fn bytes() -> Vec<u8> {
    (0..32).collect()
}

fn pepper(text: &str) -> Vec<(String, Vec<u8>)> {
    let config = accepted(&[("OTP_PEPPER", text)]);
    config.peppers.iter().map(|p| (p.kid.clone(), p.value.expose_secret().to_vec())).collect()
}

#[test]
fn key_material_is_base64_or_hex() {
    let hex: String = bytes().iter().map(|b| format!("{b:02x}")).collect();
    for text in [PEPPER, PEPPER.trim_end_matches('='), &hex, &hex.to_uppercase(), &format!(" {PEPPER}\n")] {
        assert_eq!(pepper(text), [(String::new(), bytes())], "{text}");
    }
    let (standard, url_safe) = ("+/".repeat(32), "-_".repeat(32));
    assert_eq!(pepper(&standard), pepper(&url_safe));
}

#[test]
fn key_material_has_at_least_32_bytes() {
    for short in ["AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==", &"ab".repeat(31), &"ab".repeat(24)] {
        one_mistake(&[("OTP_PEPPER", short)], "OTP_PEPPER", "at least 32");
        one_mistake(&[("OTP_INDEX_KEY", short)], "OTP_INDEX_KEY", "at least 32");
    }
    for wrong in ["not base64, at all", "!", &"a".repeat(65), "päpper"] {
        assert!(refused(&[("OTP_INDEX_KEY", wrong)])[0].contains("neither base64 nor hex"), "{wrong}");
    }
}

#[test]
fn a_ring_has_the_active_pepper_first_and_unique_names() {
    let ring = pepper(&format!("new-1:{INDEX_KEY}, {PEPPER}"));
    assert_eq!(ring.iter().map(|(kid, _)| kid.as_str()).collect::<Vec<_>>(), ["new-1", ""]);
    for (text, part) in [
        (format!("a:{PEPPER},a:{INDEX_KEY}"), "entry 2 has the same name"),
        (format!("{PEPPER},{INDEX_KEY}"), "entry 2 has the same name"),
        (format!("a:{PEPPER},b:{PEPPER}"), "entry 2 has the same value"),
        (format!("{}:{PEPPER}", "k".repeat(33)), "entry 1 must have a name"),
        (format!(":{PEPPER}"), "entry 1 must have a name"),
        (format!("a b:{PEPPER}"), "entry 1 must have a name"),
        (format!("a:{PEPPER},b:"), "entry 2 decodes to 0 bytes"),
    ] {
        one_mistake(&[("OTP_PEPPER", &text)], "OTP_PEPPER", part);
    }
}

#[test]
fn pepper_and_index_key_differ() {
    let hex: String = bytes().iter().map(|b| format!("{b:02x}")).collect();
    let ring = format!("a:{INDEX_KEY},b:{PEPPER}");
    for pepper in [PEPPER, &ring] {
        one_mistake(&[("OTP_PEPPER", pepper), ("OTP_INDEX_KEY", &hex)], "OTP_INDEX_KEY", "must differ");
    }
}

/// A start neither waits for a pipe nor takes what can be read but once.
#[test]
fn a_file_is_a_regular_file() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let (reader, _writer) = std::io::pipe().unwrap();
    let descriptor = format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&reader));
    for path in [pipe.to_str().unwrap(), &descriptor, dir.path().to_str().unwrap(), "/dev/zero"] {
        one_mistake(&[("OTP_PEPPER_FILE", path)], "OTP_PEPPER_FILE", "must be a regular file");
    }
}

#[test]
fn a_secret_can_come_from_a_file_whose_last_new_line_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let keys = path("keys", &format!("shop:{KEY}\r\n\nshop:{KEY}-2,blog:{KEY}-3\n"));
    let config = accepted(&[
        ("OTP_PEPPER_FILE", &path("pepper", &format!("{PEPPER}\n"))),
        ("OTP_INDEX_KEY_FILE", &path("index", INDEX_KEY)),
        ("REDIS_URL_FILE", &path("url", "redis://:hidden@127.0.0.1/\n")),
        ("OTP_API_KEYS_FILE", &keys),
        ("OTP_ADMIN_KEYS_FILE", &path("admin", &format!("ann:{KEY}-4\n"))),
        ("OTP_VIEWER_KEYS_FILE", &path("viewer", &format!("bob:{KEY}-5"))),
    ]);
    assert_eq!(config.peppers[0].value.expose_secret(), bytes());
    assert_eq!(config.keys.api.iter().map(|k| k.name.as_str()).collect::<Vec<_>>(), ["shop", "shop", "blog"]);
    assert_eq!(config.keys.api[0].secret.expose_secret(), KEY);
    assert_eq!((config.keys.admin.len(), config.keys.viewer.len()), (1, 1));

    one_mistake(&[("OTP_API_KEYS_FILE", &path("bad", "x"))], "OTP_API_KEYS_FILE", "entry 1 is not of the form");
    one_mistake(&[("OTP_API_KEYS_FILE", &path("empty", " \n"))], "OTP_API_KEYS_FILE", "names a file that is empty");
    let large = path("large", &"x".repeat((1 << 20) + 1));
    one_mistake(&[("OTP_PEPPER_FILE", &large)], "OTP_PEPPER_FILE", "more than 1 MiB");
    let binary = dir.path().join("binary");
    fs::write(&binary, [0xff; 32]).unwrap();
    one_mistake(&[("OTP_PEPPER_FILE", binary.to_str().unwrap())], "OTP_PEPPER_FILE", "not UTF-8");
}

#[test]
fn what_editors_put_around_a_secret_falls_away_or_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("secret");
    let path = file.to_str().unwrap();
    let utf_16 = |mark: [u8; 2], order: fn(u16) -> [u8; 2]| {
        [&mark[..], &PEPPER.encode_utf16().flat_map(order).collect::<Vec<_>>()].concat()
    };
    for bytes in [
        format!("\u{feff}{PEPPER}").into_bytes(),
        format!("\u{feff}{PEPPER}\r\n").into_bytes(),
        format!("{PEPPER}\r\n\r\n").into_bytes(),
    ] {
        fs::write(&file, bytes).unwrap();
        assert_eq!(accepted(&[("OTP_PEPPER_FILE", path)]).peppers[0].value.expose_secret(), self::bytes());
    }
    fs::write(&file, format!("\u{feff}shop:{KEY}\r\n\r\nblog:{KEY}-2\r\n")).unwrap();
    assert_eq!(accepted(&[("OTP_API_KEYS_FILE", path)]).keys.api.len(), 2);
    for bytes in [
        utf_16([0xff, 0xfe], u16::to_le_bytes),
        utf_16([0xfe, 0xff], u16::to_be_bytes),
        PEPPER.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        format!("{PEPPER}\0").into_bytes(),
    ] {
        fs::write(&file, bytes).unwrap();
        one_mistake(&[("OTP_PEPPER_FILE", path)], "OTP_PEPPER_FILE", "in UTF-16 or with NUL bytes: save it as UTF-8");
    }
    fs::write(&file, "\u{feff}\r\n").unwrap();
    one_mistake(&[("OTP_PEPPER_FILE", path)], "OTP_PEPPER_FILE", "names a file that is empty");
}

#[test]
fn a_file_that_cannot_be_read_is_a_clear_mistake_without_its_path() {
    one_mistake(&[("OTP_PEPPER_FILE", "/no/such/file")], "OTP_PEPPER_FILE", "cannot be read");
    one_mistake(&[("OTP_PEPPER_FILE", "/")], "OTP_PEPPER_FILE", "cannot be read");
    assert!(!refused(&[("OTP_PEPPER_FILE", PEPPER)])[0].contains(PEPPER));
}

#[test]
fn a_variable_and_its_file_are_one_too_many() {
    for name in ["OTP_API_KEYS", "OTP_ADMIN_KEYS", "OTP_VIEWER_KEYS", "OTP_PEPPER", "OTP_INDEX_KEY"] {
        one_mistake(&[(name, "x"), (&format!("{name}_FILE"), "/x")], name, "both set");
    }
    assert!(refused(&[("REDIS_URL", "x"), ("REDIS_URL_FILE", "/x")])[0..].iter().any(|m| m.contains("both set")));
}

#[test]
fn a_secret_that_was_not_expanded_opens_no_door() {
    for name in ["OTP_API_KEYS", "OTP_ADMIN_KEYS", "OTP_VIEWER_KEYS", "OTP_PEPPER", "OTP_INDEX_KEY"] {
        for value in ["", "  "] {
            one_mistake(&[(name, value)], name, "is set but empty");
        }
        let file = format!("{name}_FILE");
        one_mistake(&[(&file, "")], &file, "is set but empty");
    }
    let mistakes = refused(&[("REDIS_URL", ""), ("OTP_PEPPER", PEPPER), ("OTP_INDEX_KEY", INDEX_KEY)]);
    assert!(mistakes[0].starts_with("REDIS_URL is set but empty"));
}
