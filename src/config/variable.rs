//! What one environment variable is: the row type of [`super::table`].

use std::time::Duration;

/// One environment variable. Parsing, suggestions, `--help` and the reference are all made from these rows.
#[derive(Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// The concern it is listed under.
    pub group: Group,
    /// What its value looks like, with the bounds that are enforced.
    pub kind: Kind,
    /// What holds under `OTP_PRESET=hardened` when it is not set; the text is read by the same parser as a set value.
    pub hardened: &'static str,
    /// The same for `OTP_PRESET=balanced`.
    pub balanced: &'static str,
    /// The same for `OTP_PRESET=development`.
    pub development: &'static str,
    /// What it does, in one line.
    pub help: &'static str,
    /// Never printed, and also read from the file that `<name>_FILE` names.
    pub secret: bool,
    /// May be set for one purpose as `<name>__<PURPOSE>`.
    pub per_purpose: bool,
}

/// The concerns by which variables are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Preset, codes and send limits.
    Limits,
    /// What wrong codes lead to.
    Lockout,
    /// Listeners and who may call them.
    Access,
    /// Key material.
    Secrets,
    /// Redis and what is kept on disk.
    Store,
    /// The audit trail.
    Audit,
    /// Logs and resources.
    Operation,
    /// What the operator's commands read.
    Client,
}

impl Group {
    /// Every group in the order it is listed.
    pub const ALL: [Self; 8] = [
        Self::Limits,
        Self::Lockout,
        Self::Access,
        Self::Secrets,
        Self::Store,
        Self::Audit,
        Self::Operation,
        Self::Client,
    ];

    /// The heading over its variables.
    pub fn title(self) -> &'static str {
        match self {
            Self::Limits => "Codes and send limits",
            Self::Lockout => "Wrong codes and lockouts",
            Self::Access => "Listeners and keys",
            Self::Secrets => "Key material",
            Self::Store => "Store",
            Self::Audit => "Audit trail",
            Self::Operation => "Operation",
            Self::Client => "Read by the operator's commands, ignored by serve",
        }
    }
}

/// What a value looks like. Bounds are inclusive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// A whole number.
    Number {
        /// Least.
        min: u64,
        /// Greatest.
        max: u64,
    },
    /// A number with a fraction.
    Factor {
        /// Least.
        min: f64,
        /// Greatest.
        max: f64,
    },
    /// A length of time.
    Span {
        /// What a bare number means.
        unit: Unit,
        /// Shortest.
        min: Duration,
        /// Longest.
        max: Duration,
    },
    /// `5`, `5/10m`, `0` or `off`.
    Quota,
    /// `true` or `false`.
    Flag,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// The characters of a code.
    Alphabet,
    /// `ip:port`, `localhost:port` or `unix:<path>`.
    Address,
    /// `name:secret,…`.
    Keys,
    /// Random bytes in base64 or hex.
    Material,
    /// Where Redis is.
    Url,
    /// A file or directory.
    Path,
    /// A filter of log lines.
    Filter,
}

/// The unit of a bare number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// 1 ms.
    Milliseconds,
    /// 1 s.
    Seconds,
    /// 60 s.
    Minutes,
    /// 3600 s.
    Hours,
    /// 86,400 s.
    Days,
}

impl Unit {
    /// Its length in milliseconds.
    pub fn millis(self) -> u64 {
        match self {
            Self::Milliseconds => 1,
            Self::Seconds => 1_000,
            Self::Minutes => 60_000,
            Self::Hours => 3_600_000,
            Self::Days => 86_400_000,
        }
    }
}

impl Variable {
    pub(super) const fn new(name: &'static str, kind: Kind, default: &'static str, help: &'static str) -> Self {
        Self {
            name,
            group: Group::Operation,
            kind,
            hardened: default,
            balanced: default,
            development: default,
            help,
            secret: false,
            per_purpose: false,
        }
    }

    pub(super) const fn of(mut self, group: Group) -> Self {
        self.group = group;
        self
    }

    pub(super) const fn balanced(mut self, default: &'static str) -> Self {
        self.balanced = default;
        self
    }

    pub(super) const fn development(mut self, default: &'static str) -> Self {
        self.development = default;
        self
    }

    pub(super) const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    pub(super) const fn per_purpose(mut self) -> Self {
        self.per_purpose = true;
        self
    }

    /// What holds under `preset` when it is not set.
    pub fn default(&self, preset: super::Preset) -> &'static str {
        match preset {
            super::Preset::Hardened => self.hardened,
            super::Preset::Balanced => self.balanced,
            super::Preset::Development => self.development,
        }
    }

    /// Whether `serve` acts on it.
    pub fn is_served(&self) -> bool {
        self.group != Group::Client
    }
}
