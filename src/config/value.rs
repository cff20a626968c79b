//! Reading one value that is no secret, by its type and the bounds of its row, and showing it again.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use lettre::message::Mailbox;
use rustls::pki_types::ServerName;

use serde_json::Value as Json;

use super::texts;
use crate::{
    policy::{Prefixes, Quota},
    risk::geo::Allowed,
};

/// Scripts carry lengths of time as unsigned 32-bit milliseconds (49.7 days): 40 days leave room for sums.
pub(super) const LONGEST: Duration = Duration::from_secs(40 * 86_400);

/// What a value must be beyond its type. Bounds are inclusive.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// A whole number, or how many a quota has.
    Number { min: u64, max: u64 },
    /// A number with a fraction.
    Factor { min: f64, max: f64 },
    /// A length of time; a bare number has this unit, which is named by its suffix.
    Span { unit: &'static str, min: Duration, max: Duration },
    /// A text that fits, which is what is wanted.
    Text { fits: fn(&str) -> bool, wanted: &'static str },
    /// Never printed, and also read from the file that `<name>_FILE` names.
    Secret,
    /// Whatever its type takes.
    Any,
}

/// A type that variables have.
pub(super) trait Value: Sized {
    /// Reads `text`; answers else with the rest of a sentence that begins with the variable's name.
    fn parse(kind: &Kind, text: &str) -> Result<Self, String>;

    /// What is shown of it, which could be set again; `text` is what it was read from.
    fn show(&self, text: &str) -> Json {
        text.into()
    }
}

/// Characters of a name or value that a mistake repeats.
const SHOWN: usize = 64;
const HOUR: Duration = Duration::from_secs(3_600);
/// Suffixes of a length of time with its milliseconds; `ms` before `s`, which it ends with.
const UNITS: [(&str, &str, u64); 5] = [
    ("ms", "milliseconds", 1),
    ("s", "seconds", 1_000),
    ("m", "minutes", 60_000),
    ("h", "hours", 3_600_000),
    ("d", "days", 86_400_000),
];

/// Makes foreign text fit for one line of a log: control characters escaped, long text cut.
pub(super) fn printable(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

pub(super) fn not(wanted: &str, text: &str) -> String {
    format!("must be {wanted}, not `{}`", printable(text))
}

/// Only digits: `str::parse` would also take a sign.
fn digits(text: &str) -> Option<u64> {
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// A length of time with its unit.
fn length(text: &str) -> Option<Duration> {
    let (number, ms) = UNITS.iter().find_map(|(suffix, _, ms)| Some((digits(text.strip_suffix(suffix)?)?, *ms)))?;
    number.checked_mul(ms).map(Duration::from_millis)
}

/// The shortest spelling that is read back.
pub(super) fn show_span(span: Duration) -> String {
    let millis = span.as_millis();
    let whole = |ms: u64| millis >= u128::from(ms) && millis.is_multiple_of(u128::from(ms));
    let fitting = UNITS.iter().rfind(|(.., ms)| whole(*ms));
    fitting.map_or_else(|| "0s".into(), |(suffix, .., ms)| format!("{}{suffix}", millis / u128::from(*ms)))
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
        let given = length(text).or_else(|| length(&format!("{text}{unit}"))).filter(|d| (min..=max).contains(d));
        given.ok_or_else(|| {
            let bare = UNITS.iter().find(|(suffix, ..)| *suffix == unit).map_or("", |(_, name, _)| name);
            not(&format!("from {} to {} (a bare number means {bare})", show_span(min), show_span(max)), text)
        })
    }

    fn show(&self, _: &str) -> Json {
        show_span(*self).into()
    }
}

/// `None` = off.
impl Value for Option<Quota> {
    fn parse(kind: &Kind, text: &str) -> Result<Self, String> {
        let wrong = || not("a quota: `5` (per hour), `5/10m` (up to 40d), `0` or `off`", text);
        if text.eq_ignore_ascii_case("off") {
            return Ok(None);
        }
        let (max, window) = match text.split_once('/') {
            None => (text, HOUR),
            Some((max, window)) => (max, length(window).ok_or_else(wrong)?),
        };
        if !(Duration::from_secs(1)..=LONGEST).contains(&window) {
            return Err(wrong());
        }
        let max = digits(max).and_then(|n| u32::try_from(n).ok()).ok_or_else(wrong)?;
        if let Kind::Number { max: most, .. } = *kind
            && u64::from(max) > most
        {
            return Err(format!("must be no more than {most}, not `{max}`"));
        }
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

impl Value for String {
    fn parse(kind: &Kind, text: &str) -> Result<Self, String> {
        match kind {
            Kind::Text { fits, wanted } if !fits(text) => Err(not(wanted, text)),
            _ => Ok(text.to_owned()),
        }
    }
}

/// Types with what reads them and what that takes.
macro_rules! parsed {
    ($($type:ty: $parse:expr, $wanted:literal;)+) => {
        $(impl Value for $type {
            fn parse(_: &Kind, text: &str) -> Result<Self, String> {
                let parse: fn(&str) -> Option<Self> = $parse;
                parse(text).ok_or_else(|| not($wanted, text))
            }
        })+
    };
}

parsed! {
    Prefixes: Self::parse, "prefixes such as `+49,+1,-+1876`, each once, or `*`";
    Mailbox: texts::mailbox, "a mail address, such as `Shop <no-reply@shop.example>`";
    ServerName<'static>: |text| Self::try_from(text.to_owned()).ok(), "the name or address in a certificate";
    SystemTime: texts::day, "a day such as `2027-03-01`";
    BTreeMap<String, String>: texts::services, "`VA…:purpose,…`, each sid VA and 32 hexadecimal digits, once";
    Vec<PathBuf>: |text| Some(texts::listed(text).map(PathBuf::from).collect()), "files with commas between";
    Allowed: texts::allowed, "networks such as `192.0.2.0/24,2001:db8::/32,AS64500`";
}
