//! Certificates, made by openssl, and clients that trust them.

use std::{fs, io, path::PathBuf, process::Command, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
};
use tempfile::TempDir;
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{Address, address::Stream};

/// Somebody who signs certificates for 127.0.0.1.
#[derive(Debug)]
pub struct Authority {
    dir: TempDir,
}

/// A certificate and its key, in files.
#[derive(Debug, Clone)]
pub struct Identity {
    pub cert: PathBuf,
    pub key: PathBuf,
}

/// What a client trusts and shows.
#[derive(Debug, Clone)]
pub struct Trust(Arc<ClientConfig>);

const DAY: i64 = 86_400;

impl Authority {
    pub fn new() -> Self {
        let authority = Self { dir: TempDir::new().expect("a directory") };
        let Identity { cert, key } = authority.identity("ca");
        let mut made = new_key(&key);
        // Of a name that no other has, so that nobody takes one's certificates for another's.
        let name = authority.dir.path().file_name().and_then(std::ffi::OsStr::to_str).expect("UTF-8");
        made.args(["-x509", "-days", "2", "-subj", &format!("/CN=authority {name}"), "-out"]).arg(&cert);
        run(&mut made);
        authority
    }

    /// Its own certificate.
    pub fn cert(&self) -> PathBuf {
        self.identity("ca").cert
    }

    /// A certificate for 127.0.0.1 that is good for two days.
    pub fn issue(&self, name: &str) -> Identity {
        self.issue_until(name, 2 * DAY)
    }

    /// A certificate for somebody else, such as `DNS:shop.example`.
    pub fn issue_for(&self, whom: &str) -> Identity {
        self.sign("other", 2 * DAY, whom)
    }

    /// A certificate that is good until so many seconds from now.
    pub fn issue_until(&self, name: &str, seconds: i64) -> Identity {
        self.sign(name, seconds, "IP:127.0.0.1")
    }

    fn sign(&self, name: &str, seconds: i64, whom: &str) -> Identity {
        let (own, made) = (self.identity("ca"), self.identity(name));
        let (request, extensions) = (self.dir.path().join("request"), self.dir.path().join("extensions"));
        fs::write(&extensions, format!("subjectAltName={whom}\nbasicConstraints=CA:FALSE\n")).expect("written");
        run(new_key(&made.key).args(["-subj", "/CN=somebody", "-out"]).arg(&request));
        fs::write(self.dir.path().join("index"), "").expect("written");
        let config = self.dir.path().join("config");
        let text = format!(
            "[ca]\ndefault_ca=d\n[d]\ndatabase={0}/index\nnew_certs_dir={0}\nrand_serial=yes\ndefault_md=sha256\npolicy=p\n\
             unique_subject=no\n[p]\ncommonName=supplied\n",
            self.dir.path().display()
        );
        fs::write(&config, text).expect("written");
        let at = |seconds: i64| {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
            let then = now.as_secs().checked_add_signed(seconds).expect("a time");
            let text = humantime::format_rfc3339_seconds(std::time::UNIX_EPOCH + std::time::Duration::from_secs(then));
            text.to_string().replace(['-', ':', 'T'], "")
        };
        let mut signed = Command::new("openssl");
        signed.args(["ca", "-batch", "-notext", "-startdate", &at(-2 * DAY), "-enddate", &at(seconds), "-config"]);
        signed.arg(&config).arg("-extfile").arg(&extensions).arg("-in").arg(&request);
        run(signed.arg("-cert").arg(&own.cert).arg("-keyfile").arg(&own.key).arg("-out").arg(&made.cert));
        made
    }

    /// Trusts it, shows nothing, and speaks HTTP/1.1.
    pub fn trust(&self) -> Trust {
        self.trusting(None, b"http/1.1")
    }

    /// The same, showing `own`.
    pub fn trust_showing(&self, own: &Identity) -> Trust {
        self.trusting(Some(own), b"http/1.1")
    }

    /// Trusts it, shows `own`, and offers `protocol`.
    pub fn trusting(&self, own: Option<&Identity>, protocol: &[u8]) -> Trust {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.cert()).expect("a certificate")).expect("an authority");
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().expect("versions").with_root_certificates(roots);
        let mut config = match own {
            Some(own) => {
                let chain = vec![CertificateDer::from_pem_file(&own.cert).expect("a certificate")];
                builder.with_client_auth_cert(chain, PrivateKeyDer::from_pem_file(&own.key).expect("a key")).unwrap()
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![protocol.to_vec()];
        Trust(Arc::new(config))
    }

    fn identity(&self, name: &str) -> Identity {
        let file = |end: &str| self.dir.path().join(format!("{name}.{end}"));
        Identity { cert: file("crt"), key: file("key") }
    }
}

impl Identity {
    /// Its variables for the listeners.
    pub fn variables(&self) -> [(&str, &str); 2] {
        [("OTP_TLS_CERT", &self.cert), ("OTP_TLS_KEY", &self.key)]
            .map(|(name, file)| (name, file.to_str().expect("UTF-8")))
    }

    /// Takes the place of `other`, each file at once, the key last.
    pub fn put_in_place_of(&self, other: &Self) {
        for (from, to) in [(&self.cert, &other.cert), (&self.key, &other.key)] {
            let beside = to.with_extension("new");
            fs::copy(from, &beside).expect("copied");
            fs::rename(&beside, to).expect("renamed");
        }
    }
}

impl Trust {
    /// A connection that shook hands.
    pub async fn connect(&self, address: &Address) -> io::Result<TlsStream<Box<dyn Stream>>> {
        let stream = address.connect().await?;
        let name = ServerName::try_from("127.0.0.1").expect("an address");
        TlsConnector::from(Arc::clone(&self.0)).connect(name, stream).await
    }
}

fn new_key(into: &std::path::Path) -> Command {
    let mut command = Command::new("openssl");
    command.args(["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout"]).arg(into);
    command
}

fn run(command: &mut Command) {
    let done = command.output().expect("openssl");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}
