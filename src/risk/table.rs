//! What a tenant's users share: how often sign-ins of users with a history like this one's show something new. Counts alone,
//! no value of anybody.

use std::collections::BTreeMap;

use super::level::Level;

/// Sizes of what a history is told by: ⌊log2(sign-ins + 1)⌋ up to 6, and 0, 1, 2–3, 4 or more with something new.
const HISTORIES: usize = 7 * 4;
/// How much an operator hands out new addresses, in quarters.
const CHURNS: usize = 4;
const CELLS: usize = 5 * HISTORIES + CHURNS * HISTORIES;
/// Operators share so many counts of churn; a prime.
const OPERATORS: usize = 251;
/// Bytes of a table in Redis: the week, then of each cell and operator how many were new and how many in all.
pub const BYTES: usize = 4 + 8 * (CELLS + OPERATORS);

/// Sign-ins that were counted, and those of them with something new.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// With something new.
    pub new: u32,
    /// In all.
    pub all: u32,
}

/// The counts of one tenant, or what is to be added to them, by their places; what is not there is 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table(BTreeMap<u16, Count>);

impl Table {
    /// Reads what Redis has; `None` where it is no table.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let counts = bytes.get(4..).filter(|_| bytes.len() == BYTES)?;
        let number = |bytes: &[u8]| bytes.first_chunk().map_or(0, |four| u32::from_be_bytes(*four));
        let count = |both: &[u8]| Count { new: number(both), all: number(both.get(4..).unwrap_or_default()) };
        let all = (0..).zip(counts.chunks_exact(8).map(count));
        Some(Self(all.filter(|(_, count)| *count != Count::default()).collect()))
    }

    /// The count in a place.
    pub fn count(&self, place: usize) -> Count {
        u16::try_from(place).ok().and_then(|place| self.0.get(&place)).copied().unwrap_or_default()
    }

    /// Adds another's counts.
    pub fn add(&mut self, other: &Self) {
        for (place, more) in &other.0 {
            let count = self.0.entry(*place).or_default();
            *count = Count { new: count.new.saturating_add(more.new), all: count.all.saturating_add(more.all) };
        }
    }

    /// Counts a sign-in.
    pub(super) fn note(&mut self, place: usize, is_new: bool) {
        self.add(&Self(BTreeMap::from([(place as u16, Count { new: is_new.into(), all: 1 })])));
    }

    /// Halves all counts, as the store does once a week (`lua/risk.lua`): the table follows the app.
    pub fn halve(&mut self) {
        self.0.values_mut().for_each(|count| *count = Count { new: count.new / 2, all: count.all / 2 });
    }

    /// How much this operator hands out new addresses, 0 to 3.
    pub fn churn(&self, operator: u32) -> usize {
        let Count { new, all } = self.count(of_operator(operator));
        ((4 * (u64::from(new) + 1) / (u64::from(all) + 4)) as usize).min(CHURNS - 1)
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As `lua/risk.lua` adds it: u16 place, u32 new, u32 all, of each.
    pub fn packed(&self) -> Vec<u8> {
        let one = |(place, Count { new, all }): (&u16, &Count)| {
            [&place.to_be_bytes()[..], &new.to_be_bytes(), &all.to_be_bytes()].concat()
        };
        self.0.iter().flat_map(one).collect()
    }
}

/// The place of a level and a history: sign-ins in which the level counted, those of them with something new, and the churn
/// of the operator, which matters to networks alone.
pub(super) fn cell(level: Level, n: f64, v: f64, churn: usize) -> usize {
    let row = match level {
        Level::Country => 0,
        Level::Operator => 1,
        Level::Device => 2,
        Level::System => 3,
        Level::Browser => 4,
        Level::Network => 5 + churn,
    };
    let news = [0.5, 1.5, 4.0].iter().filter(|bound| v >= **bound).count();
    row * HISTORIES + ((n + 1.0).log2() as usize).min(6) * 4 + news
}

/// The place of an operator.
pub(super) fn of_operator(operator: u32) -> usize {
    CELLS + operator as usize % OPERATORS
}
