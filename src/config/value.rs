//! Reading one value that is no secret, by its type and the bounds of its row, and showing it again.

use std::time::Duration;

use serde_json::Value as Json;

use super::{
    LogFormat, Preset, Sink, WhenFull,
    diagnostic::printable,
    load::HashName,
    table::LONGEST,
    variable::{
        Kind,
        Unit::{self, Days, Hours, Milliseconds, Minutes, Seconds},
    },
};
use crate::{policy::Quota, store::Durability};

/// A type that variables have.
pub(super) trait Value: Sized {
    /// Reads `text`; answers else with the rest of a sentence that begins with the variable's name.
    fn parse(kind: &Kind, text: &str) -> Result<Self, String>;

    /// What is shown of it, which could be set again; `text` is what it was read from.
    fn show(&self, text: &str) -> Json {
        text.into()
    }
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
    LogFormat { Text = "text", Json = "json" }
}

const HOUR: Duration = Duration::from_secs(3_600);
/// Suffixes of a length of time; `ms` before `s`, which it ends with.
const UNITS: [(&str, Unit, &str); 5] = [
    ("ms", Milliseconds, "milliseconds"),
    ("s", Seconds, "seconds"),
    ("m", Minutes, "minutes"),
    ("h", Hours, "hours"),
    ("d", Days, "days"),
];

impl Unit {
    fn millis(self) -> u64 {
        match self {
            Milliseconds => 1,
            Seconds => 1_000,
            Minutes => 60_000,
            Hours => 3_600_000,
            Days => 86_400_000,
        }
    }
}

pub(super) fn not(wanted: &str, text: &str) -> String {
    format!("must be {wanted}, not `{}`", printable(text))
}

/// Only digits: `str::parse` would also take a sign.
fn digits(text: &str) -> Option<u64> {
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// A length of time with its unit, or in `bare` if there is one for bare numbers.
fn length(text: &str, bare: Option<Unit>) -> Option<Duration> {
    let with_suffix = UNITS.iter().find_map(|(suffix, unit, _)| Some((digits(text.strip_suffix(suffix)?)?, *unit)));
    let (number, unit) = with_suffix.or_else(|| Some((digits(text)?, bare?)))?;
    number.checked_mul(unit.millis()).map(Duration::from_millis)
}

/// The shortest spelling that is read back.
pub(super) fn show_span(span: Duration) -> String {
    let millis = span.as_millis();
    let whole = |unit: u128| millis >= unit && millis.is_multiple_of(unit);
    let fitting =
        UNITS.iter().map(|(suffix, unit, _)| (suffix, u128::from(unit.millis()))).rfind(|(_, unit)| whole(*unit));
    fitting.map_or_else(|| "0s".into(), |(suffix, unit)| format!("{}{suffix}", millis / unit))
}

macro_rules! numbers {
    ($($type:ty)+) => {
        $(impl Value for $type {
            fn parse(kind: &Kind, text: &str) -> Result<Self, String> {
                let (min, max) = if let Kind::Number { min, max } = *kind { (min, max) } else { (0, u64::MAX) };
                let given = digits(text).filter(|n| (min..=max).contains(n)).and_then(|n| Self::try_from(n).ok());
                given.ok_or_else(|| not(&format!("a whole number from {min} to {max}"), text))
            }

            fn show(&self, _: &str) -> Json {
                (*self).into()
            }
        })+
    };
}

numbers! { u8 u16 u32 u64 usize }

impl Value for f64 {
    fn parse(kind: &Kind, text: &str) -> Result<Self, String> {
        let (min, max) = if let Kind::Factor { min, max } = *kind { (min, max) } else { (Self::MIN, Self::MAX) };
        let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let given = text.parse().ok().filter(|n: &Self| plain && (min..=max).contains(n));
        given.ok_or_else(|| not(&format!("a number from {min} to {max}"), text))
    }

    fn show(&self, _: &str) -> Json {
        (*self).into()
    }
}

impl Value for Duration {
    fn parse(kind: &Kind, text: &str) -> Result<Self, String> {
        let Kind::Span { unit, min, max } = *kind else { return Err("does not hold a length of time".into()) };
        let given = length(text, Some(unit)).filter(|d| (min..=max).contains(d));
        given.ok_or_else(|| {
            let bare = UNITS.iter().find(|(_, of, _)| *of == unit).map_or("", |(.., name)| name);
            not(&format!("from {} to {} (a bare number means {bare})", show_span(min), show_span(max)), text)
        })
    }

    fn show(&self, _: &str) -> Json {
        show_span(*self).into()
    }
}

/// `None` = off.
impl Value for Option<Quota> {
    fn parse(_: &Kind, text: &str) -> Result<Self, String> {
        let wrong = || not("a quota: `5` (per hour), `5/10m` (up to 40d), `0` or `off`", text);
        if text.eq_ignore_ascii_case("off") {
            return Ok(None);
        }
        let (max, window) = match text.split_once('/') {
            None => (text, HOUR),
            Some((max, window)) => (max, length(window, None).ok_or_else(wrong)?),
        };
        if !(Duration::from_secs(1)..=LONGEST).contains(&window) {
            return Err(wrong());
        }
        let max = digits(max).and_then(|n| u32::try_from(n).ok()).ok_or_else(wrong)?;
        Ok((max > 0).then_some(Quota { max, window }))
    }

    fn show(&self, _: &str) -> Json {
        self.map_or_else(|| "off".into(), |quota| format!("{}/{}", quota.max, show_span(quota.window)).into())
    }
}

impl Value for bool {
    fn parse(_: &Kind, text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Ok(true),
            "false" | "no" | "off" | "0" => Ok(false),
            _ => Err(not("`true` or `false`", text)),
        }
    }

    fn show(&self, _: &str) -> Json {
        (*self).into()
    }
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

impl Value for String {
    fn parse(kind: &Kind, text: &str) -> Result<Self, String> {
        let mut different: Vec<u8> = text.bytes().filter(u8::is_ascii_alphanumeric).collect();
        different.sort_unstable();
        different.dedup();
        let is_alphabet = (2..=64).contains(&text.len()) && different.len() == text.len();
        match kind {
            Kind::Alphabet if !is_alphabet => Err(not("2 to 64 different ASCII letters or digits", text)),
            Kind::Filter if tracing_subscriber::EnvFilter::try_new(text).is_err() => {
                Err(not("a log filter such as `info` or `info,otp_sidecar=debug`", text))
            }
            _ => Ok(text.to_owned()),
        }
    }
}
