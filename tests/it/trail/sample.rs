//! A trail to work on.

use std::{collections::BTreeMap, fs, path::Path, path::PathBuf, sync::Arc};

use tempfile::TempDir;

use otp_sidecar::{
    audit::{
        trail::{
            Trail,
            checkpoint::{Checkpoint, Role},
            keeper::Limits,
            line::{Bytes, Draft},
            record::{self, Place},
        },
        verify::{Given, Report, verify},
    },
    event::{Event, Kind},
    policy::Outcome,
    secret::{AuditKey, Reference, TrailKeys},
};

/// One that fits the tests' trails, each of whose times is some seconds.
pub const LIMITS: Limits =
    Limits { segment_bytes: 4000, segment_ms: 1000, mark_ms: 100, retention_ms: 10_000, retain_ms: 100 };

/// The same keys each time.
pub fn keys() -> Arc<TrailKeys> {
    Arc::new(other_keys(1))
}

/// Others for each number.
pub fn other_keys(number: u8) -> TrailKeys {
    TrailKeys::new(&AuditKey::new(&[number; 32])).unwrap()
}

/// Where all of them lie, to their readers.
pub fn place() -> Place {
    Place { host: "here".into(), dir: "/audit".into() }
}

/// Somebody asked for a code.
pub fn event(bucket: u8, seq: u64) -> Event {
    Event {
        bucket,
        epoch: 1,
        seq,
        time_ms: 1000 + seq,
        kind: Kind::Send,
        outcome: Outcome::Issued,
        tenant: Some("shop".into()),
        purpose: Some("login".into()),
        request_id: Some(format!("r-{bucket}-{seq}")),
        subject_ref: Some(Reference([0x0f; 16])),
        ip_ref: None,
        device_ref: None,
        actor: None,
        count: None,
        channel: None,
        test: None,
        tries: None,
        reason: None,
        country: None,
        asn: None,
        risk: None,
        network: None,
        signals: Vec::new(),
        verification: 0,
        failures: 0,
        lock_level: 0,
        until_ms: 0,
        rollback: None,
        sha256: None,
        ended: Vec::new(),
        sealed: Some("c2VhbGVk".into()),
        who: Vec::new(),
        subject: Reference([15; 16]),
    }
}

/// Events of a bucket from one sequence to another, both included.
pub fn events(bucket: u8, first: u64, last: u64) -> Vec<Event> {
    (first..=last).map(|seq| event(bucket, seq)).collect()
}

/// What tests do with a trail that nobody has written before.
pub trait Write {
    /// Writes events whose bucket nobody wrote before.
    fn put(&mut self, events: &[Event]);
    /// Writes a mark.
    fn put_mark(&mut self);
}

impl Write for Trail {
    #[track_caller]
    fn put(&mut self, events: &[Event]) {
        self.write(events, &BTreeMap::new(), 2000).unwrap();
    }

    #[track_caller]
    fn put_mark(&mut self) {
        assert!(self.mark(BTreeMap::new(), 2000).unwrap().is_some());
    }
}

/// Writes lines that say this behind those of a trail of one segment, as a later version would.
pub fn put_raw(dir: &Path, keys: &TrailKeys, said: &[serde_json::Value]) {
    let (path, before) = (record::path(dir, 1), Checkpoint::read(dir, Role::Head, keys.public()).unwrap().unwrap());
    let mut draft = Draft::behind(before.n, *before.hash());
    said.iter().for_each(|line| draft.push(line).unwrap());
    let text = [fs::read(&path).unwrap(), draft.text].concat();
    let head = Checkpoint { n: draft.n, h: Bytes(draft.hash), bytes: text.len() as u64, ..before };
    fs::write(&path, text).unwrap();
    head.write(&fs::File::options().write(true).open(dir.join("head")).unwrap(), keys).unwrap();
}

/// A directory with one trail.
#[derive(Debug)]
pub struct Sample {
    pub root: TempDir,
    pub keys: Arc<TrailKeys>,
}

impl Sample {
    /// An empty directory.
    pub fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap(), keys: keys() }
    }

    /// A new trail in it.
    pub fn begin(&self) -> Trail {
        Trail::create(self.root.path(), &place(), &self.keys, rand::random(), 1000).unwrap()
    }

    /// Opens the trail again.
    #[track_caller]
    pub fn open(&self, dir: &Path) -> Trail {
        Trail::open(dir, &place(), &self.keys, 5000).unwrap()
    }

    /// What is verified, with the right key.
    pub fn given(&self) -> Given {
        Given { dirs: vec![self.root.path().into()], public: Some(*self.keys.public()), ..Given::default() }
    }

    /// Verifies all of it.
    pub fn verify(&self) -> Report {
        verify(&self.given())
    }

    /// Fails unless all of it is sound.
    #[track_caller]
    pub fn is_sound(&self) -> Report {
        let report = self.verify();
        assert!(report.sound, "{:?}", report.findings);
        report
    }

    /// A trail of some segments, the first gone by retention, with marks inside and a clean end.
    pub fn complete(&self) -> PathBuf {
        let mut trail = self.begin();
        for round in 0..6 {
            trail.put(&events(7, 3 * round, 3 * round + 2));
            trail.put_mark();
            trail.put(&events(21, round, round));
            if round % 2 == 1 {
                trail.put_mark();
                trail.begin(2200).unwrap();
            }
        }
        trail.put(&events(7, 18, 19));
        assert_eq!(trail.retain(1000 + 6, 3000).unwrap(), 1);
        trail.dir().to_owned()
    }
}

/// The files of a directory, by name, but for the lock, which is empty.
pub fn files(dir: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.retain(|path| path.file_name().unwrap() != "lock");
    all.sort();
    all
}

/// The lines of a file, each with its line feed.
pub fn lines(path: &Path) -> Vec<Vec<u8>> {
    fs::read(path).unwrap().split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}
