//! A trail to work on.

use std::{fs, path::Path, path::PathBuf, sync::Arc};

use tempfile::TempDir;

use crate::{
    audit::{
        trail::{Limits, Trail, recover::Opened},
        verify::{Given, Report, verify},
    },
    event::{Event, Kind},
    secret::{AuditKey, Reference, TrailKeys},
};

/// One that fits the tests' trails, each of whose times is some seconds.
pub const LIMITS: Limits =
    Limits { segment_bytes: 4000, segment_ms: 1000, checkpoint_ms: 100, retention_ms: 10_000, retain_ms: 100 };

/// The same keys each time.
pub fn keys() -> Arc<TrailKeys> {
    Arc::new(other_keys(1))
}

/// Others for each number.
pub fn other_keys(number: u8) -> TrailKeys {
    TrailKeys::new(&AuditKey::new(&[number; 32])).unwrap()
}

/// Somebody asked for a code.
pub fn event(bucket: u8, seq: u64) -> Event {
    Event {
        bucket,
        epoch: 1,
        seq,
        time_ms: 1000 + seq,
        kind: Kind::Send,
        outcome: "issued",
        tenant: Some("shop".into()),
        purpose: Some("login".into()),
        request_id: Some(format!("r-{bucket}-{seq}")),
        subject_ref: Some("0f".repeat(16)),
        ip_ref: None,
        device_ref: None,
        actor: None,
        count: None,
        failures: 0,
        lock_level: 0,
        until_ms: 0,
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
        Trail::create(self.root.path(), &self.keys, rand::random(), 1000).unwrap()
    }

    /// Opens the trail again.
    #[track_caller]
    pub fn open(&self, dir: &Path) -> Trail {
        match Trail::open(dir, &self.keys, 5000).unwrap() {
            Opened::Trail(trail) => *trail,
            other => panic!("{other:?}"),
        }
    }

    /// Verifies all of it with the audit key.
    pub fn verify(&self) -> Report {
        verify(&Given { dirs: vec![self.root.path().into()], keys: Some(other_keys(1)), ..Given::default() })
    }

    /// Verifies all of it with the public key alone.
    pub fn verify_with_public_key(&self) -> Report {
        verify(&Given { dirs: vec![self.root.path().into()], public: Some(*self.keys.public()), ..Given::default() })
    }

    /// A trail of some segments, the first gone by retention, with checkpoints inside and a clean end.
    pub fn complete(&self) -> PathBuf {
        let mut trail = self.begin();
        for round in 0..6 {
            trail.write(&events(7, 3 * round, 3 * round + 2), 2000).unwrap();
            trail.checkpoint(2000).unwrap();
            trail.write(&events(21, round, round), 2100).unwrap();
            if round % 2 == 1 {
                trail.close(2200).unwrap();
            }
        }
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
