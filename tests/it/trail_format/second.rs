//! The second verifier, and trails for both.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use otp_sidecar::{
    audit::{
        trail::{Trail, record::Place},
        verify::{Given, finding::Kind, verify},
    },
    event::Event,
    secret::PublicKey,
};
use tempfile::TempDir;

use crate::trail::sample;
pub use crate::trail::sample::{files, keys};

/// A new trail of this name in `root`.
pub fn begin(root: &Path, name: [u8; 4]) -> Trail {
    let place = Place { host: "web-1".into(), dir: "/var/lib/otp-sidecar/audit".into() };
    Trail::create(root, &place, &keys(), name, 1_767_261_600_000).unwrap()
}

/// Somebody asked for a code.
pub fn event(bucket: u8, seq: u64) -> Event {
    Event {
        time_ms: 1_767_261_600_000 + 1000 * seq,
        purpose: None,
        request_id: None,
        sealed: (seq == 0).then(|| "c2VhbGVk".into()),
        ..sample::event(bucket, seq)
    }
}

/// Writes events of a bucket.
pub fn write(trail: &mut Trail, bucket: u8, seqs: std::ops::Range<u64>) {
    let events: Vec<Event> = seqs.map(|seq| event(bucket, seq)).collect();
    trail.write(&events, &BTreeMap::new(), 1_767_261_660_000).unwrap();
}

/// Writes a mark that tells of other trails.
pub fn mark(trail: &mut Trail, seen: &[(&str, u64)]) {
    let seen = seen.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect();
    assert!(trail.mark(seen, 1_767_261_660_000).unwrap().is_some());
}

/// Asks both verifiers.
pub struct Both {
    key: PublicKey,
    child: Child,
    ask: ChildStdin,
    answers: BufReader<ChildStdout>,
    _pem: TempDir,
}

impl Both {
    /// Starts the second one with a public key.
    pub fn start(key: &PublicKey) -> Self {
        let home = tempfile::tempdir().unwrap();
        let pem = home.path().join("public-key.pem");
        fs::write(&pem, key.pem()).unwrap();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/trail_format/verify.py");
        let mut command = Command::new("python3");
        command.arg(script).arg(&pem).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("python3");
        let (ask, answers) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { key: *key, child, ask, answers, _pem: home }
    }

    /// The code that both have for a directory of trails.
    #[track_caller]
    pub fn code(&mut self, dir: &Path, what: &str) -> i32 {
        let report = verify(&Given { dirs: vec![dir.to_owned()], public: Some(self.key), ..Given::default() });
        let ours = report.findings.first().map_or(0, |finding| match finding.kind {
            Kind::Altered => 10,
            Kind::Missing => 11,
            Kind::Conflicting => 15,
            Kind::CutOff => 17,
            Kind::Unreadable => 18,
        });
        assert_eq!(ours, self.second(dir), "{what}: {:?}", report.findings);
        ours
    }

    /// The code that the second one has.
    pub fn second(&mut self, dir: &Path) -> i32 {
        writeln!(self.ask, "{}", dir.display()).unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        answer.trim().parse().expect("a code; is python3-cryptography there?")
    }
}

impl Drop for Both {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
