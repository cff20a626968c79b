//! A process's own clock, put while it runs.

use std::{fs::File, os::unix::fs::FileExt, path::PathBuf};

use super::Preload;

/// What distributions have for this purpose and the allocator of their Redis wait for each other for ever.
const SOURCE: &str = include_str!("clock.c");

/// See the module. Processes started with [`Clock::variables`] follow it until it is dropped.
#[derive(Debug)]
pub struct Clock {
    library: Preload,
    path: PathBuf,
    offset: File,
}

impl Clock {
    /// A clock that is `offset` seconds ahead of the machine's (negative: behind).
    #[track_caller]
    pub fn new(offset: i64) -> Self {
        let library = Preload::build(SOURCE);
        let path = library.beside("offset");
        let clock = Self { offset: File::create(&path).expect("a file"), path, library };
        clock.put(offset);
        clock
    }

    /// From now on so many seconds ahead (negative: behind).
    pub fn put(&self, offset: i64) {
        self.offset.write_all_at(&offset.to_ne_bytes(), 0).expect("eight bytes written");
    }

    /// What a process needs in its environment.
    pub fn variables(&self) -> Vec<(String, String)> {
        self.library.variables("CLOCK_OFFSET_FILE", &self.path)
    }
}

#[test]
fn a_process_follows_its_clock() {
    let clock = Clock::new(-86_400);
    let real = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64;
    let told = || {
        let told = std::process::Command::new("date").arg("+%s").envs(clock.variables()).output().unwrap().stdout;
        String::from_utf8(told).unwrap().trim().parse::<i64>().unwrap()
    };
    assert!((86_390..86_410).contains(&(real() - told())));
    clock.put(86_400);
    assert!((86_390..86_410).contains(&(told() - real())));
}
