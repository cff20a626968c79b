//! An authority of the test's own and what it signed: for servers that speak TLS, and for sidecars that show who they are.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// See the module. The files stay until it is dropped.
#[derive(Debug)]
pub struct Certificates {
    dir: TempDir,
}

/// Whether a server asks who its clients are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clients {
    /// Anybody may connect.
    Anonymous,
    /// Only who shows a certificate of the same authority.
    Certified,
}

impl Certificates {
    /// An authority, and a certificate of `server`.
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("otp-certificates-").tempdir().expect("a temp dir");
        let certificates = Self { dir };
        certificates.become_another();
        certificates
    }

    /// Another authority in place of this one, with another certificate of `server`: whoever trusted the one before does not
    /// trust it.
    pub fn become_another(&self) {
        let mut made = self.request("authority");
        // Of a name that no other has, so that nobody takes one's certificates for another's.
        run(made.args(["-subj", &format!("/CN=authority {:032x}", rand::random::<u128>())]));
        self.issue("server");
    }

    /// Signs a certificate of this name, good for 127.0.0.1 and two days; one of the same name before is replaced, each
    /// file at once.
    pub fn issue(&self, name: &str) {
        let beside = format!("{name}.new");
        let mut made = self.request(&beside);
        made.arg("-CA").arg(self.certificate("authority")).arg("-CAkey").arg(self.key("authority"));
        made.args(["-subj", &format!("/CN={name}"), "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]);
        run(made.args(["-addext", "basicConstraints=critical,CA:FALSE"]));
        for file in [Self::certificate, Self::key] {
            std::fs::rename(file(self, &beside), file(self, name)).expect("renamed");
        }
    }

    /// The authority's own certificate.
    pub fn authority(&self) -> PathBuf {
        self.certificate("authority")
    }

    /// The file of a certificate.
    pub fn certificate(&self, name: &str) -> PathBuf {
        self.dir.path().join(format!("{name}.crt"))
    }

    /// The file of its key.
    pub fn key(&self, name: &str) -> PathBuf {
        self.dir.path().join(format!("{name}.key"))
    }

    /// What makes a server speak TLS, to its clients, to its replicas and to the rest of its cluster.
    pub fn arguments(&self, clients: Clients) -> Vec<String> {
        let shown = |path: PathBuf| path.display().to_string();
        let required = if clients == Clients::Certified { "yes" } else { "no" };
        let settings = [
            ("--tls-cert-file", shown(self.certificate("server"))),
            ("--tls-key-file", shown(self.key("server"))),
            ("--tls-ca-cert-file", shown(self.authority())),
            ("--tls-auth-clients", required.to_owned()),
            ("--tls-replication", "yes".to_owned()),
            ("--tls-cluster", "yes".to_owned()),
        ];
        settings.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect()
    }

    fn request(&self, name: &str) -> Command {
        let mut command = Command::new("openssl");
        command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]);
        let (key, certificate): (&Path, &Path) = (&self.key(name), &self.certificate(name));
        command.arg("-keyout").arg(key).arg("-out").arg(certificate);
        command
    }
}

fn run(command: &mut Command) {
    let done = command.output().expect("openssl on PATH: `make test-deps` installs it");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn what_the_authority_signed_is_trusted_by_whoever_trusts_it_and_by_nobody_else() {
    let (ours, other) = (Certificates::new(), Certificates::new());
    ours.issue("client");
    let trusts = |authority: PathBuf, name: &str| {
        let mut command = Command::new("openssl");
        command.arg("verify").arg("-CAfile").arg(authority).arg(ours.certificate(name));
        command.output().expect("openssl").status.success()
    };
    for name in ["server", "client"] {
        assert!(trusts(ours.authority(), name), "{name}");
        assert!(!trusts(other.authority(), name), "{name}");
    }
}
