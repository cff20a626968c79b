//! A directory for audit trails, read and verified.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use tempfile::TempDir;

use super::{Redis, keys};

/// `OTP_AUDIT_DIR` of a test's sidecars.
#[derive(Debug)]
pub struct TrailDir {
    dir: TempDir,
}

/// How `audit verify` ended.
#[derive(Debug)]
pub struct Verified {
    pub code: i32,
    pub text: String,
}

impl TrailDir {
    /// An empty directory; trails go to `audit` in it.
    pub fn new() -> Self {
        Self { dir: tempfile::Builder::new().prefix("otp-audit-").tempdir().expect("a temp dir") }
    }

    /// Where it is.
    pub fn path(&self) -> PathBuf {
        self.dir.path().join("audit")
    }

    /// Another path beside it.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The variables that send the trail there.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        vec![("OTP_AUDIT_SINK", "dir".to_owned()), ("OTP_AUDIT_DIR", self.path().display().to_string())]
    }

    /// The trails in it.
    pub fn trails(&self) -> Vec<PathBuf> {
        trails(&self.path())
    }

    /// All events, trail by trail.
    pub fn events(&self) -> Vec<Value> {
        self.trails().iter().flat_map(|trail| events(trail)).collect()
    }

    /// Their identities.
    pub fn identities(&self) -> BTreeSet<(u64, u64, u64)> {
        self.events().iter().map(identity).collect()
    }

    /// How many marks there are in all of them: checkpoints of a minute or of a clean stop.
    pub fn checkpoints(&self) -> usize {
        let segments = self.trails().into_iter().flat_map(|trail| segments(&trail));
        let texts = segments.map(|path| fs::read_to_string(path).expect("a segment"));
        texts.map(|text| text.matches(r#""as":"mark""#).count()).sum()
    }

    /// `otp-sidecar audit verify` over it with the tests' keys.
    pub fn verify(&self) -> Verified {
        verify(&[&self.path().display().to_string()], &[("OTP_INDEX_KEY", keys::INDEX_KEY)])
    }

    /// Fails unless all is as it was written.
    #[track_caller]
    pub fn is_sound(&self) {
        let verified = self.verify();
        assert_eq!(verified.code, 0, "{}", verified.text);
    }

    /// Every event that was ever written to this Redis, by what it counted.
    pub fn all_of(redis: &Redis) -> BTreeSet<(u64, u64, u64)> {
        let mut all = BTreeSet::new();
        for stream in redis.streams() {
            let info: std::collections::HashMap<String, ::redis::Value> =
                redis.ask_key("XINFO", b"STREAM", &[std::str::from_utf8(&stream).expect("a stream's name")]);
            let last: String = ::redis::from_redis_value(info["last-generated-id"].clone()).expect("an id");
            let (epoch, seq) = last.split_once('-').expect("epoch-sequence");
            let bucket = bucket_of(&stream);
            let (epoch, seq): (u64, u64) = (epoch.parse().expect("epoch"), seq.parse().expect("sequence"));
            all.extend((0..=seq).map(|seq| (bucket, epoch, seq)));
        }
        all
    }
}

/// The trails in a directory.
pub fn trails(dir: &Path) -> Vec<PathBuf> {
    let named = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("trail-"));
    let mut all: Vec<PathBuf> =
        fs::read_dir(dir).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).filter(named).collect();
    all.sort();
    all
}

/// The segments of a trail.
pub fn segments(trail: &Path) -> Vec<PathBuf> {
    let is = |path: &PathBuf| {
        path.extension().is_some_and(|end| end == "jsonl") && path.file_stem().is_some_and(|stem| stem.len() == 8)
    };
    let mut all: Vec<PathBuf> =
        fs::read_dir(trail).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).filter(is).collect();
    all.sort();
    all
}

/// Its events, those of the sidecars themselves among them.
pub fn events(trail: &Path) -> Vec<Value> {
    let text: String = segments(trail).iter().map(|path| fs::read_to_string(path).expect("a segment")).collect();
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line.get("bucket").is_some()).collect()
}

/// An event's identity.
pub fn identity(event: &Value) -> (u64, u64, u64) {
    let number = |name: &str| event[name].as_u64().unwrap_or_else(|| panic!("no {name}: {event}"));
    (number("bucket"), number("epoch"), number("seq"))
}

/// `otp-sidecar audit verify` with these words and this environment alone.
pub fn verify(words: &[&str], environment: &[(&str, &str)]) -> Verified {
    run(&[&["audit", "verify"], words].concat(), environment)
}

/// `otp-sidecar` with these words and this environment alone.
pub fn run(words: &[&str], environment: &[(&str, &str)]) -> Verified {
    let mut command = Command::new(env!("CARGO_BIN_EXE_otp-sidecar"));
    command.env_clear().env("HOME", "/nowhere").envs(environment.iter().copied()).args(words);
    let output = command.output().expect("the built binary");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    Verified { code: output.status.code().unwrap_or(-1), text }
}

/// The bucket's number, from the place of the tag in the program's own list.
fn bucket_of(stream: &[u8]) -> u64 {
    let all = otp_sidecar::event::Bucket::all();
    let tag = |bucket: &otp_sidecar::event::Bucket| format!("otp:{{{}}}:events", bucket.tag()).into_bytes();
    let found = all.into_iter().find(|bucket| tag(bucket) == stream).expect("a bucket's stream");
    u64::from(found.number())
}
