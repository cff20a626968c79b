//! What one environment variable is: the row type of [`super::table`].

use std::{marker::PhantomData, time::Duration};

/// Scripts carry lengths of time as unsigned 32-bit milliseconds (49.7 days): 40 days leave room for sums.
pub(super) const LONGEST: Duration = Duration::from_secs(40 * 86_400);

/// One environment variable. Parsing, suggestions, `--help` and the reference are all made from these rows.
#[derive(Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// The heading under which it is listed.
    pub group: &'static str,
    pub(super) kind: Kind,
    /// What holds under `OTP_PRESET=hardened` when it is not set; the text is read by the same parser as a set value.
    pub hardened: &'static str,
    /// The same for `OTP_PRESET=balanced`.
    pub balanced: &'static str,
    /// The same for `OTP_PRESET=development`.
    pub development: &'static str,
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

/// What a value must be beyond its type. Bounds are inclusive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// A whole number.
    Number { min: u64, max: u64 },
    /// A number with a fraction.
    Factor { min: f64, max: f64 },
    /// A length of time; a bare number has this unit.
    Span { unit: Unit, min: Duration, max: Duration },
    /// The characters of a code.
    Alphabet,
    /// Which log lines are written, as `tracing-subscriber` reads it.
    Filter,
    /// Never printed, and also read from the file that `<name>_FILE` names.
    Secret,
    /// Whatever its type takes.
    Any,
}

/// The unit of a bare number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Milliseconds,
    Seconds,
    Minutes,
    Hours,
    Days,
}

impl Variable {
    pub(super) const fn new(name: &'static str, group: &'static str, kind: Kind, default: &'static str) -> Self {
        let (hardened, balanced, development, help) = (default, default, default, "");
        Self {
            name,
            group,
            kind,
            hardened,
            balanced,
            development,
            help,
            per_purpose: false,
            per_channel: false,
            watched: false,
        }
    }

    pub(super) const fn help(self, help: &'static str) -> Self {
        Self { help, ..self }
    }

    pub(super) const fn balanced(self, default: &'static str) -> Self {
        Self { balanced: default, ..self }
    }

    pub(super) const fn development(self, default: &'static str) -> Self {
        Self { development: default, ..self }
    }

    pub(super) const fn per_purpose(self) -> Self {
        Self { per_purpose: true, ..self }
    }

    pub(super) const fn per_channel(self) -> Self {
        Self { per_channel: true, ..self }
    }

    pub(super) const fn watched(self) -> Self {
        Self { watched: true, ..self }
    }

    /// Whether `serve` acts on it.
    pub fn is_served(&self) -> bool {
        self.group != CLIENT
    }

    /// Whether it is never printed, and may be given as `<name>_FILE`.
    pub fn is_secret(&self) -> bool {
        self.kind == Kind::Secret
    }
}
