//! Settings whose values are words.

use serde_json::Value as Json;

use super::value::{Kind, Value, not};
use crate::{risk::Mode, store::Durability};

/// A type whose values are words.
pub(super) trait Word: Copy + PartialEq + 'static {
    /// All of them, spelt as they are shown.
    const WORDS: &'static [(&'static str, Self)];
}

/// Makes of each enum with its words a type, and the setting that it is.
macro_rules! words {
    ($($(#[$doc:meta])* $visible:vis enum $type:ident {
        $($(#[$of:meta])* $variant:ident = $word:literal),+ $(,)?
    })+) => {
        $($(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $visible enum $type { $($(#[$of])* $variant),+ }

        impl Word for $type {
            const WORDS: &'static [(&'static str, Self)] = &[$(($word, Self::$variant)),+];
        })+
    };
}

words! {
    /// Which column of defaults holds (`OTP_PRESET`).
    pub enum Preset {
        /// The recommendations for a hardened flow.
        Hardened = "hardened",
        /// The numbers of an in-app limiter that went easier on its users.
        Balanced = "balanced",
        /// For a laptop: next to no limits, and loopback only.
        Development = "development",
    }

    /// `OTP_LOG_FORMAT`.
    pub enum LogFormat {
        /// For people.
        Text = "text",
        /// One JSON object a line.
        Json = "json",
    }

    /// Where the trail goes.
    pub enum Sink {
        /// Chained segments in a directory.
        Dir = "dir",
        /// Lines on standard output.
        Stdout = "stdout",
        /// The segments, and then the same lines on standard output.
        Both = "dir,stdout",
    }

    /// What happens beyond the hard backlog.
    pub enum WhenFull {
        /// Sends and checks are refused.
        Refuse = "refuse",
        /// The oldest events are given up and counted.
        Shed = "shed",
    }

    /// How events look outside (`OTP_EXPORT_FORMAT`).
    pub enum Format {
        /// As in the trail.
        Plain = "plain",
        /// As the Open Cybersecurity Schema Framework has them, 1.5.0.
        Ocsf = "ocsf",
    }

    /// Who is told whom an event is about (`OTP_EXPORT_NAMES`).
    pub enum Names {
        /// Nobody.
        None = "none",
        /// The app, at its webhook: it gave the names, and cannot resolve a reference.
        Webhook = "webhook",
        /// Every sink.
        All = "all",
    }

    /// `OTP_NOTIFY_USERS`.
    pub(super) enum Notices { Off = "off", Lockout = "lockout" }

    /// `OTP_HASH`, whose costs are read apart.
    pub(super) enum HashName { Argon2id = "argon2id", Hmac = "hmac" }
}

impl Word for Durability {
    const WORDS: &'static [(&'static str, Self)] =
        &[("none", Self::None), ("replica", Self::Replica), ("fsync", Self::Fsync)];
}

impl Word for Mode {
    const WORDS: &'static [(&'static str, Self)] = &Self::ALL;
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
