//! Certificates and keys that look right and are not taken, and some that look wrong and are.

use otp_sidecar::tls::{Pair, client, trusted};

use super::*;

/// Makes a certificate of version 1, which `openssl x509 -req -signkey` does.
fn make_version_1(dir: &Path) {
    openssl(dir, "req -new -key key -subj /CN=localhost -out csr");
    openssl(dir, "x509 -req -in csr -signkey key -days 2 -out crt");
}

const P256: &str = "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out new";

#[test]
fn certificates_that_only_look_right_are_refused_in_words_with_the_command() {
    let dir = tempfile::tempdir().unwrap();
    let files = make(dir.path());
    let refused = |why: &str| {
        let problem =
            Tls::load(files.clone(), UnixTime::now()).err().unwrap_or_else(|| panic!("taken: {why}")).to_string();
        assert!(problem.contains(why) && problem.contains(SELF_SIGNED), "{problem}");
        assert!(!problem.contains("Other") && !problem.contains("Context"), "{problem}");
    };
    for (options, why) in [
        ("-sha1", "is signed in a way that is not taken"),
        ("-addext extendedKeyUsage=clientAuth", "extendedKeyUsage without serverAuth"),
        ("-addext extendedKeyUsage=codeSigning,clientAuth", "extendedKeyUsage without serverAuth"),
        ("-addext 1.2.3.4=critical,ASN1:UTF8String:x", "a critical extension that nobody knows"),
        ("-addext nameConstraints=critical,permitted;DNS:foo.example", "whoever signed it may not sign for"),
    ] {
        openssl(
            dir.path(),
            &format!("req -x509 -days 2 -subj /CN=localhost -key key -out crt {NAMES} {LEAF} {options}"),
        );
        refused(why);
    }
    for options in ["-addext extendedKeyUsage=serverAuth,clientAuth", "-sha384", "-addext keyUsage=digitalSignature"] {
        openssl(
            dir.path(),
            &format!("req -x509 -days 2 -subj /CN=localhost -key key -out crt {NAMES} {LEAF} {options}"),
        );
        assert!(Tls::load(files.clone(), UnixTime::now()).is_ok(), "{options}");
    }
    make_version_1(dir.path());
    refused("X.509 version 1");
    for command in [
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out new",
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 -out new",
        "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out new",
        "genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out new",
    ] {
        make_key(dir.path(), command);
        refused("not taken");
        let own = Pair::read(&files.cert, &files.key).unwrap();
        let problem = client(Some(&files.cert.path), Some(own)).unwrap_err();
        assert!(problem.contains(SELF_SIGNED), "{command}: {problem}");
    }
}

/// Who signed a server's certificate may have its name, as where both are called localhost, and be elsewhere.
#[test]
fn what_a_namesake_signed_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    let files = make(dir.path());
    for command in [P256, "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out new"] {
        make_key(dir.path(), command);
        openssl(dir.path(), &format!("req -new -key key -subj /CN=localhost -out csr {NAMES}"));
        openssl(dir.path(), &format!("{P256}-ca"));
        openssl(dir.path(), "req -x509 -days 2 -subj /CN=localhost -key new-ca -out ca");
        openssl(
            dir.path(),
            "x509 -req -in csr -CA ca -CAkey new-ca -CAcreateserial -copy_extensions copy -days 2 -out crt",
        );
        let loaded = Tls::load(files.clone(), UnixTime::now());
        assert!(loaded.is_ok(), "{command}: {loaded:?}");
        let read = |name: &str| std::fs::read(dir.path().join(name)).unwrap();
        std::fs::write(dir.path().join("crt"), [read("crt"), read("ca")].concat()).unwrap();
        let loaded = Tls::load(files.clone(), UnixTime::now());
        assert!(loaded.is_ok(), "{command} with its chain: {loaded:?}");
    }
}

#[test]
fn one_certificate_alone_is_trusted_if_it_may_be_an_authoritys_or_is_a_good_servers() {
    let dir = tempfile::tempdir().unwrap();
    make(dir.path());
    let good = std::fs::read(dir.path().join("crt")).unwrap();
    // A certificate made later than it is looked at would pass as one that is not valid yet.
    let found = || trusted(&std::fs::read(dir.path().join("crt")).unwrap(), UnixTime::now());
    assert_eq!(found(), Ok(()));
    for (options, why) in [
        (String::new(), None),
        (LEAF.to_owned(), Some("no name or address of a server")),
        (format!("{NAMES} {LEAF} -sha1"), Some("is signed in a way that is not taken")),
        (format!("{NAMES} {LEAF} -addext extendedKeyUsage=clientAuth"), Some("without serverAuth")),
        (format!("{NAMES} {LEAF} -addext 1.2.3.4=critical,ASN1:UTF8String:x"), Some("a critical extension")),
    ] {
        openssl(dir.path(), format!("req -x509 -days 2 -subj /CN=localhost -key key -out crt {options}").trim());
        match (found(), why) {
            (Ok(()), None) => {}
            (Err(problem), Some(why)) => {
                assert!(problem.contains(why) && problem.contains(SELF_SIGNED), "{problem}");
                // Among others it may be there for another server.
                let all = [&good[..], &std::fs::read(dir.path().join("crt")).unwrap()].concat();
                assert_eq!(trusted(&all, UnixTime::now()), Ok(()));
            }
            (found, why) => panic!("{options}: {found:?} {why:?}"),
        }
    }
    for (curve, why) in [("P-521", "not taken"), ("secp256k1", "not taken")] {
        make_key(dir.path(), &format!("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:{curve} -out new"));
        let problem = found().unwrap_err();
        assert!(problem.contains(why), "{curve}: {problem}");
    }
    make_key(dir.path(), "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out new");
    assert!(found().is_err_and(|problem| problem.contains("fewer than 2048 bits")));
    // Old authorities are of version 1.
    make_version_1(dir.path());
    assert_eq!(found(), Ok(()));
}
