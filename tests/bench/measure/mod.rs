//! Kinds of measurement. Each run of one starts from a fresh server and a fresh Redis unless it says otherwise.

mod argon;
mod closed;
mod event;
mod live;
mod neighbours;
mod open;
mod race;
mod resources;
mod scenario;
mod script;

pub use argon::argon;
pub use closed::{closed, confirmed};
pub use event::{EVENT_REDIS, EVENT_SIDECAR, event};
pub use live::{BYTES, live, with_address};
pub use neighbours::neighbours;
pub use open::open;
pub use race::{ACCEPTED, EVALUATED, GUESSES, RIGHT_CODES, Race, race};
pub use resources::{BINARY_MB, PEAK_MB, READY_MS, connections, embedded_start, idle, size, start};
pub use scenario::{Asked, Scenario, Users, meant};
pub use script::script;

use crate::{sample::Sample, wishes::Budget};

/// How often something is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeats {
    /// In each round.
    Each,
    /// In so many rounds at most, for what varies little or takes long.
    AtMost(usize),
}

/// Something to measure.
pub struct Measurement {
    /// By which it is picked and reported.
    pub name: String,
    /// The name of the measurement that says what could be had.
    pub limit: Option<&'static str>,
    pub repeats: Repeats,
    /// Why it cannot be made here, if it cannot.
    pub absent: Option<String>,
    run: Box<dyn FnMut(Budget) -> Sample>,
}

impl Measurement {
    /// One that calls `run` in each round.
    pub fn new(name: impl Into<String>, run: impl FnMut(Budget) -> Sample + 'static) -> Self {
        Self { name: name.into(), limit: None, repeats: Repeats::Each, absent: None, run: Box::new(run) }
    }

    /// Compared with the measurement of this name.
    #[must_use]
    pub fn limited_by(self, limit: &'static str) -> Self {
        Self { limit: Some(limit), ..self }
    }

    /// Made in so many rounds at most.
    #[must_use]
    pub fn at_most(self, rounds: usize) -> Self {
        Self { repeats: Repeats::AtMost(rounds), ..self }
    }

    /// Not made at all where there is a reason.
    #[must_use]
    pub fn unless(self, absent: Option<String>) -> Self {
        Self { absent, ..self }
    }

    /// Whether it is due in round `round`, counted from 0.
    pub fn due(&self, round: usize) -> bool {
        match self.repeats {
            Repeats::Each => true,
            Repeats::AtMost(rounds) => round < rounds,
        }
    }

    /// Makes it once.
    ///
    /// # Panics
    /// If anything answers otherwise than was to be measured.
    pub fn run(&mut self, budget: Budget) -> Sample {
        (self.run)(budget)
    }
}
