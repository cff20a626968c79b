//! What the environment asks of a run.

use std::{env, path::PathBuf, time::Duration};

/// See the module.
#[derive(Debug, Clone)]
pub struct Wishes {
    /// `BENCH_ONLY`: parts of names, of which one must fit; all where it is empty.
    pub only: Vec<String>,
    /// `BENCH_REPEATS`: how often what varies is measured.
    pub repeats: usize,
    /// `BENCH_OUT`: where results are written.
    pub out: PathBuf,
    /// `BENCH_PARTS=yes`: what lies in `out` already is kept, and counts as measured.
    pub parts: bool,
    /// `BENCH_PUBLISH=yes`: the page on performance is to show them.
    pub publish: bool,
    pub budget: Budget,
}

/// What one measurement may take.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// `BENCH_SECONDS`: the stretch that counts.
    pub lasts: Duration,
    /// The one before it, in which pages are touched and the processor's clock comes to speed.
    pub warm_up: Duration,
    /// More calls a second than any server answers, so that what is prepared lasts.
    pub fastest: f64,
    /// The most connections that ask at once.
    pub at_once: usize,
}

/// In the project, where `cargo` builds.
const OUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/bench");
const SECONDS: f64 = 1.5;
const REPEATS: f64 = 3.0;
const WARM_UP: Duration = Duration::from_millis(500);
const FASTEST: f64 = 60_000.0;

impl Wishes {
    /// As the environment says.
    pub fn from_env() -> Self {
        let only = env::var("BENCH_ONLY").unwrap_or_default();
        let lasts = Duration::from_secs_f64(number("BENCH_SECONDS", SECONDS));
        Self {
            only: only.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect(),
            repeats: number("BENCH_REPEATS", REPEATS) as usize,
            out: env::var_os("BENCH_OUT").map_or_else(|| OUT.into(), PathBuf::from),
            parts: is_wished("BENCH_PARTS"),
            publish: is_wished("BENCH_PUBLISH"),
            budget: Budget { lasts, warm_up: WARM_UP, fastest: FASTEST, at_once: usize::MAX },
        }
    }

    /// Whether a measurement of this name is asked for.
    pub fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| name.contains(part.as_str()))
    }
}

fn is_wished(name: &str) -> bool {
    env::var(name).is_ok_and(|wish| wish == "yes")
}

fn number(name: &str, default: f64) -> f64 {
    let Ok(text) = env::var(name) else { return default };
    let number = text.parse().ok().filter(|number| *number > 0.0);
    number.unwrap_or_else(|| panic!("{name} must be a number above 0, not {text:?}"))
}
