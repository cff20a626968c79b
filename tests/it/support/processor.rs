//! Who has the processors: a test and what it started, or others.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    time::Instant,
};

/// A tick of `/proc`, s.
const TICK: f64 = 0.01;

/// What had been spent when somebody looked.
pub struct Spent {
    at: Instant,
    all: f64,
    ours: f64,
}

impl Spent {
    /// Looks now.
    pub fn now() -> Self {
        Self { at: Instant::now(), all: all(), ours: ours() }
    }

    /// Which part of the processors others have had since: 0 to 1.
    pub fn by_others(&self) -> f64 {
        let processors = std::thread::available_parallelism().map_or(1, usize::from) as f64;
        let others = (all() - self.all) - (ours() - self.ours);
        others * TICK / (self.at.elapsed().as_secs_f64() * processors)
    }
}

fn numbers(text: &str) -> Vec<f64> {
    text.split_whitespace().map(|number| number.parse().unwrap_or(0.0)).collect()
}

/// Ticks of everybody: all but those in which there was nothing to do.
fn all() -> f64 {
    let stat = fs::read_to_string("/proc/stat").expect("/proc/stat");
    let of_all = numbers(stat.lines().next().and_then(|line| line.strip_prefix("cpu")).expect("all processors"));
    of_all.iter().enumerate().filter(|(n, _)| ![3, 4, 8, 9].contains(n)).map(|(_, ticks)| ticks).sum()
}

/// Ticks of this process and all below it, and of those that have ended.
fn ours() -> f64 {
    let entries = fs::read_dir("/proc").expect("/proc").flatten();
    let of: BTreeMap<u64, (u64, f64)> = entries
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            let fields = numbers(stat.rsplit_once(')')?.1);
            // State, then the parent; user and system time of itself, and of children that it waited for.
            Some((pid, (*fields.get(1)? as u64, fields.get(11..15)?.iter().sum())))
        })
        .collect();
    let mut family = BTreeSet::from([u64::from(std::process::id())]);
    loop {
        let before = family.len();
        family.extend(
            of.iter().filter(|(_, (parent, _))| family.contains(parent)).map(|(pid, _)| *pid).collect::<Vec<_>>(),
        );
        if family.len() == before {
            break;
        }
    }
    family.iter().filter_map(|pid| of.get(pid)).map(|(_, ticks)| ticks).sum()
}

#[test]
fn what_a_test_does_itself_is_not_done_by_others() {
    let spent = Spent::now();
    while spent.at.elapsed().as_millis() < 300 {
        std::hint::black_box(ours());
    }
    assert!(ours() - spent.ours > 5.0, "it has worked");
    assert!((-0.1..=1.1).contains(&spent.by_others()), "{}", spent.by_others());
}
