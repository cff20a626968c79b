//! What was handed over and is not there for certain, or may yet be lost with a receiver's buffers.

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    path::PathBuf,
    time::{Duration, Instant},
};

use super::reading::{Position, Reading};

/// Something that was handed over.
#[derive(Debug)]
pub(super) struct HandedOver {
    pub at: Instant,
    pub bytes: usize,
    /// How many events.
    pub count: u64,
    /// Time of the oldest, ms since 1970.
    pub oldest_ms: Option<u64>,
    pub trail: PathBuf,
    pub from: Position,
    pub to: Position,
    pub is_confirmed: bool,
}

/// In the order in which it was.
#[derive(Debug, Default)]
pub(super) struct InFlight(VecDeque<HandedOver>);

impl InFlight {
    pub fn push(&mut self, one: HandedOver) {
        self.0.push_back(one);
    }

    /// Whether anything is not there for certain.
    pub fn waits(&self) -> bool {
        self.0.back().is_some_and(|last| !last.is_confirmed)
    }

    /// Time of the oldest event that is not, ms since 1970.
    pub fn oldest_ms(&self) -> Option<u64> {
        self.0.iter().filter(|one| !one.is_confirmed).find_map(|one| one.oldest_ms)
    }

    /// Confirms what was handed over so long ago, and forgets what so many bytes of buffers have no more.
    pub fn confirm(&mut self, trails: &mut BTreeMap<PathBuf, Reading>, behind: Duration, buffers: usize) {
        for one in self.0.iter_mut().take_while(|one| one.at.elapsed() >= behind).filter(|one| !one.is_confirmed) {
            one.is_confirmed = true;
            if let Some(reading) = trails.get_mut(&one.trail) {
                reading.confirmed = one.to;
            }
        }
        let mut held: usize = self.0.iter().map(|one| one.bytes).sum();
        while let Some(first) = self.0.front().filter(|one| one.is_confirmed) {
            held -= first.bytes;
            if first.bytes > 0 && held < buffers {
                break;
            }
            self.0.pop_front();
        }
    }

    /// Has all of it read again that is not confirmed, or where the end was `abrupt` all that buffers may have had, by whoever
    /// reads next, even after a restart; answers how many events that are.
    pub fn go_back(&mut self, trails: &mut BTreeMap<PathBuf, Reading>, abrupt: bool) -> u64 {
        trails.values_mut().for_each(|reading| reading.at = reading.confirmed);
        let mut again = 0;
        for one in self.0.drain(..).filter(|one| abrupt || !one.is_confirmed) {
            again += one.count;
            if let Some(reading) = trails.get_mut(&one.trail) {
                reading.at = reading.at.min(one.from);
                reading.confirmed = reading.confirmed.min(one.from);
            }
        }
        again
    }
}

/// Why nothing was handed over.
pub(super) struct Stuck {
    pub why: String,
    /// How long it is to be left alone.
    pub wait: Option<Duration>,
    /// Whether what lay in buffers may be lost.
    pub abrupt: bool,
}

impl From<io::Error> for Stuck {
    fn from(error: io::Error) -> Self {
        Self { why: error.to_string(), wait: None, abrupt: error.kind() != io::ErrorKind::UnexpectedEof }
    }
}
