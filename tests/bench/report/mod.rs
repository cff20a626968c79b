//! Results, in words and pictures.

mod chart;
mod json;
mod machine;
mod markdown;
mod peers;
mod plots;
mod publish;
mod scale;
mod section;
mod text;

pub use chart::ticks_are_round_and_within;
pub use json::earlier;
pub use markdown::figures_are_readable_and_what_is_unknown_says_so;
pub use publish::{publish, write};
pub use section::a_section_is_replaced_between_its_marks_and_nothing_else;
pub use text::{line, table};

use crate::sample::{Entry, Spread};

/// What a run found.
#[derive(Debug, Default)]
pub struct Results {
    pub entries: Vec<Entry>,
    /// What could not be measured here, and why.
    pub absent: Vec<(String, String)>,
}

impl Results {
    /// The measurement of this name.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// The middle figure of one.
    pub fn median(&self, name: &str, figure: &str) -> Option<f64> {
        self.entry(name)?.median(figure)
    }

    /// [`Results::median`] with how far the samples lie apart.
    pub fn spread(&self, name: &str, figure: &str) -> Option<Spread> {
        self.entry(name)?.spread(figure)
    }

    /// The middle ratio of one to the measurement that limits it.
    pub fn ratio(&self, name: &str, figure: &str) -> Option<f64> {
        let entry = self.entry(name)?;
        entry.ratio(self.entry(entry.limit.as_deref()?)?, figure)
    }
}
