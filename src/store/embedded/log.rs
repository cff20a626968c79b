//! The server's log, `redis/redis.log`: where its last words are found when it ends.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use crate::files;

/// Enough for the longest line that the server writes (`LOG_MAX_LEN`, 1024 bytes) and more.
const TAIL: u64 = 4096;

/// See the module.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    /// Where what the running server writes begins, in bytes.
    from: u64,
}

impl Log {
    /// The log at `path`, which need not exist yet.
    pub fn new(path: PathBuf) -> Self {
        Self { path, from: 0 }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens it for a server about to start: what it says before it has read its arguments goes there too.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn begin(&mut self) -> io::Result<File> {
        let file = files::open_own(&self.path, OpenOptions::new().create(true).append(true))?;
        self.from = file.metadata()?.len();
        Ok(file)
    }

    /// The last line of the last server, without process id and time; `None` if it said nothing.
    pub fn last_words(&self) -> Option<String> {
        let mut file = File::open(&self.path).ok()?;
        let from = self.from.max(file.metadata().ok()?.len().saturating_sub(TAIL));
        file.seek(SeekFrom::Start(from)).ok()?;
        let mut tail = Vec::new();
        file.take(TAIL).read_to_end(&mut tail).ok()?;
        let tail = String::from_utf8_lossy(&tail);
        let line = tail.lines().map(str::trim).rfind(|line| !line.is_empty())?;
        // `pid:role time level text`, where the levels of warnings and errors are one `#`.
        Some(line.split_once(" # ").map_or(line, |(_, text)| text).to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn the_last_words_are_those_of_the_last_server() {
        let directory = tempfile::tempdir().unwrap();
        let mut log = Log::new(directory.path().join("redis.log"));
        assert_eq!(log.last_words(), None);
        let mut file = log.begin().unwrap();
        file.write_all(b"7:M 01 Jan 2026 00:00:00.000 # Starting\n7:M 01 Jan 2026 00:00:00.000 # No # room\n\n")
            .unwrap();
        assert_eq!(log.last_words().as_deref(), Some("No # room"));
        let mut file = log.begin().unwrap();
        assert_eq!(log.last_words(), None);
        file.write_all(&[b'x'; 10_000]).unwrap();
        file.write_all(b"\nBad directive\n").unwrap();
        assert_eq!(log.last_words().as_deref(), Some("Bad directive"));
    }
}
