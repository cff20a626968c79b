//! A process's own clock, put while it runs.

use std::{fs::File, os::unix::fs::FileExt, path::PathBuf, process::Command};

use tempfile::TempDir;

/// Built anew by each test that needs it, with the compiler that building the sidecar needs as well. What distributions
/// have for this purpose and the allocator of their Redis wait for each other for ever.
const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/support/clock.c");

/// See the module. Processes started with [`Clock::variables`] follow it until it is dropped.
#[derive(Debug)]
pub struct Clock {
    dir: TempDir,
    offset: File,
}

impl Clock {
    /// A clock that is `offset` seconds ahead of the machine's (negative: behind).
    #[track_caller]
    pub fn new(offset: i64) -> Self {
        let dir = tempfile::Builder::new().prefix("otp-clock-").tempdir().expect("a temp dir");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(dir.path().join("clock.so")).arg(SOURCE);
        assert!(compiler.status().expect("cc on PATH: `make deps` installs it").success());
        let offset_file = File::create(dir.path().join("offset")).expect("a file");
        let clock = Self { dir, offset: offset_file };
        clock.put(offset);
        clock
    }

    /// From now on so many seconds ahead (negative: behind).
    pub fn put(&self, offset: i64) {
        self.offset.write_all_at(&offset.to_ne_bytes(), 0).expect("eight bytes written");
    }

    /// What a process needs in its environment.
    pub fn variables(&self) -> Vec<(String, String)> {
        let path = |name: &str| -> PathBuf { self.dir.path().join(name) };
        [("LD_PRELOAD", path("clock.so")), ("CLOCK_OFFSET_FILE", path("offset"))]
            .map(|(name, path)| (name.to_owned(), path.display().to_string()))
            .to_vec()
    }
}

#[test]
fn a_process_follows_its_clock() {
    let clock = Clock::new(-86_400);
    let real = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
    let told = || {
        let told = Command::new("date").arg("+%s").envs(clock.variables()).output().unwrap().stdout;
        String::from_utf8(told).unwrap().trim().parse::<i64>().unwrap()
    };
    assert!((86_390..86_410).contains(&(real() - told())));
    clock.put(86_400);
    assert!((86_390..86_410).contains(&(told() - real())));
}
