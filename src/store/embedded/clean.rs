//! Whether the private server was ended by its own sidecar and had written everything: the next run of it then begins with all
//! that was written.

use std::{
    fs, io,
    path::Path,
    sync::{Mutex, PoisonError},
};

use crate::files;

/// The file that says so, in the server's directory.
const FILE: &str = "stopped";

/// Says that the server has ended well.
pub(super) fn note(redis: &Path) -> io::Result<()> {
    files::create(&redis.join(FILE))?.sync_all()?;
    fs::File::open(redis)?.sync_all()
}

/// Takes the word of the run before, once.
pub(super) fn take(redis: &Path) -> bool {
    fs::remove_file(redis.join(FILE)).is_ok() && fs::File::open(redis).and_then(|dir| dir.sync_all()).is_ok()
}

/// A clean start covers the first run of a server, and none that it was restarted into.
#[derive(Debug, Default)]
pub struct CleanStart(Mutex<State>);

#[derive(Debug, Default, PartialEq)]
enum State {
    #[default]
    No,
    Expected,
    Run(String),
}

impl CleanStart {
    /// Says that the server which is about to be asked began with all that was written.
    pub fn announce(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = State::Expected;
    }

    /// Whether that was said of this run: of the first that is asked about.
    pub(in crate::store) fn covers(&self, run: &str) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *state == State::Expected {
            *state = State::Run(run.to_owned());
        }
        matches!(&*state, State::Run(covered) if covered == run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_once_and_covers_one_run() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!take(dir.path()));
        note(dir.path()).unwrap();
        assert!(take(dir.path()) && !take(dir.path()));
        let start = CleanStart::default();
        assert!(!start.covers("a"));
        start.announce();
        assert!(start.covers("a") && start.covers("a") && !start.covers("b"));
    }
}
