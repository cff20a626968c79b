//! Settings whose values are words.

use serde_json::Value as Json;

use super::{
    export::{Format, Names},
    value::{Value, not},
    variable::Kind,
};
use crate::{risk::Mode, store::Durability};

/// Which column of defaults holds (`OTP_PRESET`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// The recommendations for a hardened flow.
    Hardened,
    /// The numbers of an in-app limiter that went easier on its users.
    Balanced,
    /// For a laptop: next to no limits, and loopback only.
    Development,
}

/// `OTP_LOG_FORMAT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Where the trail goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sink {
    /// Chained segments in a directory.
    Dir,
    /// Lines on standard output.
    Stdout,
    /// The segments, and then the same lines on standard output.
    Both,
}

/// What happens beyond the hard backlog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenFull {
    /// Sends and checks are refused.
    Refuse,
    /// The oldest events are given up and counted.
    Shed,
}

/// `OTP_NOTIFY_USERS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notices {
    Off,
    Lockout,
}

/// `OTP_HASH`, whose costs are read apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HashName {
    Argon2id,
    Hmac,
}

/// A type whose values are words.
pub(super) trait Word: Copy + PartialEq + 'static {
    /// All of them, spelt as they are shown.
    const WORDS: &'static [(&'static str, Self)];
}

macro_rules! words {
    ($($type:ident { $($variant:ident = $word:literal),+ })+) => {
        $(impl Word for $type {
            const WORDS: &'static [(&'static str, Self)] = &[$(($word, Self::$variant)),+];
        })+
    };
}

words! {
    Preset { Hardened = "hardened", Balanced = "balanced", Development = "development" }
    HashName { Argon2id = "argon2id", Hmac = "hmac" }
    Durability { None = "none", Replica = "replica", Fsync = "fsync" }
    Sink { Dir = "dir", Stdout = "stdout", Both = "dir,stdout" }
    WhenFull { Refuse = "refuse", Shed = "shed" }
    Mode { Off = "off", Shadow = "shadow", Report = "report", StepUp = "step_up" }
    Notices { Off = "off", Lockout = "lockout" }
    Format { Plain = "plain", Ocsf = "ocsf" }
    Names { None = "none", Webhook = "webhook", All = "all" }
    LogFormat { Text = "text", Json = "json" }
}

impl<T: Word> Value for T {
    fn parse(_: &Kind, text: &str) -> Result<Self, String> {
        let given = T::WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
        let words = || T::WORDS.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(" or ");
        given.map(|(_, value)| *value).ok_or_else(|| not(&words(), text))
    }

    fn show(&self, _: &str) -> Json {
        T::WORDS.iter().find(|(_, value)| value == self).map_or(Json::Null, |(word, _)| (*word).into())
    }
}
