//! What one environment variable is: the row type of [`super::table`].

use std::marker::PhantomData;

use super::{value::Kind, words::Preset};

/// One environment variable. Parsing, suggestions, `--help` and the reference are all made from these rows.
#[derive(Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// The heading under which it is listed.
    pub group: &'static str,
    pub(super) kind: Kind,
    pub(super) hardened: &'static str,
    pub(super) balanced: Option<&'static str>,
    pub(super) development: Option<&'static str>,
    /// What it does, in one line.
    pub help: &'static str,
    /// May be set for one purpose as `<name>__<PURPOSE>`.
    pub per_purpose: bool,
    /// Is set for each channel as `<name>__<CHANNEL>`, and never without one.
    pub per_channel: bool,
    /// Whether a close misspelling is a mistake even without our prefix: it decides about security, under a name that a
    /// shared environment could also hold by chance.
    pub(super) watched: bool,
}

/// A row whose value is read as a `T`.
pub(super) struct Typed<T> {
    pub(super) row: &'static Variable,
    pub(super) value: PhantomData<fn() -> T>,
}

/// The heading over what only the operator's commands read.
pub(super) const CLIENT: &str = "Read by the operator's commands, ignored by serve";

impl Variable {
    /// What a row says unless it says otherwise.
    pub(super) const ROW: Self = Self {
        name: "",
        group: "",
        kind: Kind::Any,
        hardened: "",
        balanced: None,
        development: None,
        help: "",
        per_purpose: false,
        per_channel: false,
        watched: false,
    };

    /// What holds under a preset when it is not set; the text is read by the same parser as a set value.
    pub fn default_of(&self, preset: Preset) -> &'static str {
        let other = match preset {
            Preset::Hardened => None,
            Preset::Balanced => self.balanced,
            Preset::Development => self.development,
        };
        other.unwrap_or(self.hardened)
    }

    /// Whether `serve` acts on it.
    pub fn is_served(&self) -> bool {
        self.group != CLIENT
    }

    /// Whether it is never printed, and may be given as `<name>_FILE`.
    pub fn is_secret(&self) -> bool {
        matches!(self.kind, Kind::Secret)
    }
}
